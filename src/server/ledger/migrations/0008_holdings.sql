-- What a holding was last worth a share, for the time when its market has no price any more: a ticker that was delisted or
-- renamed. Written with each trade, at most once a minute, and at the end of the program.
ALTER TABLE positions ADD COLUMN last_price_units INTEGER CHECK (last_price_units > 0);
ALTER TABLE positions ADD COLUMN last_price_at_ms INTEGER;

UPDATE positions SET last_price_units = latest.price_units, last_price_at_ms = latest.executed_at_ms
FROM (
    SELECT trades.* FROM trades
    JOIN (SELECT MAX(sequence) AS sequence FROM trades GROUP BY account_id, ticker) AS newest
      ON newest.sequence = trades.sequence
) AS latest
WHERE latest.account_id = positions.account_id AND latest.ticker = positions.ticker;

-- A row that is no order, but sets the books right, and how.
ALTER TABLE trades ADD COLUMN correction TEXT CHECK (correction IN ('write_off'));

-- Dividends received since the account was opened or last reset.
ALTER TABLE accounts ADD COLUMN income_cents INTEGER NOT NULL DEFAULT 0;

-- Splits and cash dividends, and what each did to an account: at most once, and never undone. Dates are the exchange's
-- (2026-11-30), amounts a share billionths of a dollar.
CREATE TABLE corporate_actions (
    sequence                   INTEGER PRIMARY KEY,
    account_id                 TEXT    NOT NULL REFERENCES accounts (id),
    -- The vendor's.
    id                         TEXT    NOT NULL,
    kind                       TEXT    NOT NULL CHECK (kind IN ('split', 'dividend')),
    ticker                     TEXT    NOT NULL,
    ex_date                    TEXT    NOT NULL,
    -- Of a dividend.
    pay_date                   TEXT,
    amount_billionths          INTEGER CHECK ((amount_billionths > 0) = (kind = 'dividend')),
    -- Of a split: so many millionths of a share become so many.
    split_from_millionths      INTEGER CHECK ((split_from_millionths > 0) = (kind = 'split')),
    split_to_millionths        INTEGER CHECK ((split_to_millionths > 0) = (kind = 'split')),
    -- What was held when the ex-date began, and, of a split, what came of it.
    quantity_millionths        INTEGER NOT NULL CHECK (quantity_millionths > 0),
    quantity_millionths_after  INTEGER CHECK ((quantity_millionths_after > 0) = (kind = 'split')),
    -- What a share traded at when the split was applied, where that was known.
    price_units                INTEGER,
    -- What a dividend comes to.
    cash_cents                 INTEGER CHECK ((cash_cents IS NULL) = (kind = 'split')),
    -- A dividend is owed from its ex-date on, and applied on its pay date, unless the account starts over before.
    status                     TEXT    NOT NULL CHECK (status IN ('owed', 'applied', 'lapsed')),
    recorded_at_ms             INTEGER NOT NULL,
    applied_at_ms              INTEGER,
    UNIQUE (account_id, kind, id)
) STRICT;

CREATE INDEX corporate_actions_owed ON corporate_actions (account_id, pay_date) WHERE status = 'owed';
