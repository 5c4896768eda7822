//! The account's days: what it was worth at the close of each, kept for good.
//!
//! The day that is going on is recorded with each change of cash or positions ([`Write::valued_at`]) and by the recorder of
//! the equity curve. Each row says how many trades, flows and dividends its close includes, so that what happened on a day
//! follows from two rows, to the cent, whatever clocks did at midnight.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Books, Ledger, Write,
    effect::{Effect, Effects},
    read::HISTORY_TRADES_MAX,
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::{DIVIDEND, ExchangeDate},
        instant::UtcInstant,
        money::Money,
        performance::{
            day::{AccountDay, DayPosition, Valued},
            history::{Dividend, History, Split},
        },
    },
    error::ApiError,
    server::{ledger::corporate_actions::adjust, market::feed::Tick},
};

const DAY_SECONDS: i64 = 86_400;

impl Books {
    /// The market's date of a moment.
    pub fn date_of(&self, at: UtcInstant) -> ExchangeDate {
        ExchangeDate::from_days(self.day_of(at).date.div_euclid(DAY_SECONDS))
    }

    /// The day of a moment, at these prices.
    pub fn day_with(&self, prices: &Tick, at: UtcInstant) -> AccountDay {
        AccountDay::following(self.day.as_deref(), self.date_of(at), self.valued(prices, at))
    }

    /// Cash and positions at the market's prices or the last known ones; at cost where there never was one.
    pub fn valued(&self, prices: &Tick, at: UtcInstant) -> Valued {
        let position = |(ticker, holding): (&_, &crate::domain::account::Holding)| {
            let price = self.mark(prices, *ticker).map(crate::domain::portfolio::Mark::price);
            let value = price.and_then(|price| Money::of(holding.quantity, price)).unwrap_or(holding.cost_basis);
            DayPosition { ticker: *ticker, quantity: holding.quantity, value }
        };
        let positions = self.account.holdings.iter().map(position).collect();
        Valued { cash: self.account.cash, positions, counts: self.counts, at }
    }
}

/// Records the present day.
pub struct RecordDay {
    pub prices: Arc<Tick>,
    pub at: UtcInstant,
}

impl Write for RecordDay {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        Ok(((), vec![Effect::Day(Arc::new(books.day_with(&self.prices, self.at)))]))
    }
}

/// Adds past days that are not recorded, before the latest one. A recorded day is unchanged.
pub struct AddDays {
    /// When the account that they are of was opened or last reset: another one has no such days.
    pub opened_at: UtcInstant,
    pub days: Vec<AccountDay>,
}

impl Write for AddDays {
    /// Number of added days.
    type Outcome = usize;

    /// Dates of the recorded days.
    type Found = BTreeSet<ExchangeDate>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<BTreeSet<ExchangeDate>, StoreFault> {
        Ok(rows.account_days(account)?.into_iter().map(|day| day.date).collect())
    }

    fn decide(&self, books: &Books, recorded: &BTreeSet<ExchangeDate>) -> Result<(usize, Effects), ApiError> {
        if books.opened_at != self.opened_at {
            return Ok((0, Effects::new()));
        }
        let is_new = |day: &&AccountDay| {
            !recorded.contains(&day.date) && recorded.last().is_none_or(|latest| day.date < *latest)
        };
        let days: Effects = self.days.iter().filter(is_new).map(|day| Effect::Day(Arc::new(day.clone()))).collect();
        Ok((days.len(), days))
    }
}

impl Ledger {
    /// All that figures are calculated from, since the latest reset; its last day is the present one, at `prices`.
    ///
    /// # Errors
    /// If there are more than [`HISTORY_TRADES_MAX`] trades, or the database does not respond.
    pub async fn history(&self, account: AccountId, prices: &Tick, at: UtcInstant) -> Result<History, ApiError> {
        // Rows that are read later may include more; the counts say how many are of this state.
        let books = self.books(account);
        let (opened_at, reset_after) = (books.opened_at, books.reset_after_sequence);
        let limit = HISTORY_TRADES_MAX + 1;
        let mut history = self
            .read(move |rows| {
                let splits = rows.splits(account, None)?;
                let mut trades = rows.trades(account, reset_after, i64::MAX, limit)?;
                adjust(&mut trades, &splits);
                trades.reverse();
                let flows = rows.flows(account, i64::MAX, usize::MAX)?;
                let actions = rows.actions(account, opened_at, i64::MAX, usize::MAX)?;
                let split = |split: &super::corporate_actions::PastSplit| Split {
                    ticker: split.ticker,
                    day: split.day,
                    ratio: split.ratio,
                };
                Ok(History {
                    opened_at,
                    opening: Money::ZERO,
                    days: rows.account_days(account)?,
                    trades,
                    flows: flows.into_iter().rev().map(|(_, flow)| flow).collect(),
                    dividends: paid(actions),
                    splits: splits.iter().map(split).collect(),
                })
            })
            .await?;
        if history.trades.len() > HISTORY_TRADES_MAX {
            return Err(ApiError::InvalidParameter {
                parameter: "range".to_owned(),
                reason: format!("figures are calculated from at most {HISTORY_TRADES_MAX} trades"),
            });
        }
        history.opening = books.account.initial_deposit;
        let present = books.day_with(prices, at);
        history.days.retain(|day| day.date < present.date);
        history.days.push(present);
        Ok(history)
    }
}

/// Dividends that were paid, in the order of their payment.
fn paid(actions: Vec<(i64, crate::domain::corporate_action::ActionRecord)>) -> Vec<Dividend> {
    let dividends = actions.into_iter().filter(|(_, action)| action.kind == DIVIDEND);
    let paid = dividends.filter_map(|(sequence, action)| {
        let (amount, paid_at) = action.amount.zip(action.applied_at)?;
        Some((sequence, Dividend { ticker: action.ticker, amount, paid_at }))
    });
    let mut paid: Vec<_> = paid.collect();
    paid.sort_by_key(|(sequence, dividend)| (dividend.paid_at, *sequence));
    paid.into_iter().map(|(_, dividend)| dividend).collect()
}
