-- On which node the ranges of an exercise stand. A placement is never changed into another one: a range that is built
-- again elsewhere has a further row with a higher epoch. left_ms is set when the node has answered that nothing of this
-- epoch is left on it.
CREATE TABLE placements (
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    epoch BIGINT NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    memory BIGINT NOT NULL,
    disk BIGINT NOT NULL,
    placed_ms BIGINT NOT NULL,
    left_ms BIGINT,
    PRIMARY KEY (exercise_id, epoch)
);
CREATE INDEX placements_open ON placements (left_ms);
INSERT INTO locks (name, turns) VALUES ('placements', 0);
