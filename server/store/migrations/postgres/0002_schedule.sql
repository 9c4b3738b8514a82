-- When the ranges of an exercise are to be built, and until when they may live. Without a row, or where a column is
-- empty: by hand, and until the planned end and some grace.
CREATE TABLE schedules (
    exercise_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES exercises (id),
    launch_ms BIGINT,
    launch_by TEXT COLLATE "C",
    deadline_ms BIGINT,
    deadline_by TEXT COLLATE "C"
);
