-- Personal tokens. The token itself is nowhere: hash is the SHA-256 of it, hint its first characters.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT REFERENCES accounts (id),
    seat_id TEXT REFERENCES seats (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER,
    revoked_ms INTEGER,
    CHECK ((account_id IS NULL) <> (seat_id IS NULL))
) STRICT;
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_seat ON tokens (seat_id);

-- Requests that make something and may be sent again: what was asked, and what was answered once it is known.
CREATE TABLE repeats (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    status INTEGER,
    answer TEXT,
    PRIMARY KEY (owner, key)
) STRICT;
CREATE INDEX repeats_time ON repeats (at_ms);
