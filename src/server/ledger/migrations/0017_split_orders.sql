-- Splits that were applied to open orders of a ticker of which nothing was held.

CREATE TABLE order_splits (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- The vendor's, of the split.
    id         TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
