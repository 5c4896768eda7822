//! The candles of one ticker, in every interval, kept up to date with each print.

use std::collections::VecDeque;

use super::{History, Print};
use crate::domain::{
    candle::{Candle, Interval, STEP_BACK_SECONDS},
    money::Price,
    watchlist::SPARKLINE_POINTS_MAX,
};

/// How many candles of an interval are kept.
const fn capacity(interval: Interval) -> usize {
    match interval {
        Interval::Second => 1_800,
        Interval::Minute => 1_440,
        Interval::FiveMinutes => 1_440,
        Interval::Hour => 720,
        Interval::Day => 400,
    }
}

/// The most candles there are of any interval.
pub const CANDLES_MAX: usize = 1_800;

/// Five rings of candles, one for each interval.
#[derive(Debug, Default)]
pub struct Candles {
    /// The prints of this second, which are in none of the others yet: all that most prints touch.
    fresh: Option<Candle>,
    /// Those that are forming: side by side, because every second changes all of them.
    forming: [Option<Candle>; Interval::ALL.len()],
    /// Those before them.
    rings: [VecDeque<Candle>; Interval::ALL.len()],
}

impl Candles {
    /// Takes in a print: it extends the candle that is forming, or begins the next one. A clock that went back far takes
    /// the candles away that are in the future now; else the last one would form until that future comes.
    pub fn add(&mut self, print: &Print) {
        let time = print.quote.at.unix_ms().div_euclid(1_000);
        let candle = Candle::new(time, print.quote.price, print.volume);
        match &mut self.fresh {
            // Or a moment before, where a clock was set right.
            Some(fresh) if (time..=time + STEP_BACK_SECONDS).contains(&fresh.time) => fresh.extend(&candle),
            _ => {
                self.settle();
                if self.forming[Interval::Second as usize].is_some_and(|newest| newest.time - time > STEP_BACK_SECONDS)
                {
                    Interval::ALL.into_iter().for_each(|interval| self.forget_after(interval, interval.start_of(time)));
                }
                self.fresh = Some(candle);
            }
        }
    }

    /// Takes the prints of the second that is over into the candles of all intervals.
    fn settle(&mut self) {
        let Some(fresh) = self.fresh.take() else {
            return;
        };
        for interval in Interval::ALL {
            match &mut self.forming[interval as usize] {
                // Most seconds fall into candles that form, of which little changes then.
                Some(forming) if fresh.time < forming.time + interval.seconds() => forming.extend(&fresh),
                _ => self.extend(interval, of_interval(interval, fresh)),
            }
        }
    }

    /// Puts a ticker's past before what is already here; where both have a candle, they are one.
    pub fn prepend(&mut self, history: History) {
        self.settle();
        let History { seconds, minutes, five_minutes, hours, days, ticker: _ } = history;
        for (interval, past) in Interval::ALL.into_iter().zip([seconds, minutes, five_minutes, hours, days]) {
            let present = std::mem::take(&mut self.rings[interval as usize]);
            let forming = self.forming[interval as usize].take();
            past.into_iter().chain(present).chain(forming).for_each(|candle| self.extend(interval, candle));
        }
    }

    /// Whether there was no print yet, and no history.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_none() && self.forming.iter().all(Option::is_none)
    }

    /// The latest candles, oldest first, the last one still forming.
    pub fn latest(&self, interval: Interval, limit: usize) -> Vec<Candle> {
        let mut candles: Vec<Candle> = self.newest_first(interval).take(limit).collect();
        candles.reverse();
        candles
    }

    /// Closing prices of the latest quarter of an hour, evenly spaced, oldest first and ending at the newest.
    pub fn sparkline(&self) -> Vec<Price> {
        const SECONDS: usize = 900;
        let length = self.newest_first(Interval::Second).count().min(SECONDS);
        let step = length.div_ceil(SPARKLINE_POINTS_MAX).max(1);
        let seconds = self.newest_first(Interval::Second).take(length);
        let mut prices: Vec<Price> = seconds.step_by(step).map(|candle| candle.close).collect();
        prices.reverse();
        prices
    }

    /// Takes away the candles that start later; the last one of the others forms again.
    fn forget_after(&mut self, interval: Interval, start: i64) {
        let (slot, ring) = (&mut self.forming[interval as usize], &mut self.rings[interval as usize]);
        if slot.is_some_and(|forming| forming.time > start) {
            ring.retain(|candle| candle.time <= start);
            *slot = ring.pop_back();
        }
    }

    fn extend(&mut self, interval: Interval, candle: Candle) {
        let slot = &mut self.forming[interval as usize];
        let Some(before) = *slot else {
            *slot = Some(candle);
            return;
        };
        let forming = before.followed_by(&candle);
        *slot = Some(forming);
        if forming.time != before.time {
            let ring = &mut self.rings[interval as usize];
            // With the one that is forming, and the one after it that may be fresh.
            if ring.len() + 2 == capacity(interval) {
                ring.pop_front();
            }
            ring.push_back(before);
        }
    }

    fn newest_first(&self, interval: Interval) -> impl Iterator<Item = Candle> {
        let (forming, fresh) = (self.forming[interval as usize], self.fresh.map(|fresh| of_interval(interval, fresh)));
        let (newest, before) = match (forming, fresh) {
            (Some(forming), Some(fresh)) if fresh.time > forming.time => (Some(fresh), Some(forming)),
            (Some(forming), Some(fresh)) => (Some(forming.followed_by(&fresh)), None),
            (forming, fresh) => (forming.or(fresh), None),
        };
        newest.into_iter().chain(before).chain(self.rings[interval as usize].iter().rev().copied())
    }
}

/// A candle of seconds as the beginning of one that lasts longer.
fn of_interval(interval: Interval, candle: Candle) -> Candle {
    Candle { time: interval.start_of(candle.time), ..candle }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{instant::UtcInstant, quote::Quote};

    fn price(cents: i64) -> Price {
        Price::from_units(cents * 100).unwrap()
    }

    fn print(cents: i64, at_ms: i64, volume: u64) -> Print {
        let at = UtcInstant::from_unix_ms(at_ms);
        let (ticker, price) = ("V".parse().unwrap(), price(cents));
        Print { quote: Quote { ticker, price, previous_price: price, day_open: price, at }, volume }
    }

    fn candles(prints: &[(i64, i64)]) -> Candles {
        let mut candles = Candles::default();
        prints.iter().for_each(|(cents, at_ms)| candles.add(&print(*cents, *at_ms, 10)));
        candles
    }

    #[test]
    fn prints_within_an_interval_are_one_candle() {
        let candles = candles(&[(100, 59_000), (105, 60_000), (103, 60_500), (107, 119_000), (101, 120_000)]);
        let minutes = candles.latest(Interval::Minute, 10);
        let expected =
            Candle { time: 60, open: price(105), high: price(107), low: price(103), close: price(107), volume: 30 };
        assert_eq!(minutes, [Candle::new(0, price(100), 10), expected, Candle::new(120, price(101), 10)]);
        assert_eq!(candles.latest(Interval::Hour, 10).len(), 1);
        assert_eq!(candles.latest(Interval::Minute, 1).len(), 1);
    }

    #[test]
    fn as_many_are_kept_as_have_room() {
        let prints: Vec<_> = (0..2_000).map(|second| (100 + second, second * 1_000)).collect();
        let seconds = candles(&prints).latest(Interval::Second, usize::MAX);
        assert_eq!((seconds.len(), seconds[0].time, seconds[1_799].time), (1_800, 200, 1_999));
    }

    #[test]
    fn a_clock_that_goes_back_begins_no_candle() {
        let seconds = candles(&[(102, 2_000), (103, 1_900)]).latest(Interval::Second, 10);
        assert_eq!(seconds.iter().map(|candle| (candle.time, candle.close)).collect::<Vec<_>>(), [(2, price(103))]);
    }

    #[test]
    fn the_past_goes_before_the_present_and_meets_it_in_one_candle() {
        let mut candles = candles(&[(105, 60_500), (106, 120_000)]);
        candles.prepend(History {
            ticker: "V".parse().unwrap(),
            seconds: vec![],
            minutes: vec![Candle::new(0, price(100), 1), Candle::new(60, price(104), 1)],
            five_minutes: vec![],
            hours: vec![],
            days: vec![],
        });
        let minutes = candles.latest(Interval::Minute, 10);
        assert_eq!(minutes.iter().map(|candle| candle.time).collect::<Vec<_>>(), [0, 60, 120]);
        assert_eq!((minutes[1].open, minutes[1].close, minutes[1].volume), (price(104), price(105), 11));
    }

    #[test]
    fn a_sparkline_is_bounded_and_ends_at_the_newest_price() {
        let prints: Vec<_> = (0..2_000).map(|second| (100 + second, second * 1_000)).collect();
        let prices = candles(&prints).sparkline();
        assert_eq!(prices.len(), SPARKLINE_POINTS_MAX);
        assert_eq!(prices.last(), Some(&price(2_099)));
        assert!(prices.is_sorted());
    }

    #[test]
    fn a_clock_that_goes_far_back_takes_the_future_away() {
        let mut candles = candles(&[(100, 0), (101, 60_000), (102, 120_000), (103, 3_600_000)]);
        candles.add(&print(104, 90_000, 1));
        let minutes = candles.latest(Interval::Minute, 10);
        assert_eq!(minutes.iter().map(|candle| candle.time).collect::<Vec<_>>(), [0, 60]);
        assert_eq!(minutes[1].close, price(104));
        assert_eq!(candles.latest(Interval::Second, 10).last().unwrap().time, 90);
        candles.add(&print(105, 60_000, 1));
        assert_eq!(candles.latest(Interval::Second, 10).last().unwrap().time, 90, "a little back is taken in");
    }

    proptest! {
        #[test]
        fn every_interval_agrees_on_the_whole(steps in prop::collection::vec((1_i64..10_000, 0_i64..40_000, 0_u64..100), 1..200)) {
            let (mut candles, mut at_ms) = (Candles::default(), 0);
            for (cents, pause_ms, volume) in &steps {
                at_ms += pause_ms;
                candles.add(&print(*cents, at_ms, *volume));
            }
            for interval in Interval::ALL {
                let all = candles.latest(interval, CANDLES_MAX);
                prop_assert!(all.windows(2).all(|pair| pair[0].time < pair[1].time));
                prop_assert!(all.iter().all(|candle| candle.time % interval.seconds() == 0));
                prop_assert!(all.iter().all(|c| c.low <= c.open.min(c.close) && c.high >= c.open.max(c.close)));
                prop_assert_eq!(all.iter().map(|candle| candle.volume).sum::<u64>(), steps.iter().map(|step| step.2).sum::<u64>());
                prop_assert_eq!(all.iter().map(|candle| candle.high).max(), steps.iter().map(|step| price(step.0)).max());
                prop_assert_eq!(all.last().unwrap().close, price(steps.last().unwrap().0));
            }
        }
    }
}
