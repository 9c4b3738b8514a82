-- What the programme asks for, who owes which hours, what red teams found, and the texts that go with the tables. Targets
-- and duty rules hold from a year on; a later one of the same item takes over.
ALTER TABLE persons ADD COLUMN duty TEXT CHECK (duty IN ('dedicated', 'it', 'user'));

CREATE TABLE targets (
    id TEXT NOT NULL PRIMARY KEY,
    item TEXT NOT NULL,
    title TEXT NOT NULL,
    county TEXT NOT NULL,
    from_year INTEGER NOT NULL,
    until_year INTEGER,
    measure TEXT NOT NULL,
    value INTEGER NOT NULL,
    -- The other half of a target that may be reached in either of two ways.
    or_measure TEXT,
    or_value INTEGER,
    evidence TEXT NOT NULL,
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

CREATE TABLE target_claims (
    target_id TEXT NOT NULL REFERENCES targets (id),
    year INTEGER NOT NULL,
    -- The second half is claimed.
    second INTEGER NOT NULL,
    -- What the register does not count.
    by_hand INTEGER,
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, year)
) STRICT;

CREATE TABLE duty_rules (
    id TEXT NOT NULL PRIMARY KEY,
    class TEXT NOT NULL CHECK (class IN ('dedicated', 'it', 'user')),
    -- Letters, such as ABC.
    levels TEXT NOT NULL,
    from_year INTEGER NOT NULL,
    professional INTEGER NOT NULL,
    years INTEGER NOT NULL CHECK (years IN (1, 2)),
    general INTEGER NOT NULL,
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

CREATE TABLE findings (
    id TEXT NOT NULL PRIMARY KEY,
    year INTEGER NOT NULL,
    number TEXT NOT NULL,
    system TEXT NOT NULL,
    weakness TEXT NOT NULL,
    -- In tenths.
    cvss INTEGER NOT NULL CHECK (cvss BETWEEN 0 AND 100),
    first_ms INTEGER NOT NULL,
    repair TEXT NOT NULL,
    repaired_ms INTEGER,
    retest_ms INTEGER,
    result TEXT NOT NULL CHECK (result IN ('repaired', 'partly', 'open', 'accepted')),
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX findings_number ON findings (year, number) WHERE removed_ms IS NULL;

-- 原因及改善作法 and 性別分析.
CREATE TABLE record_texts (
    year INTEGER NOT NULL,
    key TEXT NOT NULL,
    words TEXT NOT NULL,
    by_account TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (year, key)
) STRICT;
