//! The values of a condition's operands: of the market and of one account, at one moment.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Timelike};
use chrono_tz::Tz;

use crate::{
    domain::{
        candle::{Candle, Interval},
        condition::{
            Condition,
            operand::{Account, Basis, Indicator, Operand, PositionField, TimeOfDay},
            watch::Values,
        },
        instant::UtcInstant,
        money::{Money, Price},
        portfolio::Portfolio,
        quote::Quote,
        ticker::Ticker,
    },
    server::{
        ledger::Books,
        market::feed::{Feed, Tick},
    },
};

/// The value of an indicator on closed candles is looked up again after so long, for prints that came late.
const CLOSED_COUNTS_FOR_MS: i64 = 1_000;

/// The values of indicators that are remembered; more are made anew each time.
const STUDIES_MAX: usize = 4_096;

/// Everything that operands are about.
pub struct Circumstances<'a> {
    pub tick: &'a Tick,
    pub books: &'a Books,
    /// Prices that are looked at in place of the tick's: those of a print, for example.
    pub prices: &'a BTreeMap<Ticker, Price>,
    pub at: UtcInstant,
    /// Of all indicators that are asked for.
    pub studies: &'a HashMap<Indicator, f64>,
    /// Shares traded since the day began.
    pub volumes: &'a HashMap<Ticker, u64>,
    /// The account at these prices.
    portfolio: Option<Portfolio>,
}

impl<'a> Circumstances<'a> {
    /// `needs_account`: an operand is about the account, which is valued only then.
    pub fn new(
        (tick, books): (&'a Tick, &'a Books),
        prices: &'a BTreeMap<Ticker, Price>,
        at: UtcInstant,
        known: &'a Known,
        needs_account: bool,
    ) -> Self {
        let portfolio = needs_account.then(|| books.value(tick));
        Self { tick, books, prices, at, studies: &known.studies, volumes: &known.volumes, portfolio }
    }

    /// A ticker's quote at the evaluated price; `None` if it has no price or a stale one.
    fn quote(&self, ticker: Ticker) -> Option<Quote> {
        let quote = self.tick.quotes.get(ticker)?;
        match self.prices.get(&ticker) {
            Some(price) => Some(Quote { price: *price, ..*quote }),
            None => Some(*quote).filter(|quote| !quote.is_stale),
        }
    }

    fn account(&self, field: Account) -> Option<f64> {
        let portfolio = self.portfolio.as_ref()?;
        match field {
            Account::Cash => Some(dollars(self.books.account.cash)),
            Account::TotalValue => portfolio.total_value.map(dollars),
            Account::DayPnl => {
                let quote = |ticker| {
                    let last = || self.books.last_prices.get(&ticker).map(|last| last.quote(ticker));
                    self.tick.quotes.get(ticker).copied().or_else(last)
                };
                let (today, account) = (&self.books.today, &self.books.account);
                let gain = today.gain(self.books.day_of(self.at), account, portfolio.total_value, quote)?;
                Some(dollars(gain.amount))
            }
            Account::DrawdownPercent => {
                let now = portfolio.total_value?;
                let highest = self.books.high_water_mark.map_or(now, |mark| mark.max(now));
                highest.checked_sub(now)?.percent_of(highest)
            }
        }
    }

    fn position(&self, ticker: Ticker, field: PositionField) -> Option<f64> {
        let Some(holding) = self.books.account.holdings.get(&ticker) else {
            return match field {
                PositionField::Quantity | PositionField::WeightPercent => Some(0.0),
                PositionField::UnrealizedPnlPercent => None,
            };
        };
        match field {
            PositionField::Quantity => Some(holding.quantity.millionths() as f64 / 1e6),
            PositionField::WeightPercent => {
                let value = Money::of(holding.quantity, self.books.mark(self.tick, ticker)?.price())?;
                value.percent_of(self.portfolio.as_ref()?.total_value?)
            }
            PositionField::UnrealizedPnlPercent => {
                let value = Money::of(holding.quantity, self.books.mark(self.tick, ticker)?.price())?;
                value.checked_sub(holding.cost_basis)?.percent_of(holding.cost_basis)
            }
        }
    }
}

impl Values for Circumstances<'_> {
    fn value(&self, operand: &Operand) -> Option<f64> {
        match operand {
            Operand::Number(number) => Some(*number),
            Operand::Price(ticker) => self.quote(*ticker).map(|quote| quote.price.dollars()),
            Operand::DayChangePercent(ticker) => self.quote(*ticker).map(|quote| quote.day_change_percent()),
            Operand::Volume(ticker) => self.volumes.get(ticker).map(|volume| *volume as f64),
            Operand::Indicator(indicator) => self.studies.get(indicator).copied(),
            Operand::Account(field) => self.account(*field),
            Operand::Position { ticker, field } => self.position(*ticker, *field),
            Operand::Time(time) => minutes_since(time, self.at),
        }
    }
}

fn dollars(money: Money) -> f64 {
    money.cents() as f64 / 100.0
}

/// The zone that a name stands for, as the IANA database has it.
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// A zone's name in a condition that no zone has.
pub fn unknown_zone(condition: &Condition) -> Option<&str> {
    condition.operands().into_iter().find_map(|operand| match operand {
        Operand::Time(time) if zone(&time.zone).is_none() => Some(time.zone.as_str()),
        _ => None,
    })
}

fn minutes_since(time: &TimeOfDay, at: UtcInstant) -> Option<f64> {
    let there = DateTime::from_timestamp_millis(at.unix_ms())?.with_timezone(&zone(&time.zone)?);
    let seconds = there.num_seconds_from_midnight();
    Some(f64::from(seconds) / 60.0 - f64::from(time.minute_of_day))
}

/// Cached values that the newest tick does not hold: indicators and volumes.
#[derive(Default)]
pub struct Known {
    studies: HashMap<Indicator, f64>,
    volumes: HashMap<Ticker, u64>,
    /// Interval and time of each indicator's last computation.
    made: HashMap<Indicator, (i64, UtcInstant)>,
}

impl Known {
    /// Updates the indicators and volumes of a condition.
    pub fn look_up(&mut self, condition: &Condition, feed: &Feed, at: UtcInstant) {
        for operand in condition.operands() {
            match operand {
                Operand::Indicator(indicator) => self.look_up_study(*indicator, feed, at),
                Operand::Volume(ticker) => {
                    put(&mut self.volumes, *ticker, day_volume(*ticker, feed, at));
                }
                Operand::Number(_)
                | Operand::Price(_)
                | Operand::DayChangePercent(_)
                | Operand::Account(_)
                | Operand::Position { .. }
                | Operand::Time(_) => {}
            }
        }
    }

    fn look_up_study(&mut self, indicator: Indicator, feed: &Feed, at: UtcInstant) {
        let stretch = at.unix_second().div_euclid(indicator.interval.seconds());
        let counts = self.made.get(&indicator).is_some_and(|(of, made_at)| {
            indicator.on == Basis::Closed
                && *of == stretch
                && (0..CLOSED_COUNTS_FOR_MS).contains(&(at.unix_ms() - made_at.unix_ms()))
        });
        if counts {
            return;
        }
        if self.made.len() >= STUDIES_MAX {
            (self.made, self.studies) = (HashMap::new(), HashMap::new());
        }
        self.made.insert(indicator, (stretch, at));
        put(&mut self.studies, indicator, study(&indicator, feed, at));
    }
}

fn put<K: std::hash::Hash + Eq, V>(values: &mut HashMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => values.insert(key, value),
        None => values.remove(&key),
    };
}

fn study(indicator: &Indicator, feed: &Feed, at: UtcInstant) -> Option<f64> {
    let candles = feed.candles(indicator.ticker, indicator.interval, indicator.candles_needed() + 1)?;
    let (last, before) = candles.split_last()?;
    if is_over(last, indicator.interval, feed, at) {
        indicator.value(&candles, None)
    } else {
        indicator.value(before, Some(last))
    }
}

/// Whether a candle is complete.
fn is_over(candle: &Candle, interval: Interval, feed: &Feed, at: UtcInstant) -> bool {
    match interval {
        Interval::Day => candle.time < feed.hours.candle_day(at.unix_second()),
        Interval::Second | Interval::Minute | Interval::FiveMinutes | Interval::Hour => {
            candle.time + interval.seconds() <= at.unix_second()
        }
    }
}

fn day_volume(ticker: Ticker, feed: &Feed, at: UtcInstant) -> Option<u64> {
    let candles = feed.candles(ticker, Interval::Day, 1)?;
    let today = candles.last()?;
    Some(if is_over(today, Interval::Day, feed, at) { 0 } else { today.volume })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// 22 November 2026, 12:00 UTC.
    const NOON_MS: i64 = 1_795_348_800_000;

    #[rstest]
    #[case::here("11:30", "UTC", 30.0)]
    #[case::there("07:00", "America/New_York", 0.0)]
    #[case::before("08:15", "America/New_York", -75.0)]
    #[case::another_day("01:00", "Asia/Tokyo", 20.0 * 60.0)]
    fn a_time_is_the_minutes_since_then_of_the_day_there(#[case] time: &str, #[case] zone: &str, #[case] minutes: f64) {
        let time = TimeOfDay::parse(time, zone.to_owned()).unwrap();
        assert_eq!(minutes_since(&time, UtcInstant::from_unix_ms(NOON_MS)), Some(minutes));
    }

    #[test]
    fn a_zone_that_is_none_is_found() {
        let condition = |zone: &str| -> Condition {
            serde_json::from_value(json!({"not": {"left": {"time": "15:45", "zone": zone}, "op": ">", "right": 0}}))
                .unwrap()
        };
        assert_eq!(unknown_zone(&condition("Europe/Berlin")), None);
        assert_eq!(unknown_zone(&condition("Europe/Atlantis")), Some("Europe/Atlantis"));
    }
}
