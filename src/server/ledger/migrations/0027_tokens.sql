-- Tokens that scripts and other programs send. The token itself is kept nowhere, its SHA-256 alone.
CREATE TABLE tokens (
    sequence        INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    account_id      TEXT    NOT NULL REFERENCES accounts (id),
    hash            BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    name            TEXT    NOT NULL,
    -- Scopes, separated by spaces.
    scopes          TEXT    NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    expires_at_ms   INTEGER,
    last_used_at_ms INTEGER
) STRICT;

CREATE INDEX tokens_by_account ON tokens (account_id, sequence);
