//! Reset of an account: the deposit again, and no positions.

use super::{
    Books, Change, Write,
    effect::{Amounts, Effect, Effects},
    orders::cancel_all,
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        money::Money,
        orders::{costs::Commission, order::CancelReason},
    },
    error::ApiError,
};

/// Resets the account to its initial deposit, and cancels its open orders. Past trades and the equity curve leave the
/// history, but their rows stay in the file, so that a repeated order is still recognised; watchlist and chat are
/// unchanged.
pub struct Reset {
    pub at: UtcInstant,
}

impl Write for Reset {
    type Outcome = ();

    /// Sequence of the latest trade.
    type Found = i64;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<i64, StoreFault> {
        rows.latest_trade(account)
    }

    fn decide(&self, books: &Books, latest_trade: &i64) -> Result<((), Effects), ApiError> {
        let (at, cash) = (self.at, books.account.initial_deposit);
        let amounts = Amounts { cash, realized_pnl: Money::ZERO, income: Money::ZERO, high_water_mark: Some(cash) };
        let mut effects = Effects::new();
        cancel_all(books, None, CancelReason::AccountReset, (Commission::default(), at), &mut effects);
        effects.extend([
            Effect::AccountReset { at, after_trade: *latest_trade },
            // Values before the reset from a clock that was ahead would later become part of the new curve.
            Effect::SnapshotsForgotten { from_s: at.unix_second(), until_s: UtcInstant::END.unix_second() },
            Effect::Amounts(amounts),
            Effect::Snapshot { total_value: cash, at },
            Effect::Event(Change::Reset),
        ]);
        Ok(((), effects))
    }
}
