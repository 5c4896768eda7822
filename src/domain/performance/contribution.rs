//! Who and what earned a gain: by ticker, and by who bought. Each adds up to the gain, to the cent.
//!
//! A ticker's gain is the change of its market value, plus sales and dividends, less purchases. That of the copilot is the
//! same of the lots that it bought, first in, first out; a position's value is divided among its lots by shares.

use std::collections::BTreeMap;

use super::{
    day::{DayPosition, Valued},
    evaluate::{Span, by_id, less, sum},
    history::Dividend,
    lots::{LotMethod, OpenLot, of_trades},
    report::{GainSource, SourceGain, TickerGain},
};
use crate::domain::{
    money::{Money, Quantity, Remainder},
    order::{OrderSource, Side, Trade},
    ticker::Ticker,
};

/// The largest first.
pub(super) fn by_ticker(span: &Span<'_>, gain: Money, dividends: &[Dividend]) -> Vec<TickerGain> {
    let mut cents: BTreeMap<Ticker, i64> = BTreeMap::new();
    let mut add = |ticker: Ticker, amount: i64| {
        let sum = cents.entry(ticker).or_default();
        *sum = sum.saturating_add(amount);
    };
    span.base.positions.iter().for_each(|held| add(held.ticker, -held.value.cents()));
    span.last().positions.iter().for_each(|held| add(held.ticker, held.value.cents()));
    for trade in span.trades() {
        let amount = trade.amount().cents();
        add(trade.ticker, if trade.side == Side::Sell { amount } else { -amount });
    }
    dividends.iter().for_each(|paid| add(paid.ticker, paid.amount.cents()));
    let line = |(ticker, cents)| {
        let amount = Money::from_cents(cents);
        TickerGain { ticker, gain: amount, percent: amount.percent_of(gain) }
    };
    let mut lines: Vec<TickerGain> = cents.into_iter().map(line).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.gain));
    lines
}

/// Those without a part in it are left out.
pub(super) fn by_source(span: &Span<'_>, gain: Money, dividends: &[Dividend]) -> Vec<SourceGain> {
    let paid = sum(dividends.iter().map(|paid| paid.amount));
    let copilot = copilot_gain(span);
    let manual = less(less(gain, paid), copilot);
    let gains = [(GainSource::Manual, manual), (GainSource::Copilot, copilot), (GainSource::Dividends, paid)];
    let lines = gains.into_iter().filter(|(_, amount)| !amount.is_zero());
    lines.map(|(source, amount)| SourceGain { source, gain: amount, percent: amount.percent_of(gain) }).collect()
}

/// The gain on the shares that the copilot bought.
fn copilot_gain(span: &Span<'_>) -> Money {
    let until = span.trades_until(span.last().counts);
    let trades = by_id(until);
    let is_its = |trade: &str| trades.get(trade).is_some_and(|trade| trade.source == OrderSource::Copilot);
    if !until.iter().any(|trade| trade.source == OrderSource::Copilot) {
        return Money::ZERO;
    }
    let before = of_trades(LotMethod::Fifo, span.trades_until(span.base.counts));
    let after = of_trades(LotMethod::Fifo, until);
    let new = after.closed.iter().skip(before.closed.len()).filter(|lot| is_its(&lot.opened_by));
    let bought = span.trades().iter().filter(|trade| trade.side == Side::Buy && is_its(&trade.id)).map(Trade::amount);
    let start = value_of(&before.open, &span.base, &is_its);
    let end = value_of(&after.open, span.last(), &is_its);
    less(less(sum([end, sum(new.map(|lot| lot.proceeds))].into_iter()), start), sum(bought))
}

/// What some of the open lots are worth.
fn value_of(lots: &[OpenLot], valued: &Valued, is_meant: &dyn Fn(&str) -> bool) -> Money {
    let mut value = Money::ZERO;
    for DayPosition { ticker, value: whole, .. } in &valued.positions {
        let own: Vec<&OpenLot> = lots.iter().filter(|lot| lot.ticker == *ticker).collect();
        let shares = own.iter().try_fold(None, |sum: Option<Quantity>, lot| match sum {
            None => Some(Some(lot.quantity)),
            Some(sum) => sum.checked_add(lot.quantity).map(Some),
        });
        let (mut left, mut money) = (shares.flatten(), *whole);
        for lot in own {
            let Some(shares) = left else { break };
            let part = money.share(lot.quantity, shares);
            money = less(money, part);
            if is_meant(&lot.trade_id) {
                value = sum([value, part].into_iter());
            }
            left = match shares.minus(lot.quantity) {
                Remainder::Some(rest) => Some(rest),
                Remainder::None | Remainder::Short => None,
            };
        }
    }
    value
}
