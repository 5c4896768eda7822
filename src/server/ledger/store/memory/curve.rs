//! Rows of the equity curve.

use super::Tables;
use crate::{
    domain::{account_id::AccountId, equity::Snapshot, instant::UtcInstant},
    server::ledger::store::{CurveRows, StoreFault},
};

impl CurveRows for Tables {
    fn curve(
        &mut self,
        account: AccountId,
        since_s: i64,
        now_s: i64,
        step_s: i64,
    ) -> Result<Vec<Snapshot>, StoreFault> {
        let (mut curve, mut step_start_s, step_s): (Vec<Snapshot>, _, _) = (Vec::new(), since_s, step_s.max(1));
        let Some(rows) = self.of(account).filter(|_| since_s <= now_s) else {
            return Ok(curve);
        };
        for (second, total_value) in rows.values.range(since_s..=now_s) {
            if *second >= step_start_s {
                let recorded_at = UtcInstant::from_unix_ms(second.saturating_mul(1_000));
                curve.push(Snapshot { recorded_at, total_value: *total_value });
                step_start_s = since_s + ((second - since_s) / step_s + 1) * step_s;
            }
        }
        if let Some((second, total_value)) = rows.values.range(since_s..=now_s).next_back() {
            let latest = Snapshot {
                recorded_at: UtcInstant::from_unix_ms(second.saturating_mul(1_000)),
                total_value: *total_value,
            };
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
        let Some(rows) = self.of(account).filter(|_| from_s < until_s) else {
            return Ok(Vec::new());
        };
        let has_later = |second: &i64| {
            let next = rows.values.range(second + 1..).next();
            next.is_some_and(|(next, _)| next / step_s == second / step_s)
        };
        Ok(rows.values.range(from_s..until_s).map(|(second, _)| *second).filter(has_later).take(limit).collect())
    }
}
