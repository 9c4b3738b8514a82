-- What the programme asks for, who owes which hours, what red teams found, and the texts that go with the tables. Targets
-- and duty rules hold from a year on; a later one of the same item takes over.
ALTER TABLE persons ADD COLUMN duty TEXT COLLATE "C" CHECK (duty IN ('dedicated', 'it', 'user'));

CREATE TABLE targets (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    item TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    county TEXT COLLATE "C" NOT NULL,
    from_year BIGINT NOT NULL,
    until_year BIGINT,
    measure TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    -- The other half of a target that may be reached in either of two ways.
    or_measure TEXT COLLATE "C",
    or_value BIGINT,
    evidence TEXT COLLATE "C" NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT
);

CREATE TABLE target_claims (
    target_id TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    year BIGINT NOT NULL,
    -- The second half is claimed.
    second BIGINT NOT NULL,
    -- What the register does not count.
    by_hand BIGINT,
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (target_id, year)
);

CREATE TABLE duty_rules (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    class TEXT COLLATE "C" NOT NULL CHECK (class IN ('dedicated', 'it', 'user')),
    -- Letters, such as ABC.
    levels TEXT COLLATE "C" NOT NULL,
    from_year BIGINT NOT NULL,
    professional BIGINT NOT NULL,
    years BIGINT NOT NULL CHECK (years IN (1, 2)),
    general BIGINT NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT
);

CREATE TABLE findings (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    year BIGINT NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    system TEXT COLLATE "C" NOT NULL,
    weakness TEXT COLLATE "C" NOT NULL,
    -- In tenths.
    cvss BIGINT NOT NULL CHECK (cvss BETWEEN 0 AND 100),
    first_ms BIGINT NOT NULL,
    repair TEXT COLLATE "C" NOT NULL,
    repaired_ms BIGINT,
    retest_ms BIGINT,
    result TEXT COLLATE "C" NOT NULL CHECK (result IN ('repaired', 'partly', 'open', 'accepted')),
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT
);
CREATE UNIQUE INDEX findings_number ON findings (year, number) WHERE removed_ms IS NULL;

-- 原因及改善作法 and 性別分析.
CREATE TABLE record_texts (
    year BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (year, key)
);
