//! Figures of sales. A sale's gain is the ledger's own: by average cost, after commissions, so that all of them add up to the
//! realised P&L.

use std::collections::HashSet;

use super::{
    Figure, Missing,
    evaluate::Span,
    lots::{LotMethod, of_trades},
};
use crate::domain::{
    money::Money,
    order::{Side, Trade},
};

const DAY_MS: f64 = 86_400_000.0;

/// The sales of a span.
#[derive(Debug, Default)]
pub(super) struct Sales {
    /// In cents.
    gains: Vec<i64>,
    /// Shares and days held, of each part of a lot that was sold.
    held: Vec<(f64, f64)>,
}

pub(super) fn sales(span: &Span<'_>) -> Sales {
    let sold: Vec<&Trade> = span.trades().iter().filter(|trade| trade.side == Side::Sell).collect();
    if sold.is_empty() {
        return Sales::default();
    }
    let ids: HashSet<&str> = sold.iter().map(|sale| sale.id.as_str()).collect();
    let closed = of_trades(LotMethod::Fifo, span.trades_until(span.last().counts)).closed;
    let of_span = closed.iter().filter(|lot| ids.contains(lot.closed_by.as_str()));
    let held = of_span.map(|lot| {
        let days = (lot.closed_at.unix_ms() - lot.opened_at.unix_ms()).max(0) as f64 / DAY_MS;
        (lot.quantity.millionths() as f64, days)
    });
    Sales { gains: sold.iter().map(|sale| sale.realized_pnl.cents()).collect(), held: held.collect() }
}

impl Sales {
    pub fn count(&self) -> usize {
        self.gains.len()
    }

    pub fn wins(&self) -> usize {
        self.gains.iter().filter(|gain| **gain > 0).count()
    }

    pub fn losses(&self) -> usize {
        self.gains.iter().filter(|gain| **gain < 0).count()
    }

    pub fn closed_lots(&self) -> usize {
        self.held.len()
    }

    /// As a fraction; a sale without gain or loss is no win.
    pub fn win_rate(&self) -> Figure {
        ratio(self.wins() as f64, self.count())
    }

    /// In dollars.
    pub fn average_win(&self) -> Figure {
        ratio(self.sum(|gain| gain > 0), self.wins())
    }

    /// In dollars, below 0.
    pub fn average_loss(&self) -> Figure {
        ratio(self.sum(|gain| gain < 0), self.losses())
    }

    pub fn profit_factor(&self) -> Figure {
        match (self.count(), self.losses()) {
            (0, _) => Err(Missing::NotEnoughData),
            (_, 0) => Err(Missing::NoLoss),
            _ => Ok(self.sum(|gain| gain > 0) / -self.sum(|gain| gain < 0)),
        }
    }

    /// In dollars.
    pub fn expectancy(&self) -> Figure {
        ratio(self.sum(|_| true), self.count())
    }

    /// Mean days, by shares.
    pub fn holding_days(&self) -> Figure {
        let shares: f64 = self.held.iter().map(|(shares, _)| shares).sum();
        let days: f64 = self.held.iter().map(|(shares, days)| shares * days).sum();
        if self.held.is_empty() { Err(Missing::NotEnoughData) } else { Ok(days / shares) }
    }

    /// In dollars.
    fn sum(&self, is_meant: impl Fn(i64) -> bool) -> f64 {
        let cents = self.gains.iter().copied().filter(|gain| is_meant(*gain)).fold(0, i64::saturating_add);
        Money::from_cents(cents).cents() as f64 / 100.0
    }
}

fn ratio(value: f64, count: usize) -> Figure {
    if count == 0 { Err(Missing::NotEnoughData) } else { Ok(value / count as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(gains: &[i64]) -> Sales {
        Sales { gains: gains.to_vec(), held: vec![(1.0, 2.0), (3.0, 6.0)] }
    }

    #[test]
    fn figures_of_sales() {
        let sales = of(&[30_000, -10_000, 0, 10_000]);
        assert_eq!((sales.win_rate(), sales.expectancy()), (Ok(0.5), Ok(75.0)));
        assert_eq!((sales.average_win(), sales.average_loss()), (Ok(200.0), Ok(-100.0)));
        assert_eq!((sales.profit_factor(), sales.holding_days()), (Ok(4.0), Ok(5.0)));
    }

    #[test]
    fn without_a_sale_or_a_loss_there_is_no_figure() {
        let none = Sales::default();
        let figures =
            [none.win_rate(), none.average_win(), none.profit_factor(), none.expectancy(), none.holding_days()];
        assert_eq!(figures, [Err(Missing::NotEnoughData); 5]);
        let one = of(&[5]);
        assert_eq!((one.profit_factor(), one.average_loss()), (Err(Missing::NoLoss), Err(Missing::NotEnoughData)));
        assert_eq!(of(&[-5]).profit_factor(), Ok(0.0));
    }
}
