-- Answers that people give about themselves for the statistics, each with its consent. Beside gender (see 0001) and as
-- apart from persons; only the officer's view reads them.
ALTER TABLE personal ADD COLUMN age TEXT COLLATE "C" CHECK (age IN ('29', '30', '40', '50', '60', 'N'));
ALTER TABLE personal ADD COLUMN area TEXT COLLATE "C" CHECK (area IN ('seat', 'plain', 'remote', 'N'));
ALTER TABLE personal ADD COLUMN indigenous TEXT COLLATE "C" CHECK (indigenous IN ('none', 'plain', 'mountain', 'new', 'N'));
ALTER TABLE personal ADD COLUMN disability TEXT COLLATE "C" CHECK (disability IN ('no', 'yes', 'N'));
-- From where: the person's own page, a signed form, a roster.
ALTER TABLE personal ADD COLUMN origin TEXT COLLATE "C" CHECK (origin IN ('self', 'form', 'roster'));
-- When consent was given, and to which version of the notice; empty for what a roster brought.
ALTER TABLE personal ADD COLUMN consent_ms BIGINT;
ALTER TABLE personal ADD COLUMN notice TEXT COLLATE "C";
ALTER TABLE personal ADD COLUMN changed_ms BIGINT;

-- What people ask for about their own data, and what the officer decided.
CREATE TABLE data_requests (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('correct', 'answers', 'all')),
    wish TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    granted BIGINT,
    reply TEXT COLLATE "C",
    decided_by TEXT COLLATE "C",
    decided_ms BIGINT
);
CREATE INDEX data_requests_person ON data_requests (person_id, at_ms);
