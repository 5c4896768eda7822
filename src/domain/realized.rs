//! Realised P&L by ticker, and dividends.

use serde::{Deserialize, Serialize};

use super::{
    corporate_action::{ActionRecord, DIVIDEND},
    money::{Money, Quantity},
    ticker::Ticker,
};

/// Realised P&L and dividends since the account was opened or last reset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Realized {
    /// In alphabetical order of tickers.
    pub lines: Vec<RealizedLine>,
    /// The latest dividends, newest first. They are income, not part of the realised P&L.
    pub dividends: Vec<DividendLine>,
}

/// A dividend, paid or owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DividendLine {
    pub ticker: Ticker,
    /// The exchange's date, such as `2026-11-30`.
    pub pay_date: String,
    /// Shares held when the ex-date began.
    pub quantity: Quantity,
    pub amount: Money,
    /// Whether it has been credited; otherwise it is owed.
    pub is_paid: bool,
}

impl DividendLine {
    /// `None` for a split.
    pub fn of(record: ActionRecord) -> Option<Self> {
        let is_paid = record.applied_at.is_some();
        let ActionRecord { ticker, quantity, ex_date, pay_date, .. } = record;
        let amount = record.amount.filter(|_| record.kind == DIVIDEND)?;
        Some(Self { ticker, pay_date: pay_date.unwrap_or(ex_date), quantity, amount, is_paid })
    }
}

/// The sales of one ticker since the account was opened or last reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealizedLine {
    pub ticker: Ticker,
    pub sales: u32,
    pub proceeds: Money,
    /// Proceeds less the cost basis of the sold shares.
    pub pnl: Money,
}

/// Totals of all sales, which equal the account's realised P&L; `None` on overflow.
pub fn total(lines: &[RealizedLine]) -> Option<(Money, Money)> {
    lines.iter().try_fold((Money::ZERO, Money::ZERO), |(proceeds, pnl), line| {
        Some((proceeds.checked_add(line.proceeds)?, pnl.checked_add(line.pnl)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_add_up() {
        let line = |ticker: &str, proceeds, pnl| RealizedLine {
            ticker: ticker.parse().unwrap(),
            sales: 1,
            proceeds: Money::from_cents(proceeds),
            pnl: Money::from_cents(pnl),
        };
        let lines = [line("AAPL", 11_000, 1_000), line("V", 9_000, -1_000), line("F", 5, 5)];
        assert_eq!(total(&lines), Some((Money::from_cents(20_005), Money::from_cents(5))));
    }
}
