-- The register: more of each person, agencies, and what became of each row. Who leaves is marked, not removed: seats,
-- presence and sign-in sheets go on naming them.
ALTER TABLE persons ADD COLUMN grade TEXT NOT NULL DEFAULT '';
ALTER TABLE persons ADD COLUMN identity TEXT CHECK (identity IN ('civil', 'contract', 'vendor', 'engineer', 'student'));
ALTER TABLE persons ADD COLUMN removed_ms INTEGER;
-- The person that this row was found to be; the row stays as it was, so that the finding can be taken back.
ALTER TABLE persons ADD COLUMN merged_into TEXT REFERENCES persons (id);
CREATE INDEX persons_agency ON persons (agency, name);
CREATE INDEX persons_merged ON persons (merged_into);
CREATE INDEX seats_of_person ON seats (person_id);
CREATE INDEX presence_of_person ON presence (person_id, end_ms);
CREATE INDEX signs_of_person ON signs (person_id, from_ms);

-- One address may belong to several people (an office's own), and one person may have several.
CREATE TABLE person_emails (
    person_id TEXT NOT NULL REFERENCES persons (id),
    email TEXT NOT NULL,
    PRIMARY KEY (person_id, email)
) STRICT;
CREATE INDEX person_emails_email ON person_emails (email);

-- What was done with a person's row, with the values before and after. Never a personal answer.
CREATE TABLE person_changes (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id),
    at_ms INTEGER NOT NULL,
    by_account TEXT,
    act TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX person_changes_person ON person_changes (person_id, at_ms, id);

CREATE TABLE agencies (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT CHECK (level IN ('A', 'B', 'C', 'D', 'E')),
    area TEXT CHECK (area IN ('seat', 'plain', 'remote')),
    county TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX agencies_name ON agencies (name) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX agencies_code ON agencies (code) WHERE removed_ms IS NULL AND code <> '';

-- Two rows that a human found to be one person, and the findings that were taken back.
CREATE TABLE merges (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id),
    into_id TEXT NOT NULL REFERENCES persons (id),
    reason TEXT NOT NULL,
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    undone_reason TEXT,
    undone_by TEXT,
    undone_ms INTEGER
) STRICT;
CREATE INDEX merges_into ON merges (into_id);
CREATE UNIQUE INDEX merges_person ON merges (person_id) WHERE undone_ms IS NULL;

-- Pairs that look like one person and that a human found to be two: not proposed again. The smaller id stands first.
CREATE TABLE distinct_persons (
    person_id TEXT NOT NULL REFERENCES persons (id),
    other_id TEXT NOT NULL REFERENCES persons (id),
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (person_id, other_id)
) STRICT;
