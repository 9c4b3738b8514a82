-- On which node the ranges of an exercise stand. A placement is never changed into another one: a range that is built
-- again elsewhere has a further row with a higher epoch. left_ms is set when the node has answered that nothing of this
-- epoch is left on it.
CREATE TABLE placements (
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    epoch INTEGER NOT NULL,
    node TEXT NOT NULL,
    memory INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    placed_ms INTEGER NOT NULL,
    left_ms INTEGER,
    PRIMARY KEY (exercise_id, epoch)
) STRICT;
CREATE INDEX placements_open ON placements (left_ms);
INSERT INTO locks (name, turns) VALUES ('placements', 0);
