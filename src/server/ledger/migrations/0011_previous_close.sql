-- The close of the trading day before, which the day's P&L of what was sold whole is measured from.
ALTER TABLE trades ADD COLUMN previous_close_units INTEGER;
