//! What figures are calculated from: an account's days, trades, flows and dividends, and the market's daily closes.

use std::collections::BTreeMap;

use super::{day::AccountDay, flow::Flow};
use crate::domain::{
    corporate_action::{ExchangeDate, SplitRatio},
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::Trade,
    ticker::Ticker,
};

/// An account since it was opened or last reset. Each list is in the order of time.
#[derive(Debug, Clone)]
pub struct History {
    pub opened_at: UtcInstant,
    /// The cash that it was opened with.
    pub opening: Money,
    /// The last one is going on.
    pub days: Vec<AccountDay>,
    /// Each with what it is in shares of today.
    pub trades: Vec<Trade>,
    /// Without the opening cash.
    pub flows: Vec<Flow>,
    /// Paid ones.
    pub dividends: Vec<Dividend>,
    pub splits: Vec<Split>,
}

/// A dividend that was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dividend {
    pub ticker: Ticker,
    pub amount: Money,
    pub paid_at: UtcInstant,
}

/// A split that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    pub ticker: Ticker,
    pub day: ExchangeDate,
    pub ratio: SplitRatio,
}

impl History {
    /// Shares of a date in shares of today.
    pub fn shares_of_today(&self, ticker: Ticker, quantity: Quantity, date: ExchangeDate) -> Quantity {
        let later = self.splits.iter().filter(|split| split.ticker == ticker && split.day > date);
        later.fold(quantity, |quantity, split| split.ratio.of_shares(quantity).unwrap_or(quantity))
    }

    /// Shares of today in shares of a date.
    pub fn shares_of_date(&self, ticker: Ticker, quantity: Quantity, date: ExchangeDate) -> Quantity {
        let later = self.splits.iter().rev().filter(|split| split.ticker == ticker && split.day > date);
        later.fold(quantity, |quantity, split| split.ratio.before(quantity).unwrap_or(quantity))
    }
}

/// The market's daily closes, in shares of today.
#[derive(Debug, Clone, Default)]
pub struct Closes {
    by_ticker: BTreeMap<Ticker, BTreeMap<i64, Price>>,
}

impl Closes {
    /// Adds the closes of a ticker by days since the Unix epoch.
    pub fn add(&mut self, ticker: Ticker, closes: impl IntoIterator<Item = (i64, Price)>) {
        self.by_ticker.entry(ticker).or_default().extend(closes);
    }

    /// The close of a day, or the latest one before it.
    pub fn at(&self, ticker: Ticker, date: ExchangeDate) -> Option<Price> {
        let closes = self.by_ticker.get(&ticker)?;
        closes.range(..=date.days()).next_back().map(|(_, price)| *price)
    }

    /// The close of that very day.
    pub fn on(&self, ticker: Ticker, date: ExchangeDate) -> Option<Price> {
        self.by_ticker.get(&ticker)?.get(&date.days()).copied()
    }
}
