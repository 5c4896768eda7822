-- Orders that wait. All orders of one request are a group: its leader, and up to two legs. A group is read into the books
-- while any of its orders is open. A fill of an order is a trade, with the order's id.

CREATE TABLE orders (
    sequence              INTEGER PRIMARY KEY,
    id                    TEXT    NOT NULL UNIQUE,
    account_id            TEXT    NOT NULL REFERENCES accounts (id),
    -- The leader of its group; its own id, of a leader.
    leader_id             TEXT    NOT NULL,
    -- Any order of the group is open.
    group_is_open         INTEGER NOT NULL,
    role                  TEXT    NOT NULL,
    class                 TEXT    NOT NULL,
    client_order_id       TEXT,
    ticker                TEXT    NOT NULL,
    side                  TEXT    NOT NULL,
    type                  TEXT    NOT NULL,
    limit_units           INTEGER CHECK (limit_units > 0),
    stop_units            INTEGER CHECK (stop_units > 0),
    -- Of a trailing stop: dollars, or ten-thousandths of a percent.
    trail_units           INTEGER CHECK (trail_units > 0),
    trail_percent_count   INTEGER CHECK (trail_percent_count > 0),
    -- Shares or dollars.
    quantity_millionths   INTEGER CHECK (quantity_millionths > 0),
    notional_cents        INTEGER CHECK (notional_cents > 0),
    -- What was filled, if anything was. The value is Σ quantity × price in units of 10⁻¹⁰ dollars, which outgrows an integer.
    filled_millionths     INTEGER CHECK (filled_millionths > 0),
    filled_value          TEXT,
    filled_notional_cents INTEGER,
    commission_cents      INTEGER,
    fills                 INTEGER,
    time_in_force         TEXT    NOT NULL,
    expires_at_ms         INTEGER,
    extended_hours        INTEGER NOT NULL,
    status                TEXT    NOT NULL,
    -- Why it was cancelled or rejected.
    reason                TEXT,
    elected_at_ms         INTEGER,
    -- Of a trailing stop: the best price when it began to work, or was last changed. What came since is in trail_marks.
    mark_units            INTEGER,
    hold_price_units      INTEGER,
    held_cents            INTEGER NOT NULL,
    held_millionths       INTEGER,
    -- A JSON object.
    condition             TEXT,
    revision              INTEGER NOT NULL,
    source                TEXT    NOT NULL,
    created_at_ms         INTEGER NOT NULL,
    updated_at_ms         INTEGER NOT NULL,
    working_at_ms         INTEGER
) STRICT;

CREATE INDEX orders_of_group ON orders (leader_id);
CREATE INDEX orders_open ON orders (account_id, leader_id) WHERE group_is_open = 1;
CREATE INDEX orders_by_account ON orders (account_id, sequence) WHERE role = 'leader';

-- What the senders of orders and of changes to them call these, and what was asked for as JSON, so that one that is sent
-- again is answered as it was.
CREATE TABLE order_names (
    account_id      TEXT NOT NULL REFERENCES accounts (id),
    client_order_id TEXT NOT NULL,
    order_id        TEXT NOT NULL REFERENCES orders (id),
    request         TEXT NOT NULL,
    PRIMARY KEY (account_id, client_order_id)
) STRICT, WITHOUT ROWID;

-- The best prices that trailing stops have seen which began to work from a moment on, up to the next row's. They are the
-- market's, and so shared by all accounts.
CREATE TABLE trail_marks (
    ticker      TEXT    NOT NULL,
    side        TEXT    NOT NULL,
    since_ms    INTEGER NOT NULL,
    mark_units  INTEGER NOT NULL CHECK (mark_units > 0),
    saved_at_ms INTEGER NOT NULL,
    PRIMARY KEY (ticker, side, since_ms)
) STRICT, WITHOUT ROWID;

-- Of a trade that filled an order: which one, and the number of that fill, from 1.
ALTER TABLE trades ADD COLUMN order_id TEXT REFERENCES orders (id);
ALTER TABLE trades ADD COLUMN fill_number INTEGER;
-- Charged beside the notional.
ALTER TABLE trades ADD COLUMN commission_cents INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX trades_by_order ON trades (order_id, fill_number) WHERE order_id IS NOT NULL;
