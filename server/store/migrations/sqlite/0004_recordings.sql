-- Recordings of terminals. The bytes lie in files of the data folder; size and hash are set when a terminal has ended.
CREATE TABLE recordings (
    id TEXT NOT NULL PRIMARY KEY,
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    seat_id TEXT NOT NULL REFERENCES seats (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    team TEXT NOT NULL,
    seat_no INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    length_ms INTEGER,
    bytes INTEGER,
    sha256 TEXT,
    skipped INTEGER NOT NULL,
    state TEXT NOT NULL,
    removed_ms INTEGER
) STRICT;
CREATE INDEX recordings_exercise ON recordings (exercise_id, started_ms, id);
