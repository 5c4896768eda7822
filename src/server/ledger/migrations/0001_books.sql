-- The books. Money is whole cents, quantities are millionths of a share, prices hundredths of a cent, instants Unix
-- milliseconds. Every row belongs to an account, so that there can be more than one some day.

CREATE TABLE accounts (
    id                    TEXT    NOT NULL PRIMARY KEY,
    initial_deposit_cents INTEGER NOT NULL,
    cash_cents            INTEGER NOT NULL CHECK (cash_cents >= 0),
    realized_pnl_cents    INTEGER NOT NULL,
    opened_at_ms          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE positions (
    account_id          TEXT    NOT NULL REFERENCES accounts (id),
    ticker              TEXT    NOT NULL,
    quantity_millionths INTEGER NOT NULL CHECK (quantity_millionths > 0),
    cost_basis_cents    INTEGER NOT NULL CHECK (cost_basis_cents >= 0),
    PRIMARY KEY (account_id, ticker)
) STRICT, WITHOUT ROWID;

-- The columns ending in _after are the account right after the trade: what an order that is sent again is answered.
CREATE TABLE trades (
    sequence                  INTEGER PRIMARY KEY,
    id                        TEXT    NOT NULL UNIQUE,
    account_id                TEXT    NOT NULL REFERENCES accounts (id),
    client_order_id           TEXT,
    ticker                    TEXT    NOT NULL,
    side                      TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    quantity_millionths       INTEGER NOT NULL CHECK (quantity_millionths > 0),
    price_units               INTEGER NOT NULL CHECK (price_units > 0),
    notional_cents            INTEGER NOT NULL,
    realized_pnl_cents        INTEGER NOT NULL,
    source                    TEXT    NOT NULL CHECK (source IN ('manual', 'copilot')),
    executed_at_ms            INTEGER NOT NULL,
    cash_cents_after          INTEGER NOT NULL,
    quantity_millionths_after INTEGER,
    cost_basis_cents_after    INTEGER,
    total_value_cents_after   INTEGER
) STRICT;

CREATE UNIQUE INDEX trades_by_client_order_id ON trades (account_id, client_order_id) WHERE client_order_id IS NOT NULL;
CREATE INDEX trades_by_account ON trades (account_id, sequence);

CREATE TABLE watchlist (
    account_id  TEXT    NOT NULL REFERENCES accounts (id),
    ticker      TEXT    NOT NULL,
    -- Where it stands in the list; tickers are appended.
    ordinal     INTEGER NOT NULL,
    added_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, ticker)
) STRICT, WITHOUT ROWID;
