-- The equity curve, a row for each second that has a value; and what a reset leaves behind.

CREATE TABLE snapshots (
    account_id        TEXT    NOT NULL REFERENCES accounts (id),
    recorded_at_s     INTEGER NOT NULL,
    total_value_cents INTEGER NOT NULL,
    PRIMARY KEY (account_id, recorded_at_s)
) STRICT, WITHOUT ROWID;

-- The last trade before the latest reset. What came before it stays in the file, but is not part of the history.
ALTER TABLE accounts ADD COLUMN reset_after_sequence INTEGER NOT NULL DEFAULT 0;
