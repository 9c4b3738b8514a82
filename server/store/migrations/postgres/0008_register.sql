-- The register: more of each person, agencies, and what became of each row. Who leaves is marked, not removed: seats,
-- presence and sign-in sheets go on naming them.
ALTER TABLE persons ADD COLUMN grade TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE persons ADD COLUMN identity TEXT COLLATE "C" CHECK (identity IN ('civil', 'contract', 'vendor', 'engineer', 'student'));
ALTER TABLE persons ADD COLUMN removed_ms BIGINT;
-- The person that this row was found to be; the row stays as it was, so that the finding can be taken back.
ALTER TABLE persons ADD COLUMN merged_into TEXT COLLATE "C" REFERENCES persons (id);
CREATE INDEX persons_agency ON persons (agency, name);
CREATE INDEX persons_merged ON persons (merged_into);
CREATE INDEX seats_of_person ON seats (person_id);
CREATE INDEX presence_of_person ON presence (person_id, end_ms);
CREATE INDEX signs_of_person ON signs (person_id, from_ms);

-- One address may belong to several people (an office's own), and one person may have several.
CREATE TABLE person_emails (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    email TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (person_id, email)
);
CREATE INDEX person_emails_email ON person_emails (email);

-- What was done with a person's row, with the values before and after. Never a personal answer.
CREATE TABLE person_changes (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    at_ms BIGINT NOT NULL,
    by_account TEXT COLLATE "C",
    act TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX person_changes_person ON person_changes (person_id, at_ms, id);

CREATE TABLE agencies (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" CHECK (level IN ('A', 'B', 'C', 'D', 'E')),
    area TEXT COLLATE "C" CHECK (area IN ('seat', 'plain', 'remote')),
    county TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL,
    removed_ms BIGINT
);
CREATE UNIQUE INDEX agencies_name ON agencies (name) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX agencies_code ON agencies (code) WHERE removed_ms IS NULL AND code <> '';

-- Two rows that a human found to be one person, and the findings that were taken back.
CREATE TABLE merges (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    into_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    reason TEXT COLLATE "C" NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    undone_reason TEXT COLLATE "C",
    undone_by TEXT COLLATE "C",
    undone_ms BIGINT
);
CREATE INDEX merges_into ON merges (into_id);
CREATE UNIQUE INDEX merges_person ON merges (person_id) WHERE undone_ms IS NULL;

-- Pairs that look like one person and that a human found to be two: not proposed again. The smaller id stands first.
CREATE TABLE distinct_persons (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    other_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (person_id, other_id)
);
