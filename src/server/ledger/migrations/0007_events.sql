-- The account's events: what changed, in the order of the changes, written in the transaction of each change. Every change
-- has a number; one row may stand for several changes of the same thing, under the number of the last. Older rows are
-- deleted, never the latest.
CREATE TABLE events (
    account_id TEXT    NOT NULL REFERENCES accounts (id),
    sequence   INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    -- What a later event of the same kind and topic stands for as well.
    topic      TEXT    NOT NULL,
    -- A JSON object, as readers are told it.
    data       TEXT    NOT NULL,
    PRIMARY KEY (account_id, sequence)
) STRICT, WITHOUT ROWID;
