-- What lets browsers and scripts of other machines in, as SHA-256 hashes: the keys themselves are kept nowhere.
CREATE TABLE access_keys (
    sequence      INTEGER PRIMARY KEY,
    hash          BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id    TEXT    NOT NULL REFERENCES accounts (id),
    -- A browser's cookie, or the token that a script sends.
    kind          TEXT    NOT NULL CHECK (kind IN ('browser', 'script')),
    created_at_ms INTEGER NOT NULL
) STRICT;
