//! Sums of a day's trades by ticker, and the P&L of the day.
//!
//! # The rule
//! A day's P&L is its closing value plus receipts, less its opening value and payments: `day_pnl = market_value +
//! received − spent − held_before × previous_close`, where `held_before = quantity − bought + sold`. A dividend is
//! received on the day it is credited; a write-off is a sale at the last known price. So shares bought today gain from
//! their own price, the others from the previous trading day's close. The market determines the day ([`TradingDay`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    account::Account,
    candle::STEP_BACK_SECONDS,
    corporate_action::SplitRatio,
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::Side,
    quote::Quote,
    ticker::Ticker,
    trading_day::TradingDay,
};

/// Sums of one day's trades.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayTrades {
    /// `None` until something is traded.
    day: Option<TradingDay>,
    flows: BTreeMap<Ticker, Flow>,
}

/// Sum of trades of one ticker and side.
#[derive(Debug, Clone, Copy)]
pub struct Traded {
    pub ticker: Ticker,
    pub side: Side,
    /// Shares in millionths; a day's turnover may exceed the largest holding.
    pub millionths: i64,
    pub notional: Money,
    /// The ticker's previous close on that day, if known.
    pub previous_close: Option<Price>,
}

/// Sums of one ticker's trades. Quantities are in millionths: a day's turnover may exceed the largest holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flow {
    bought: i64,
    sold: i64,
    spent: Money,
    received: Money,
    /// Previous close known at the trades; the highest if it was corrected between them.
    previous_close: Option<Price>,
}

/// The P&L of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayPnl {
    pub amount: Money,
    /// In percent of the value before and the payments since.
    pub percent: Option<f64>,
}

impl DayTrades {
    /// Adds trades of a day; those of another day reset the sums first. Sums saturate.
    pub fn record(&mut self, day: TradingDay, traded: Traded) {
        if self.day != Some(day) {
            *self = Self { day: Some(day), flows: BTreeMap::new() };
        }
        let flow = self.flows.entry(traded.ticker).or_default();
        let (shares, money) = match traded.side {
            Side::Buy => (&mut flow.bought, &mut flow.spent),
            Side::Sell => (&mut flow.sold, &mut flow.received),
        };
        *shares = shares.saturating_add(traded.millionths);
        *money = Money::from_cents(money.cents().saturating_add(traded.notional.cents()));
        flow.previous_close = flow.previous_close.max(traded.previous_close);
    }

    /// Adds a dividend credited on a day as received; one of another day resets the sums first.
    pub fn receive(&mut self, day: TradingDay, ticker: Ticker, amount: Money) {
        let traded = Traded { ticker, side: Side::Sell, millionths: 0, notional: amount, previous_close: None };
        self.record(day, traded);
    }

    /// Previous close with which a ticker's trades of a day were recorded.
    pub fn previous_close(&self, day: TradingDay, ticker: Ticker) -> Option<Price> {
        self.flow(day, ticker)?.previous_close
    }

    /// Day of these trades; `None` if there are none.
    pub fn day(&self) -> Option<TradingDay> {
        self.day
    }

    /// Converts a ticker's trades so far into shares after its split.
    pub fn split(&mut self, ticker: Ticker, ratio: SplitRatio) {
        if let Some(flow) = self.flows.get_mut(&ticker) {
            (flow.bought, flow.sold) = (ratio.of_millionths(flow.bought), ratio.of_millionths(flow.sold));
            flow.previous_close = flow.previous_close.and_then(|close| ratio.of_price(close));
        }
    }

    /// Day of these trades if a trade at this moment belongs to it, or the clock was just set back a little and the
    /// trade is no older than the others. `None` if it belongs to another day.
    pub fn day_with(&self, at: UtcInstant) -> Option<TradingDay> {
        let second = at.unix_second();
        self.day.filter(|day| (day.starts_at - STEP_BACK_SECONDS..day.ends_at).contains(&second))
    }

    /// The day's P&L of a holding of `quantity`; `None` on overflow.
    pub fn pnl(&self, day: TradingDay, quantity: Option<Quantity>, quote: &Quote) -> Option<DayPnl> {
        let flow = self.flow(day, quote.ticker).copied().unwrap_or_default();
        let held = quantity.map_or(0, Quantity::millionths);
        flow.gain(held, value(held, quote.price)?, Some(quote.previous_close))
    }

    /// The day's P&L of the whole account, in percent of its value before; `None` if a price is missing, or on
    /// overflow. `total_value` is its current value.
    pub fn gain(
        &self,
        day: TradingDay,
        account: &Account,
        total_value: Option<Money>,
        quote_of: impl Fn(Ticker) -> Option<Quote>,
    ) -> Option<DayPnl> {
        let mut amount = Money::ZERO;
        for (ticker, holding) in &account.holdings {
            amount = amount.checked_add(self.pnl(day, Some(holding.quantity), &quote_of(*ticker)?)?.amount)?;
        }
        let flows = self.flows.iter().filter(|_| self.day == Some(day));
        for (ticker, flow) in flows.filter(|(ticker, _)| !account.holdings.contains_key(ticker)) {
            // A ticker that was sold completely may have no price any more.
            let close = quote_of(*ticker).map(|quote| quote.previous_close).or(flow.previous_close);
            amount = amount.checked_add(flow.gain(0, Money::ZERO, close)?.amount)?;
        }
        Some(DayPnl { amount, percent: amount.percent_of(total_value?.checked_sub(amount)?) })
    }

    fn flow(&self, day: TradingDay, ticker: Ticker) -> Option<&Flow> {
        self.flows.get(&ticker).filter(|_| self.day == Some(day))
    }
}

impl Flow {
    /// Gain on `held` shares, in millionths, that are worth `value_now`.
    fn gain(&self, held: i64, value_now: Money, previous_close: Option<Price>) -> Option<DayPnl> {
        let before = match held.checked_sub(self.bought)?.checked_add(self.sold)? {
            // The close is not needed, and may be unknown.
            0 => Money::ZERO,
            held_before => value(held_before, previous_close?)?,
        };
        let put_in = before.checked_add(self.spent)?;
        let amount = value_now.checked_add(self.received)?.checked_sub(put_in)?;
        Some(DayPnl { amount, percent: amount.percent_of(put_in) })
    }
}

/// The value of zero shares is zero.
fn value(millionths: i64, price: Price) -> Option<Money> {
    match millionths {
        0 => Some(Money::ZERO),
        _ => Money::of(Quantity::from_millionths(millionths).ok()?, price),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::account::INITIAL_DEPOSIT;

    /// In seconds: the day is UTC's.
    const NOON: i64 = 1_795_348_800;
    const DAY: i64 = 86_400;

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    fn price_of(dollars: i64) -> Price {
        Price::from_units(dollars * 10_000).unwrap()
    }

    fn day_of(second: i64) -> TradingDay {
        TradingDay::utc(UtcInstant::from_unix_ms(second * 1_000))
    }

    fn quote(price: i64, previous_close: i64) -> Quote {
        Quote {
            ticker: ticker("V"),
            price: price_of(price),
            previous_price: price_of(price),
            previous_close: price_of(previous_close),
            // The market determines the day, not the latest trade.
            at: UtcInstant::EPOCH,
            is_stale: false,
        }
    }

    fn quantity(text: &str) -> Option<Quantity> {
        Some(text.parse().unwrap())
    }

    fn traded(symbol: &str, side: Side, shares: &str, dollars: i64) -> Traded {
        let millionths = shares.parse::<Quantity>().unwrap().millionths();
        let notional = Money::from_cents(dollars * 100);
        Traded { ticker: ticker(symbol), side, millionths, notional, previous_close: Some(price_of(100)) }
    }

    /// Side, shares, dollars.
    fn day(trades: &[(Side, &str, i64)]) -> DayTrades {
        let mut day = DayTrades::default();
        for (side, shares, dollars) in trades {
            day.record(day_of(NOON), traded("V", *side, shares, *dollars));
        }
        day
    }

    fn dollars(pnl: Option<DayPnl>) -> Option<(i64, Option<f64>)> {
        pnl.map(|pnl| (pnl.amount.cents() / 100, pnl.percent))
    }

    #[rstest]
    #[case::held_over_night(&[], Some("10"), quote(110, 100), 100, 10.0)]
    #[case::bought_today(&[(Side::Buy, "10", 1_080)], Some("10"), quote(108, 100), 0, 0.0)]
    #[case::bought_more_today(&[(Side::Buy, "10", 1_080)], Some("15"), quote(108, 100), 40, 2.5316)]
    #[case::sold_whole(&[(Side::Sell, "10", 1_050)], None, quote(120, 100), 50, 5.0)]
    #[case::sold_half(&[(Side::Sell, "10", 1_050)], Some("10"), quote(110, 100), 150, 7.5)]
    fn a_day_gains_from_the_close_before_or_from_what_was_paid(
        #[case] trades: &[(Side, &str, i64)],
        #[case] held: Option<&str>,
        #[case] quote: Quote,
        #[case] amount: i64,
        #[case] percent: f64,
    ) {
        let pnl = day(trades).pnl(day_of(NOON), held.and_then(quantity), &quote);
        assert_eq!(dollars(pnl), Some((amount, Some(percent))));
    }

    #[test]
    fn yesterdays_trades_are_over() {
        let mut day = day(&[(Side::Buy, "10", 1_080)]);
        let tomorrow = day_of(NOON + DAY);
        assert_eq!(dollars(day.pnl(tomorrow, quantity("10"), &quote(108, 107))).unwrap().0, 10);
        day.record(tomorrow, traded("AAPL", Side::Buy, "1", 1));
        assert!(day.day == Some(tomorrow) && day.flows.len() == 1);
    }

    #[rstest]
    #[case::same_moment(NOON, true)]
    #[case::last_moment(NOON + DAY / 2 - 1, true)]
    #[case::next_day(NOON + DAY / 2, false)]
    #[case::a_clock_set_back_over_midnight(NOON - DAY / 2 - 5, true)]
    #[case::day_before(NOON - DAY, false)]
    fn a_trade_is_of_the_day_or_a_little_before(#[case] second: i64, #[case] is_of_it: bool) {
        let day = day(&[(Side::Buy, "10", 1_080)]);
        let found = day.day_with(UtcInstant::from_unix_ms(second * 1_000));
        assert_eq!(found, is_of_it.then(|| day_of(NOON)));
        assert_eq!(DayTrades::default().day_with(UtcInstant::EPOCH), None);
    }

    /// V is held and AAPL was sold whole; both closed at 100.
    fn account() -> (Account, DayTrades) {
        let mut account = Account::open(INITIAL_DEPOSIT);
        account.apply(Side::Buy, ticker("V"), "10".parse().unwrap(), price_of(108)).unwrap();
        let mut today = day(&[(Side::Buy, "10", 1_080)]);
        today.record(day_of(NOON), traded("AAPL", Side::Sell, "5", 550));
        (account, today)
    }

    #[test]
    fn an_account_gains_with_what_it_holds_and_what_it_sold() {
        let (account, today) = account();
        let total_value = Some(Money::from_cents(1_010_000));
        let gain = |quote_of: fn(Ticker) -> Option<Quote>, day| today.gain(day, &account, total_value, quote_of);
        let held_only = |wanted: Ticker| (wanted == ticker("V")).then(|| quote(110, 100));
        // 20 of V, and 550 less 5 times the close that was known when AAPL was sold.
        assert_eq!(dollars(gain(held_only, day_of(NOON))), Some((70, Some(0.6979))));
        assert_eq!(gain(|_| None, day_of(NOON)), None, "a price is missing");
        assert_eq!(dollars(gain(held_only, day_of(NOON + DAY))), Some((100, Some(1.0))), "the next day");
    }

    #[test]
    fn a_dividend_counts_on_the_day_that_credits_it() {
        let (account, mut today) = account();
        today.receive(day_of(NOON), ticker("V"), Money::from_cents(1_200));
        today.receive(day_of(NOON), ticker("KO"), Money::from_cents(300));
        let held_only = |wanted: Ticker| (wanted == ticker("V")).then(|| quote(110, 100));
        let total_value = Some(Money::from_cents(1_010_000));
        assert_eq!(dollars(today.pnl(day_of(NOON), quantity("10"), &quote(110, 100))).unwrap().0, 32);
        let gain = |day| today.gain(day, &account, total_value, held_only).unwrap().amount.cents();
        assert_eq!(gain(day_of(NOON)), 8_500, "of a ticker that is not held any more, too");
        assert_eq!(gain(day_of(NOON + DAY)), 10_000, "the next day");
    }

    #[test]
    fn a_split_leaves_the_days_gain_as_it_was() {
        let mut today = day(&[(Side::Buy, "10", 1_080)]);
        let before = today.pnl(day_of(NOON), quantity("15"), &quote(110, 100));
        today.split(ticker("V"), SplitRatio { from: "1".parse().unwrap(), to: "10".parse().unwrap() });
        let after = today.pnl(day_of(NOON), quantity("150"), &quote(11, 10));
        assert_eq!(before, after);
        assert_eq!(today.previous_close(day_of(NOON), ticker("V")), Some(price_of(10)));
    }

    #[test]
    fn what_was_bought_and_sold_within_the_day_needs_no_close() {
        let mut today = DayTrades::default();
        for (side, dollars) in [(Side::Buy, 500), (Side::Sell, 530)] {
            today.record(day_of(NOON), Traded { previous_close: None, ..traded("AAPL", side, "5", dollars) });
        }
        let account = Account::open(INITIAL_DEPOSIT);
        let gain = today.gain(day_of(NOON), &account, Some(Money::from_cents(1_003_000)), |_| None);
        assert_eq!(dollars(gain), Some((30, Some(0.3))));
        today.record(day_of(NOON), Traded { previous_close: None, ..traded("V", Side::Sell, "1", 10) });
        assert_eq!(
            today.gain(day_of(NOON), &account, Some(Money::ZERO), |_| None),
            None,
            "nobody knows what it was worth"
        );
    }
}
