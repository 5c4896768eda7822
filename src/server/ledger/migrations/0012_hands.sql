-- A ticker's own trades, however many others there are: purchases here, sales in trades_realized.
CREATE INDEX trades_bought ON trades (account_id, ticker, sequence) WHERE side = 'buy';

-- What a proposed trade would cost or bring at the price that it was proposed at, and the cash that would be left; less than
-- nothing where it cannot be done.
ALTER TABLE chat_actions ADD COLUMN notional_cents INTEGER;
ALTER TABLE chat_actions ADD COLUMN cash_cents_after INTEGER;
