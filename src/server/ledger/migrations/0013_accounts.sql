-- Which words a column may hold is for the program's types to say: lists of them leave the schema, so that a new word needs
-- no new table. And an action of a reply names its account, as every other row does.
--
-- Each table is built anew, filled and renamed, with foreign keys turned off: https://sqlite.org/lang_altertable.html.

CREATE TABLE new_accounts (
    id                          TEXT    NOT NULL PRIMARY KEY,
    initial_deposit_cents       INTEGER NOT NULL,
    cash_cents                  INTEGER NOT NULL CHECK (cash_cents >= 0),
    realized_pnl_cents          INTEGER NOT NULL,
    -- Dividends received since the account was opened or last reset.
    income_cents                INTEGER NOT NULL DEFAULT 0,
    -- The highest value since then, of all that were recorded.
    high_water_mark_cents       INTEGER,
    opened_at_ms                INTEGER NOT NULL,
    -- The last trade before the latest reset.
    reset_after_sequence        INTEGER NOT NULL DEFAULT 0,
    -- What the copilot may do by itself: advise, propose or auto.
    autonomy                    TEXT    NOT NULL DEFAULT 'auto',
    -- The last message before the conversation was last cleared.
    chat_cleared_after_sequence INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO new_accounts (id, initial_deposit_cents, cash_cents, realized_pnl_cents, income_cents,
        high_water_mark_cents, opened_at_ms, reset_after_sequence, autonomy, chat_cleared_after_sequence)
    SELECT id, initial_deposit_cents, cash_cents, realized_pnl_cents, income_cents,
        high_water_mark_cents, opened_at_ms, reset_after_sequence, autonomy, chat_cleared_after_sequence
    FROM accounts;
DROP TABLE accounts;
ALTER TABLE new_accounts RENAME TO accounts;

-- The columns ending in _after are the account right after the trade: what an order that is sent again is answered.
CREATE TABLE new_trades (
    sequence                  INTEGER PRIMARY KEY,
    id                        TEXT    NOT NULL UNIQUE,
    account_id                TEXT    NOT NULL REFERENCES accounts (id),
    client_order_id           TEXT,
    ticker                    TEXT    NOT NULL,
    side                      TEXT    NOT NULL,
    quantity_millionths       INTEGER NOT NULL CHECK (quantity_millionths > 0),
    price_units               INTEGER NOT NULL CHECK (price_units > 0),
    notional_cents            INTEGER NOT NULL,
    realized_pnl_cents        INTEGER NOT NULL,
    source                    TEXT    NOT NULL,
    executed_at_ms            INTEGER NOT NULL,
    cash_cents_after          INTEGER NOT NULL,
    quantity_millionths_after INTEGER,
    cost_basis_cents_after    INTEGER,
    total_value_cents_after   INTEGER,
    -- A row that is no order, but sets the books right, and how.
    correction                TEXT,
    -- The close of the trading day before, which the day's P&L of what was sold whole is measured from.
    previous_close_units      INTEGER
) STRICT;

INSERT INTO new_trades (sequence, id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
        notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after, quantity_millionths_after,
        cost_basis_cents_after, total_value_cents_after, correction, previous_close_units)
    SELECT sequence, id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
        notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after, quantity_millionths_after,
        cost_basis_cents_after, total_value_cents_after, correction, previous_close_units
    FROM trades ORDER BY sequence;
DROP TABLE trades;
ALTER TABLE new_trades RENAME TO trades;

CREATE UNIQUE INDEX trades_by_client_order_id ON trades (account_id, client_order_id) WHERE client_order_id IS NOT NULL;
CREATE INDEX trades_by_account ON trades (account_id, sequence);
-- What the copilot traded lately, for its limit a minute.
CREATE INDEX trades_by_copilot ON trades (account_id, executed_at_ms) WHERE source = 'copilot';
-- Realised P&L, ticker by ticker, is read from this index alone.
CREATE INDEX trades_realized ON trades (account_id, ticker, sequence, notional_cents, realized_pnl_cents)
    WHERE side = 'sell';
-- A ticker's own trades, however many others there are: purchases here, sales in trades_realized.
CREATE INDEX trades_bought ON trades (account_id, ticker, sequence) WHERE side = 'buy';

-- A person's messages, and the replies; a message without a reply is being answered, or was when the program ended.
CREATE TABLE new_chat_messages (
    sequence          INTEGER PRIMARY KEY,
    id                TEXT    NOT NULL UNIQUE,
    account_id        TEXT    NOT NULL REFERENCES accounts (id),
    role              TEXT    NOT NULL,
    message           TEXT    NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    -- Of a person's message: what its sender names it by.
    client_message_id TEXT,
    -- Of a reply: the message that it answers…
    in_reply_to       TEXT    UNIQUE REFERENCES new_chat_messages (id),
    -- …the error's code when there was none…
    failure           TEXT,
    -- …and where it came from, with what the model wrote, as it was received.
    model             TEXT,
    latency_ms        INTEGER,
    prompt_tokens     INTEGER,
    completion_tokens INTEGER,
    raw_reply         TEXT,
    -- Actions of a reply that are none, as a JSON list.
    misread_actions   TEXT
) STRICT;

INSERT INTO new_chat_messages (sequence, id, account_id, role, message, created_at_ms, client_message_id, in_reply_to,
        failure, model, latency_ms, prompt_tokens, completion_tokens, raw_reply, misread_actions)
    SELECT sequence, id, account_id, role, message, created_at_ms, client_message_id, in_reply_to,
        failure, model, latency_ms, prompt_tokens, completion_tokens, raw_reply, misread_actions
    FROM chat_messages ORDER BY sequence;

-- What a reply asked for, in the order it runs, and what became of it.
CREATE TABLE new_chat_actions (
    id                  TEXT    NOT NULL PRIMARY KEY,
    account_id          TEXT    NOT NULL REFERENCES accounts (id),
    message_id          TEXT    NOT NULL REFERENCES chat_messages (id),
    ordinal             INTEGER NOT NULL,
    kind                TEXT    NOT NULL,
    ticker              TEXT    NOT NULL,
    -- Of a trade.
    quantity_millionths INTEGER CHECK (quantity_millionths > 0),
    status              TEXT    NOT NULL,
    -- What a trade was executed at, or was about to be when it was proposed.
    price_units         INTEGER,
    -- Why it was rejected or has lapsed.
    error               TEXT,
    trade_id            TEXT REFERENCES trades (id),
    decided_at_ms       INTEGER NOT NULL,
    -- What a proposed trade would cost or bring, and the cash that would be left.
    notional_cents      INTEGER,
    cash_cents_after    INTEGER,
    UNIQUE (message_id, ordinal)
) STRICT, WITHOUT ROWID;

INSERT INTO new_chat_actions (id, account_id, message_id, ordinal, kind, ticker, quantity_millionths, status,
        price_units, error, trade_id, decided_at_ms, notional_cents, cash_cents_after)
    SELECT chat_actions.id, chat_messages.account_id, message_id, ordinal, kind, ticker, quantity_millionths, status,
        price_units, error, trade_id, decided_at_ms, notional_cents, cash_cents_after
    FROM chat_actions JOIN chat_messages ON chat_messages.id = chat_actions.message_id;

DROP TABLE chat_actions;
DROP TABLE chat_messages;
ALTER TABLE new_chat_messages RENAME TO chat_messages;
ALTER TABLE new_chat_actions RENAME TO chat_actions;

CREATE INDEX chat_messages_by_account ON chat_messages (account_id, sequence);
CREATE UNIQUE INDEX chat_messages_by_client_message_id
    ON chat_messages (account_id, client_message_id) WHERE client_message_id IS NOT NULL;
-- Those that the end of the program cut off, if there are any.
CREATE INDEX chat_actions_pending ON chat_actions (account_id, message_id) WHERE status = 'pending';

-- Splits and cash dividends, and what each did to an account: at most once, and never undone. Dates are the exchange's
-- (2026-11-30), amounts a share billionths of a dollar.
CREATE TABLE new_corporate_actions (
    sequence                   INTEGER PRIMARY KEY,
    account_id                 TEXT    NOT NULL REFERENCES accounts (id),
    -- The vendor's.
    id                         TEXT    NOT NULL,
    kind                       TEXT    NOT NULL,
    ticker                     TEXT    NOT NULL,
    ex_date                    TEXT    NOT NULL,
    -- Of a dividend.
    pay_date                   TEXT,
    amount_billionths          INTEGER CHECK (amount_billionths > 0),
    -- Of a split: so many millionths of a share become so many.
    split_from_millionths      INTEGER CHECK (split_from_millionths > 0),
    split_to_millionths        INTEGER CHECK (split_to_millionths > 0),
    -- What was held when the ex-date began, and, of a split, what came of it.
    quantity_millionths        INTEGER NOT NULL CHECK (quantity_millionths > 0),
    quantity_millionths_after  INTEGER CHECK (quantity_millionths_after > 0),
    -- What a share traded at when the split was applied, where that was known.
    price_units                INTEGER,
    -- What a dividend comes to.
    cash_cents                 INTEGER,
    -- A dividend is owed from its ex-date on, and applied on its pay date, unless the account starts over before.
    status                     TEXT    NOT NULL,
    recorded_at_ms             INTEGER NOT NULL,
    applied_at_ms              INTEGER,
    UNIQUE (account_id, kind, id)
) STRICT;

INSERT INTO new_corporate_actions (sequence, account_id, id, kind, ticker, ex_date, pay_date, amount_billionths,
        split_from_millionths, split_to_millionths, quantity_millionths, quantity_millionths_after, price_units,
        cash_cents, status, recorded_at_ms, applied_at_ms)
    SELECT sequence, account_id, id, kind, ticker, ex_date, pay_date, amount_billionths,
        split_from_millionths, split_to_millionths, quantity_millionths, quantity_millionths_after, price_units,
        cash_cents, status, recorded_at_ms, applied_at_ms
    FROM corporate_actions ORDER BY sequence;
DROP TABLE corporate_actions;
ALTER TABLE new_corporate_actions RENAME TO corporate_actions;

CREATE INDEX corporate_actions_owed ON corporate_actions (account_id, pay_date) WHERE status = 'owed';

-- What lets browsers and scripts of other machines in, as SHA-256 hashes: the keys themselves are kept nowhere.
CREATE TABLE new_access_keys (
    sequence      INTEGER PRIMARY KEY,
    hash          BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id    TEXT    NOT NULL REFERENCES accounts (id),
    -- A browser's cookie, or the token that a script sends.
    kind          TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

INSERT INTO new_access_keys (sequence, hash, account_id, kind, created_at_ms)
    SELECT sequence, hash, account_id, kind, created_at_ms FROM access_keys ORDER BY sequence;
DROP TABLE access_keys;
ALTER TABLE new_access_keys RENAME TO access_keys;
