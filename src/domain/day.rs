//! What a day's trades did, ticker by ticker, and the P&L of the day.
//!
//! # The rule
//! A day gains what is there now and what came in, less what was there when it opened and what was paid:
//! `day_pnl = market_value + received − spent − held_at_open × previous_close`, where
//! `held_at_open = quantity − bought + sold`. So shares that were bought today gain from their own price on, not from
//! the day's opening. A day is UTC's, as a day's candle is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    candle::Interval,
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::Side,
    quote::Quote,
    ticker::Ticker,
};

/// The trades of one day, added up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayTrades {
    /// When the day started: Unix seconds.
    starts_at: i64,
    flows: BTreeMap<Ticker, Flow>,
}

/// What was traded of one ticker. Quantities are millionths: a day may turn over more than can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flow {
    bought: i64,
    sold: i64,
    spent: Money,
    received: Money,
}

/// What a day gained, or lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayPnl {
    pub amount: Money,
    /// In percent of what was there at the opening and what was paid since.
    pub percent: Option<f64>,
}

impl DayTrades {
    /// Takes in a trade; the first one of another day begins anew. Sums beyond their type stay at its end.
    pub fn record(&mut self, side: Side, ticker: Ticker, quantity: Quantity, notional: Money, at: UtcInstant) {
        self.record_sum(side, ticker, quantity.millionths(), notional, at);
    }

    /// Takes in trades of one day that were added up; quantities are millionths.
    pub fn record_sum(&mut self, side: Side, ticker: Ticker, millionths: i64, notional: Money, at: UtcInstant) {
        let day = day_of(at);
        if day != self.starts_at {
            *self = Self { starts_at: day, flows: BTreeMap::new() };
        }
        let flow = self.flows.entry(ticker).or_default();
        let (shares, money) = match side {
            Side::Buy => (&mut flow.bought, &mut flow.spent),
            Side::Sell => (&mut flow.sold, &mut flow.received),
        };
        *shares = shares.saturating_add(millionths);
        *money = Money::from_cents(money.cents().saturating_add(notional.cents()));
    }

    /// Whether a trade of this moment belongs to the day.
    pub fn includes(&self, at: UtcInstant) -> bool {
        day_of(at) == self.starts_at
    }

    /// What a holding of `quantity` gained on the day of its quote; nothing when an amount does not fit.
    pub fn pnl(&self, quantity: Option<Quantity>, quote: &Quote) -> Option<DayPnl> {
        let flow = self.flows.get(&quote.ticker).filter(|_| self.includes(quote.at)).copied().unwrap_or_default();
        let held = quantity.map_or(0, Quantity::millionths);
        let at_open = value(held.checked_sub(flow.bought)?.checked_add(flow.sold)?, quote.previous_close)?;
        let put_in = at_open.checked_add(flow.spent)?;
        let amount = value(held, quote.price)?.checked_add(flow.received)?.checked_sub(put_in)?;
        Some(DayPnl { amount, percent: amount.percent_of(put_in) })
    }
}

fn day_of(at: UtcInstant) -> i64 {
    Interval::Day.start_of(at.unix_second())
}

/// No shares are worth nothing.
fn value(millionths: i64, price: Price) -> Option<Money> {
    match millionths {
        0 => Some(Money::ZERO),
        _ => Money::of(Quantity::from_millionths(millionths).ok()?, price),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: i64 = 1_795_348_800_000;

    fn quote(price: i64, previous_close: i64, at_ms: i64) -> Quote {
        let price_of = |dollars: i64| Price::from_units(dollars * 10_000).unwrap();
        Quote {
            ticker: "V".parse().unwrap(),
            price: price_of(price),
            previous_price: price_of(price),
            previous_close: price_of(previous_close),
            at: UtcInstant::from_unix_ms(at_ms),
        }
    }

    fn quantity(text: &str) -> Option<Quantity> {
        Some(text.parse().unwrap())
    }

    /// Side, shares, dollars.
    fn day(trades: &[(Side, &str, i64)]) -> DayTrades {
        let mut day = DayTrades::default();
        for (side, shares, dollars) in trades {
            let notional = Money::from_cents(dollars * 100);
            day.record(
                *side,
                "V".parse().unwrap(),
                shares.parse().unwrap(),
                notional,
                UtcInstant::from_unix_ms(NOON_MS),
            );
        }
        day
    }

    fn dollars(pnl: Option<DayPnl>) -> Option<(i64, Option<f64>)> {
        pnl.map(|pnl| (pnl.amount.cents() / 100, pnl.percent))
    }

    #[test]
    fn shares_held_over_night_gain_from_the_opening() {
        assert_eq!(dollars(day(&[]).pnl(quantity("10"), &quote(110, 100, NOON_MS))), Some((100, Some(10.0))));
    }

    #[test]
    fn shares_bought_today_gain_from_their_own_price() {
        let day = day(&[(Side::Buy, "10", 1_080)]);
        assert_eq!(dollars(day.pnl(quantity("10"), &quote(108, 100, NOON_MS))), Some((0, Some(0.0))));
        assert_eq!(
            dollars(day.pnl(quantity("15"), &quote(108, 100, NOON_MS))),
            Some((40, Some(2.5316))),
            "5 over night"
        );
    }

    #[test]
    fn what_was_sold_today_counts() {
        let day = day(&[(Side::Sell, "10", 1_050)]);
        assert_eq!(dollars(day.pnl(None, &quote(120, 100, NOON_MS))), Some((50, Some(5.0))));
        assert_eq!(dollars(day.pnl(quantity("10"), &quote(110, 100, NOON_MS))), Some((150, Some(7.5))));
    }

    #[test]
    fn yesterdays_trades_are_over() {
        let mut day = day(&[(Side::Buy, "10", 1_080)]);
        let tomorrow_ms = NOON_MS + 86_400_000;
        assert_eq!(dollars(day.pnl(quantity("10"), &quote(108, 107, tomorrow_ms))).unwrap().0, 10);
        let one = "1".parse().unwrap();
        day.record(Side::Buy, "AAPL".parse().unwrap(), one, Money::CENT, UtcInstant::from_unix_ms(tomorrow_ms));
        assert!(day.includes(UtcInstant::from_unix_ms(tomorrow_ms)) && day.flows.len() == 1);
    }
}
