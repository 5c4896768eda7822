-- Deposits and withdrawals, and the account's days, which are kept for good.

ALTER TABLE accounts ADD COLUMN flows_cents INTEGER NOT NULL DEFAULT 0;

CREATE TABLE flows (
    sequence           INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT    NOT NULL UNIQUE,
    account_id         TEXT    NOT NULL REFERENCES accounts (id),
    client_flow_id     TEXT,
    -- Below 0 for a withdrawal.
    amount_cents       INTEGER NOT NULL CHECK (amount_cents <> 0),
    note               TEXT,
    value_cents_before INTEGER NOT NULL,
    cash_cents_after   INTEGER NOT NULL,
    recorded_at_ms     INTEGER NOT NULL,
    -- From before the latest reset: kept, so that a repeated request is recognised.
    is_past            INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account_id, client_flow_id)
);

-- A day up to its close or, while it is going on, up to the latest value. The counts are of what the close includes, since the
-- account was opened or last reset.
CREATE TABLE account_days (
    account_id   TEXT    NOT NULL REFERENCES accounts (id),
    -- The market's date, in days since 1970-01-01.
    date         INTEGER NOT NULL,
    low_cents    INTEGER NOT NULL,
    high_cents   INTEGER NOT NULL,
    cash_cents   INTEGER NOT NULL,
    -- A JSON array of [ticker, millionths of shares, cents].
    positions    TEXT    NOT NULL,
    trades       INTEGER NOT NULL,
    flows        INTEGER NOT NULL,
    dividends    INTEGER NOT NULL,
    closed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, date)
) WITHOUT ROWID;
