//! The candles of a chart: the server's candles, continued by each quote, and corrected by later answers of the server.
//!
//! The page sees quotes, not prints: it has no volume, and misses whatever happens while its stream is down. So it
//! folds in each quote at once, and regularly fetches the latest candles, which are authoritative for completed
//! intervals.

use super::{
    candle::{Candle, Interval},
    money::Price,
};

/// Most candles that are kept; above it, the oldest [`SURPLUS`] are removed together.
pub const CANDLES_KEPT_MAX: usize = 2_400;
const SURPLUS: usize = 600;

/// Candles of one interval, in ascending order of time; the last one is still forming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleSeries {
    interval: Interval,
    candles: Vec<Candle>,
}

/// Part of a chart that must be redrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Nothing,
    /// Candles from this index on; earlier ones are unchanged.
    From(usize),
    /// All candles: some were removed or inserted.
    All,
}

impl Change {
    /// Combines two changes.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, change) | (change, Self::Nothing) => change,
            (Self::From(one), Self::From(other)) => Self::From(one.min(other)),
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }
}

impl CandleSeries {
    /// Creates a series from candles in ascending order of time.
    pub fn new(interval: Interval, candles: Vec<Candle>) -> Self {
        Self { interval, candles }
    }

    pub fn interval(&self) -> Interval {
        self.interval
    }

    pub fn candles(&self) -> &[Candle] {
        &self.candles
    }

    /// Index of the candle that starts at `time` (Unix seconds), if there is one.
    pub fn index_of(&self, time: i64) -> Option<usize> {
        self.find(time).ok()
    }

    /// Folds in a price of this moment (Unix seconds).
    pub fn take_in(&mut self, unix_seconds: i64, price: Price) -> Change {
        let quoted = Candle::new(self.interval.start_of(unix_seconds), price, 0);
        let forming = self.candles.last().map_or(quoted, |forming| forming.followed_by(&quoted));
        match self.candles.last_mut() {
            Some(last) if *last == forming => return Change::Nothing,
            Some(last) if last.time == forming.time => *last = forming,
            _ => self.candles.push(forming),
        }
        self.bound(Change::From(self.candles.len() - 1))
    }

    /// Merges the server's latest candles, oldest first. They replace candles of the same time, except for the last
    /// one's price: a quote may have arrived after the server answered.
    pub fn catch_up(&mut self, latest: &[Candle]) -> Change {
        let mut change = Change::Nothing;
        for candle in latest {
            change = change.and(self.correct(*candle));
        }
        self.bound(change)
    }

    fn correct(&mut self, candle: Candle) -> Change {
        match self.find(candle.time) {
            Ok(index) => {
                let known = self.candles[index];
                let is_forming = index + 1 == self.candles.len();
                let truth = if is_forming { forming(known, candle) } else { candle };
                self.candles[index] = truth;
                if truth == known { Change::Nothing } else { Change::From(index) }
            }
            Err(index) if index == self.candles.len() => {
                self.candles.push(candle);
                Change::From(index)
            }
            Err(index) => {
                self.candles.insert(index, candle);
                Change::All
            }
        }
    }

    fn find(&self, time: i64) -> Result<usize, usize> {
        self.candles.binary_search_by_key(&time, |candle| candle.time)
    }

    fn bound(&mut self, change: Change) -> Change {
        if self.candles.len() <= CANDLES_KEPT_MAX {
            return change;
        }
        self.candles.drain(..SURPLUS);
        Change::All
    }
}

/// The server's forming candle with the page's latest price.
fn forming(shown: Candle, server: Candle) -> Candle {
    Candle {
        high: shown.high.max(server.high),
        low: shown.low.min(server.low),
        close: shown.close,
        volume: shown.volume.max(server.volume),
        ..server
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn price(cents: i64) -> Price {
        Price::from_units(cents * 100).unwrap()
    }

    fn candle(time: i64, cents: i64, volume: u64) -> Candle {
        Candle::new(time, price(cents), volume)
    }

    fn series() -> CandleSeries {
        CandleSeries::new(Interval::Minute, vec![candle(0, 100, 7), candle(60, 101, 8)])
    }

    #[rstest]
    #[case::within(61, 105, Change::From(1), 2)]
    #[case::same_price(61, 101, Change::Nothing, 2)]
    #[case::next(120, 99, Change::From(2), 3)]
    #[case::after_a_gap(1_000, 99, Change::From(2), 3)]
    #[case::a_clock_that_went_back(10, 105, Change::From(1), 2)]
    fn a_quote_changes_or_begins_the_last_candle(
        #[case] at: i64,
        #[case] cents: i64,
        #[case] change: Change,
        #[case] length: usize,
    ) {
        let mut series = series();
        assert_eq!(series.take_in(at, price(cents)), change);
        assert_eq!((series.candles().len(), series.candles().last().unwrap().close), (length, price(cents)));
    }

    #[test]
    fn the_first_quote_of_all_begins_a_candle() {
        let mut series = CandleSeries::new(Interval::Second, vec![]);
        assert_eq!(series.take_in(5, price(100)), Change::From(0));
        assert_eq!(series.candles(), [candle(5, 100, 0)]);
        assert_eq!((series.index_of(5), series.index_of(6)), (Some(0), None));
    }

    #[test]
    fn the_server_sets_right_what_is_over_and_keeps_the_newest_price() {
        let mut series = series();
        series.take_in(70, price(110));
        let over = Candle { high: price(104), volume: 9, ..candle(0, 100, 0) };
        let change = series.catch_up(&[over, candle(60, 102, 20)]);
        assert_eq!(change, Change::From(0));
        assert_eq!(series.candles()[0], over);
        let forming = series.candles()[1];
        assert_eq!((forming.open, forming.close, forming.volume), (price(102), price(110), 20));
        assert_eq!((forming.high, forming.low), (price(110), price(101)));
        assert_eq!(series.catch_up(&[over]), Change::Nothing, "what is known already changes nothing");
    }

    #[test]
    fn what_was_missed_is_put_where_it_belongs() {
        let mut series = series();
        series.take_in(300, price(103));
        assert_eq!(series.catch_up(&[candle(60, 101, 8), candle(120, 102, 1), candle(300, 103, 1)]), Change::All);
        assert_eq!(series.candles().iter().map(|candle| candle.time).collect::<Vec<_>>(), [0, 60, 120, 300]);
        assert_eq!(series.catch_up(&[candle(360, 104, 1)]), Change::From(4));
    }

    proptest! {
        #[test]
        fn times_rise_and_the_list_is_bounded(steps in prop::collection::vec((0_i64..400, 1_i64..1_000, any::<bool>()), 1..4_000)) {
            let (mut series, mut now) = (CandleSeries::new(Interval::Second, vec![]), 0);
            for (pause, cents, is_quote) in steps {
                now += pause - 100;
                let change = if is_quote { series.take_in(now, price(cents)) } else { series.catch_up(&[candle(now, cents, 1)]) };
                prop_assert!(series.candles().len() <= CANDLES_KEPT_MAX);
                if let Change::From(index) = change {
                    prop_assert!(index < series.candles().len());
                }
            }
            prop_assert!(series.candles().windows(2).all(|pair| pair[0].time < pair[1].time));
        }
    }
}
