//! Rows of the equity curve.

use rusqlite::{OptionalExtension, Row, params};

use super::{SqliteRows, trades::limit_of};
use crate::{
    domain::{account_id::AccountId, equity::Snapshot, instant::UtcInstant},
    server::ledger::store::{CurveRows, StoreFault},
};

/// Rows that are skipped one by one before the next step's first row is searched instead: a search costs about as much.
const PASSED_MAX: usize = 8;

/// Values from ?2 to ?3.
pub const EQUITY: &str = "SELECT recorded_at_s, total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s <= ?3 ORDER BY recorded_at_s";

pub const EQUITY_LATEST: &str = "SELECT recorded_at_s, total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s BETWEEN ?2 AND ?3 ORDER BY recorded_at_s DESC LIMIT 1";

/// Values that are followed by another within the same step of ?4 seconds.
const SURPLUS: &str = "SELECT old.recorded_at_s FROM snapshots AS old
    WHERE old.account_id = ?1 AND old.recorded_at_s >= ?2 AND old.recorded_at_s < ?3
      AND EXISTS (
        SELECT 1 FROM snapshots AS later
        WHERE later.account_id = ?1 AND later.recorded_at_s > old.recorded_at_s
          AND later.recorded_at_s < (old.recorded_at_s / ?4 + 1) * ?4
      )
    ORDER BY old.recorded_at_s LIMIT ?5";

impl CurveRows for SqliteRows<'_> {
    fn curve(
        &mut self,
        account: AccountId,
        since_s: i64,
        now_s: i64,
        step_s: i64,
    ) -> Result<Vec<Snapshot>, StoreFault> {
        self.flush()?;
        let (mut curve, mut step_start_s, step_s): (Vec<Snapshot>, _, _) = (Vec::new(), since_s, step_s.max(1));
        let mut values = self.rows.prepare_cached(EQUITY)?;
        'looks: loop {
            let mut following = values.query(params![account, step_start_s, now_s])?;
            let mut passed = 0;
            while passed < PASSED_MAX {
                let Some(row) = following.next()? else {
                    break 'looks;
                };
                let recorded_at_s: i64 = row.get(0)?;
                if recorded_at_s < step_start_s {
                    passed += 1;
                    continue;
                }
                curve.push(read_snapshot(row)?);
                // Steps in between have no value.
                step_start_s = since_s + ((recorded_at_s - since_s) / step_s + 1) * step_s;
                passed = 0;
            }
        }
        let mut latest = self.rows.prepare_cached(EQUITY_LATEST)?;
        if let Some(latest) = latest.query_row(params![account, since_s, now_s], read_snapshot).optional()? {
            // The same second may have another value by now.
            curve.pop_if(|last| last.recorded_at == latest.recorded_at);
            curve.push(latest);
        }
        Ok(curve)
    }

    fn surplus_snapshots(
        &mut self,
        account: AccountId,
        from_s: i64,
        until_s: i64,
        step_s: i64,
        limit: usize,
    ) -> Result<Vec<i64>, StoreFault> {
        self.flush()?;
        let mut surplus = self.rows.prepare_cached(SURPLUS)?;
        let seconds =
            surplus.query_map(params![account, from_s, until_s, step_s, limit_of(limit)], |row| row.get(0))?;
        Ok(seconds.collect::<rusqlite::Result<_>>()?)
    }
}

fn read_snapshot(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    let recorded_at_s: i64 = row.get(0)?;
    Ok(Snapshot {
        recorded_at: UtcInstant::from_unix_ms(recorded_at_s.saturating_mul(1_000)),
        total_value: row.get(1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::test_store, *};
    use crate::{
        domain::money::Money,
        server::ledger::{effect::Effect, store::Transaction},
    };

    #[tokio::test]
    async fn a_curve_is_read_in_steps_and_ends_with_its_latest_value() {
        let folder = tempfile::tempdir().unwrap();
        let store = test_store(&folder).await;
        let mut rows = SqliteRows::of(&store.connection);
        // The last one is in the future.
        for at_s in (0..100).chain([150, 155, 159, 160]) {
            let at = UtcInstant::from_unix_ms(at_s * 1_000);
            let value = Effect::Snapshot { total_value: Money::from_cents(at_s), at };
            rows.write(AccountId::DEFAULT, vec![value], 0).unwrap();
        }
        let mut seconds = |since_s, step_s| -> Vec<i64> {
            let curve = rows.curve(AccountId::DEFAULT, since_s, 159, step_s).unwrap();
            assert!(curve.iter().all(|point| point.recorded_at.unix_ms() == point.total_value.cents() * 1_000));
            curve.iter().map(|point| point.total_value.cents()).collect()
        };
        assert_eq!(seconds(0, 40), [0, 40, 80, 150, 159]);
        assert_eq!(seconds(80, 5), [80, 85, 90, 95, 150, 155, 159], "near enough to be passed by");
        assert_eq!(seconds(98, 1), [98, 99, 150, 155, 159], "a step of a second leaves nothing out");
        assert_eq!(seconds(159, 1), [159]);
        assert_eq!(seconds(160, 1), [0_i64; 0]);
    }
}
