//! The equity curve's rows: at most one per second, and fewer with age.

use super::{
    Books, Write,
    effect::{Amounts, Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{account_id::AccountId, instant::UtcInstant, money::Money},
    error::ApiError,
};

/// Most rows that one [`ThinSnapshots`] deletes, so that no trade waits for it.
pub const THIN_ROWS_MAX: usize = 500;

/// Records the portfolio's value; the last value of a second wins.
pub struct RecordSnapshot {
    pub total_value: Money,
    pub at: UtcInstant,
}

impl Write for RecordSnapshot {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let mut effects = Effects::new();
        let high_water_mark = record(books, self.total_value, self.at, &mut effects);
        if high_water_mark != books.high_water_mark {
            effects.push(Effect::Amounts(Amounts { high_water_mark, ..books.amounts() }));
        }
        Ok(((), effects))
    }
}

/// Records a value of the account; returns the high-water mark including it, which the caller must write. If the clock
/// went back to before the account was opened or last reset, its curve restarts at this moment, and values from before
/// the reset are deleted.
pub fn record(books: &Books, total_value: Money, at: UtcInstant, effects: &mut Effects) -> Option<Money> {
    if at < books.opened_at {
        effects.push(Effect::SnapshotsForgotten { from_s: at.unix_second(), until_s: books.opened_at.unix_second() });
        effects.push(Effect::CurveBegins { at });
    }
    effects.push(Effect::Snapshot { total_value, at });
    books.high_water_mark_with(total_value)
}

/// Deletes snapshots from `from_s` up to `until_s` (Unix seconds) that are not the last of their step of
/// `step_seconds`; at most [`THIN_ROWS_MAX`]. Returns the number of deleted rows: a smaller number means that it is
/// done.
pub struct ThinSnapshots {
    pub from_s: i64,
    pub until_s: i64,
    pub step_seconds: i64,
}

impl Write for ThinSnapshots {
    type Outcome = usize;

    /// Seconds whose values are deleted.
    type Found = Vec<i64>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Vec<i64>, StoreFault> {
        rows.surplus_snapshots(account, self.from_s, self.until_s, self.step_seconds, THIN_ROWS_MAX)
    }

    fn decide(&self, _: &Books, seconds: &Vec<i64>) -> Result<(usize, Effects), ApiError> {
        let thinned = (!seconds.is_empty()).then(|| Effect::SnapshotsThinned { seconds: seconds.clone() });
        Ok((seconds.len(), thinned.into_iter().collect()))
    }
}
