-- Who is told of ledger entries. kinds is empty for all of them; a secret that was changed signs beside the new one for a while.
CREATE TABLE webhooks (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    url TEXT COLLATE "C" NOT NULL,
    exercise_id TEXT COLLATE "C" REFERENCES exercises (id),
    kinds TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL CHECK (audience IN ('public', 'staff')),
    secret TEXT COLLATE "C" NOT NULL,
    former TEXT COLLATE "C",
    former_until_ms BIGINT,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    created_ms BIGINT NOT NULL,
    removed_ms BIGINT
);

-- Up to where a ledger was looked through for a web hook.
CREATE TABLE webhook_places (
    webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id),
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    seq BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, exercise_id)
);

CREATE TABLE webhook_deliveries (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id),
    exercise_id TEXT COLLATE "C" NOT NULL REFERENCES exercises (id),
    seq BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    tries BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    next_ms BIGINT NOT NULL,
    status BIGINT,
    said TEXT COLLATE "C" NOT NULL,
    UNIQUE (webhook_id, exercise_id, seq)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, next_ms);
