-- Signed positions of ledgers.
CREATE TABLE checkpoints (
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    seq BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    signature TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (exercise_id, seq, key)
);
