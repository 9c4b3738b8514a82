-- Ids are TEXT, times are milliseconds since 1970 UTC, yes/no is 0 or 1. STRICT makes a wrong type an error at the
-- write, as it is on the other engine. Same tables and columns as ../postgres; a test compares them.

CREATE TABLE locks (
    name TEXT NOT NULL PRIMARY KEY,
    turns INTEGER NOT NULL
) STRICT;
INSERT INTO locks (name, turns) VALUES ('accounts', 0), ('persons', 0), ('subnets', 0);

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE persons (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    staff_no TEXT NOT NULL UNIQUE,
    agency TEXT NOT NULL,
    search TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

-- Apart from persons, so that no list of people can bring it along by accident.
CREATE TABLE personal (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES persons (id),
    gender TEXT CHECK (gender IN ('M', 'F', 'O', 'N'))
) STRICT;

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'instructor', 'officer')),
    password_hash TEXT NOT NULL,
    must_change INTEGER NOT NULL,
    disabled INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE exercises (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    scenario_id TEXT NOT NULL,
    scenario_version INTEGER NOT NULL,
    bundle TEXT NOT NULL,
    pairs INTEGER NOT NULL,
    secret BLOB NOT NULL,
    place TEXT NOT NULL,
    starts_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL REFERENCES accounts (id),
    created_ms INTEGER NOT NULL,
    plan TEXT,
    desired TEXT NOT NULL CHECK (desired IN ('none', 'up', 'gone')),
    tag TEXT NOT NULL
) STRICT;
CREATE INDEX exercises_tag ON exercises (tag);

-- One tree, in the order in which it is written and read.
CREATE TABLE ledger (
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (exercise_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE seats (
    id TEXT NOT NULL PRIMARY KEY,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    team TEXT NOT NULL,
    number INTEGER NOT NULL,
    person_id TEXT NOT NULL REFERENCES persons (id),
    code_hash TEXT,
    code_used_ms INTEGER,
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX seats_person ON seats (exercise_id, person_id) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX seats_number ON seats (exercise_id, team, number) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX seats_code ON seats (code_hash);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT REFERENCES accounts (id),
    seat_id TEXT REFERENCES seats (id),
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER,
    CHECK ((account_id IS NULL) <> (seat_id IS NULL))
) STRICT;
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_seat ON sessions (seat_id);

CREATE TABLE presence (
    id TEXT NOT NULL PRIMARY KEY,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    seat_id TEXT NOT NULL REFERENCES seats (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX presence_exercise ON presence (exercise_id, start_ms);
CREATE INDEX presence_seat ON presence (seat_id, end_ms);

CREATE TABLE signs (
    id TEXT NOT NULL PRIMARY KEY,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    from_ms INTEGER NOT NULL,
    to_ms INTEGER,
    reason TEXT NOT NULL,
    by_account TEXT NOT NULL REFERENCES accounts (id),
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;
CREATE INDEX signs_exercise ON signs (exercise_id, from_ms);

CREATE TABLE subnets (
    cidr TEXT NOT NULL PRIMARY KEY,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    range_no INTEGER NOT NULL,
    zone_no INTEGER NOT NULL,
    claimed_ms INTEGER NOT NULL,
    UNIQUE (exercise_id, range_no, zone_no)
) STRICT;

CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    range_no INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    host TEXT NOT NULL,
    kind TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX events_time ON events (exercise_id, range_no, at_ms, id);

-- What each event really was; one may belong to several actions. Apart from events, so that no list of events can
-- bring it along.
CREATE TABLE event_truth (
    event_id TEXT NOT NULL REFERENCES events (id),
    label TEXT NOT NULL,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    PRIMARY KEY (event_id, label)
) STRICT;
CREATE INDEX event_truth_exercise ON event_truth (exercise_id);

-- No reference to accounts: an audit line must be writable whoever it names.
CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    account_id TEXT,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_time ON audit (at_ms, id);
CREATE INDEX audit_what ON audit (what, at_ms, id);
