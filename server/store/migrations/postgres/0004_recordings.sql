-- Recordings of terminals. The bytes lie in files of the data folder; size and hash are set when a terminal has ended.
CREATE TABLE recordings (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    seat_id TEXT COLLATE "C" NOT NULL REFERENCES seats (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    team TEXT COLLATE "C" NOT NULL,
    seat_no BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    length_ms BIGINT,
    bytes BIGINT,
    sha256 TEXT COLLATE "C",
    skipped BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    removed_ms BIGINT
);
CREATE INDEX recordings_exercise ON recordings (exercise_id, started_ms, id);
