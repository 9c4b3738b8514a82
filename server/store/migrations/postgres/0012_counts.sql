-- What gateways of ranges have counted in their run, as it was read last: it outlives a container that is made anew.
CREATE TABLE gateway_counts (
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    range_no BIGINT NOT NULL,
    counter TEXT COLLATE "C" NOT NULL,
    packets BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    read_ms BIGINT NOT NULL,
    PRIMARY KEY (exercise_id, range_no, counter)
);
