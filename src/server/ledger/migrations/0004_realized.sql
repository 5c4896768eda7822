-- Realised P&L, ticker by ticker, is read from this index alone.
CREATE INDEX trades_realized ON trades (account_id, ticker, sequence, notional_cents, realized_pnl_cents)
    WHERE side = 'sell';
