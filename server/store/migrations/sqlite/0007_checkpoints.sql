-- Signed positions of ledgers.
CREATE TABLE checkpoints (
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    key TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (exercise_id, seq, key)
) STRICT, WITHOUT ROWID;
