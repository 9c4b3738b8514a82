-- Answers that people give about themselves for the statistics, each with its consent. Beside gender (see 0001) and as
-- apart from persons; only the officer's view reads them.
ALTER TABLE personal ADD COLUMN age TEXT CHECK (age IN ('29', '30', '40', '50', '60', 'N'));
ALTER TABLE personal ADD COLUMN area TEXT CHECK (area IN ('seat', 'plain', 'remote', 'N'));
ALTER TABLE personal ADD COLUMN indigenous TEXT CHECK (indigenous IN ('none', 'plain', 'mountain', 'new', 'N'));
ALTER TABLE personal ADD COLUMN disability TEXT CHECK (disability IN ('no', 'yes', 'N'));
-- From where: the person's own page, a signed form, a roster.
ALTER TABLE personal ADD COLUMN origin TEXT CHECK (origin IN ('self', 'form', 'roster'));
-- When consent was given, and to which version of the notice; empty for what a roster brought.
ALTER TABLE personal ADD COLUMN consent_ms INTEGER;
ALTER TABLE personal ADD COLUMN notice TEXT;
ALTER TABLE personal ADD COLUMN changed_ms INTEGER;

-- What people ask for about their own data, and what the officer decided.
CREATE TABLE data_requests (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id),
    kind TEXT NOT NULL CHECK (kind IN ('correct', 'answers', 'all')),
    wish TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    granted INTEGER,
    reply TEXT,
    decided_by TEXT,
    decided_ms INTEGER
) STRICT;
CREATE INDEX data_requests_person ON data_requests (person_id, at_ms);
