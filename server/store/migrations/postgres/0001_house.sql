-- Ids are TEXT, times are milliseconds since 1970 UTC, yes/no is 0 or 1. COLLATE "C" makes text sort and compare by its
-- bytes, as it does on the other engine. Same tables and columns as ../sqlite; a test compares them.

CREATE TABLE locks (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    turns BIGINT NOT NULL
);
INSERT INTO locks (name, turns) VALUES ('accounts', 0), ('persons', 0), ('subnets', 0);

CREATE TABLE settings (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE persons (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    staff_no TEXT COLLATE "C" NOT NULL UNIQUE,
    agency TEXT COLLATE "C" NOT NULL,
    search TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL
);

-- Apart from persons, so that no list of people can bring it along by accident.
CREATE TABLE personal (
    person_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES persons (id),
    gender TEXT COLLATE "C" CHECK (gender IN ('M', 'F', 'O', 'N'))
);

CREATE TABLE accounts (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    login TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('administrator', 'instructor', 'officer')),
    password_hash TEXT COLLATE "C" NOT NULL,
    must_change BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    epoch BIGINT NOT NULL
);

CREATE TABLE exercises (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    title TEXT COLLATE "C" NOT NULL,
    scenario_id TEXT COLLATE "C" NOT NULL,
    scenario_version BIGINT NOT NULL,
    bundle TEXT COLLATE "C" NOT NULL,
    pairs BIGINT NOT NULL,
    secret BYTEA NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    starts_ms BIGINT NOT NULL,
    ends_ms BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    created_ms BIGINT NOT NULL,
    plan TEXT COLLATE "C",
    desired TEXT COLLATE "C" NOT NULL CHECK (desired IN ('none', 'up', 'gone')),
    tag TEXT COLLATE "C" NOT NULL
);
CREATE INDEX exercises_tag ON exercises (tag);

CREATE TABLE ledger (
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    prev TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (exercise_id, seq)
);

CREATE TABLE seats (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    team TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    code_hash TEXT COLLATE "C",
    code_used_ms BIGINT,
    created_ms BIGINT NOT NULL,
    removed_ms BIGINT
);
CREATE UNIQUE INDEX seats_person ON seats (exercise_id, person_id) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX seats_number ON seats (exercise_id, team, number) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX seats_code ON seats (code_hash);

CREATE TABLE sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id TEXT COLLATE "C" REFERENCES accounts (id),
    seat_id TEXT COLLATE "C" REFERENCES seats (id),
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT,
    CHECK ((account_id IS NULL) <> (seat_id IS NULL))
);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_seat ON sessions (seat_id);

CREATE TABLE presence (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    seat_id TEXT COLLATE "C" NOT NULL REFERENCES seats (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL
);
CREATE INDEX presence_exercise ON presence (exercise_id, start_ms);
CREATE INDEX presence_seat ON presence (seat_id, end_ms);

CREATE TABLE signs (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    from_ms BIGINT NOT NULL,
    to_ms BIGINT,
    reason TEXT COLLATE "C" NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT
);
CREATE INDEX signs_exercise ON signs (exercise_id, from_ms);

CREATE TABLE subnets (
    cidr TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    range_no BIGINT NOT NULL,
    zone_no BIGINT NOT NULL,
    claimed_ms BIGINT NOT NULL,
    UNIQUE (exercise_id, range_no, zone_no)
);

CREATE TABLE events (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    range_no BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    fields TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_time ON events (exercise_id, range_no, at_ms, id);

-- What each event really was; one may belong to several actions. Apart from events, so that no list of events can
-- bring it along.
CREATE TABLE event_truth (
    event_id TEXT COLLATE "C" NOT NULL REFERENCES events (id),
    label TEXT COLLATE "C" NOT NULL,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    PRIMARY KEY (event_id, label)
);
CREATE INDEX event_truth_exercise ON event_truth (exercise_id);

-- No reference to accounts: an audit line must be writable whoever it names.
CREATE TABLE audit (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    account_id TEXT COLLATE "C",
    what TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_time ON audit (at_ms, id);
CREATE INDEX audit_what ON audit (what, at_ms, id);
