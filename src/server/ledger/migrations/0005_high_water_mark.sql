-- The highest value since the account was opened or last reset, of all that were recorded. It stands by itself because the
-- curve does not keep them all: a later value of the same second takes an earlier one's place, and old ones are thinned
-- out.
ALTER TABLE accounts ADD COLUMN high_water_mark_cents INTEGER;

UPDATE accounts SET high_water_mark_cents = (
    SELECT MAX(total_value_cents) FROM snapshots
    WHERE account_id = accounts.id AND recorded_at_s >= accounts.opened_at_ms / 1000
);
