-- Who is told of ledger entries. kinds is empty for all of them; a secret that was changed signs beside the new one for a while.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    exercise_id TEXT REFERENCES exercises (id),
    kinds TEXT NOT NULL,
    audience TEXT NOT NULL CHECK (audience IN ('public', 'staff')),
    secret TEXT NOT NULL,
    former TEXT,
    former_until_ms INTEGER,
    created_by TEXT NOT NULL REFERENCES accounts (id),
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

-- Up to where a ledger was looked through for a web hook.
CREATE TABLE webhook_places (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, exercise_id)
) STRICT;

CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    exercise_id TEXT NOT NULL REFERENCES exercises (id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    tries INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    next_ms INTEGER NOT NULL,
    status INTEGER,
    said TEXT NOT NULL,
    UNIQUE (webhook_id, exercise_id, seq)
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, next_ms);
