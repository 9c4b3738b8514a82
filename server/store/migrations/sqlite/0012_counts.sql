-- What gateways of ranges have counted in their run, as it was read last: it outlives a container that is made anew.
CREATE TABLE gateway_counts (
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    range_no INTEGER NOT NULL,
    counter TEXT NOT NULL,
    packets INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    read_ms INTEGER NOT NULL,
    PRIMARY KEY (exercise_id, range_no, counter)
) STRICT;
