//! Realised P&L: what sales brought, ticker by ticker.

use serde::{Deserialize, Serialize};

use super::{money::Money, ticker::Ticker};

/// The sales of one ticker since the account was opened or last reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealizedLine {
    pub ticker: Ticker,
    pub sales: u32,
    pub proceeds: Money,
    /// Proceeds less the cost of what was sold.
    pub pnl: Money,
}

/// All sales added up, which makes the account's realised P&L; nothing when a sum does not fit.
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
