-- Personal tokens. The token itself is nowhere: hash is the SHA-256 of it, hint its first characters.
CREATE TABLE tokens (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id TEXT COLLATE "C" REFERENCES accounts (id),
    seat_id TEXT COLLATE "C" REFERENCES seats (id),
    name TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    hint TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT,
    revoked_ms BIGINT,
    CHECK ((account_id IS NULL) <> (seat_id IS NULL))
);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_seat ON tokens (seat_id);

-- Requests that make something and may be sent again: what was asked, and what was answered once it is known.
CREATE TABLE repeats (
    owner TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    request TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    status BIGINT,
    answer TEXT COLLATE "C",
    PRIMARY KEY (owner, key)
);
CREATE INDEX repeats_time ON repeats (at_ms);
