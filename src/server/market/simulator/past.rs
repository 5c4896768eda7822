//! The past: candles of any interval, and sparklines, made from the path on demand.
//!
//! Nothing is kept for charts that nobody looks at. Candles are cached for a while, because whoever looks at a chart
//! looks again: the candles that are over do not change, so the next reading makes those that ended since.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    extremes,
    grid::{self, SECOND, TRADE_UNITS},
    path::{Cursor, Path, price},
    sectors::Sectors,
    volume::Volumes,
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        instant::UtcInstant,
        money::Price,
        ticker::Ticker,
        watchlist::SPARKLINE_POINTS_MAX,
    },
    server::market,
};

/// How many lists of candles are remembered; some 70 KB each at the most.
const LISTS_MAX: usize = 48;

/// How many sparklines are remembered; half a kilobyte each.
const SPARKLINES_MAX: usize = 1_100;

/// From one point of a sparkline to the next; it shows a quarter of an hour.
const SPARKLINE_STEP_SECONDS: i64 = 900 / SPARKLINE_POINTS_MAX as i64;

/// How many candles of an interval there are: a year of days, a month of hours, five days of five minutes, a day of
/// minutes and a quarter of an hour of seconds.
const fn length(interval: Interval) -> i64 {
    match interval {
        Interval::Second => 900,
        Interval::Minute | Interval::FiveMinutes => 1_440,
        Interval::Hour => 720,
        Interval::Day => 365,
    }
}

/// The past of every ticker.
#[derive(Debug)]
pub struct Past {
    seed: u64,
    /// The market shows prices at whole multiples of it, in units.
    step: i64,
    sectors: Arc<Sectors>,
    lists: Mutex<Shelf<(Ticker, Interval), List>>,
    sparklines: Mutex<Shelf<Ticker, Sparkline>>,
}

/// The cached series, each with a lock of its own, so that a slow one holds up no other.
#[derive(Debug)]
struct Shelf<K, V> {
    rows: HashMap<K, (u64, Arc<Mutex<V>>)>,
    uses: u64,
    rows_max: usize,
}

/// Candles that are over, one after the other.
#[derive(Debug, Default)]
struct List {
    candles: VecDeque<Candle>,
    /// The candle that is forming, as it was at the moment of the latest reading.
    forming: Option<(UtcInstant, Candle)>,
}

/// The prices at the ends of the latest steps that are over.
#[derive(Debug, Default)]
struct Sparkline {
    /// When the last of the steps began, in steps since the Unix epoch.
    newest: i64,
    prices: VecDeque<Price>,
    /// The price at the moment of the latest reading.
    latest: Option<(UtcInstant, Price)>,
}

impl Past {
    pub fn new(seed: u64, step: i64, sectors: Arc<Sectors>) -> Self {
        Self {
            seed,
            step,
            sectors,
            lists: Mutex::new(Shelf::new(LISTS_MAX)),
            sparklines: Mutex::new(Shelf::new(SPARKLINES_MAX)),
        }
    }
}

impl market::Past for Past {
    fn candles(&self, ticker: Ticker, interval: Interval, at: UtcInstant, limit: usize) -> Vec<Candle> {
        let forming = interval.start_of(at.unix_second());
        let wanted = i64::try_from(limit).unwrap_or(i64::MAX).min(length(interval)) - 1;
        if wanted < 0 {
            return Vec::new();
        }
        let first = forming - wanted * interval.seconds();
        let row = lock(&self.lists).row((ticker, interval));
        let mut list = lock(&row);
        // Between two ticks many read the same.
        if !list.has(first, at) {
            let mut reader = Reader::new(self, ticker);
            list.reach(interval, first, forming, &mut reader);
            list.forming = Some((at, reader.forming(forming, interval.seconds(), at)));
        }
        let from = list.candles.partition_point(|candle| candle.time < first);
        let forming = list.forming.map(|(_, candle)| candle);
        list.candles.range(from..).copied().chain(forming).collect()
    }

    fn sparkline(&self, ticker: Ticker, at: UtcInstant) -> Vec<Price> {
        let row = lock(&self.sparklines).row(ticker);
        let mut line = lock(&row);
        if line.latest.is_none_or(|(read, _)| read != at) {
            let newest = at.unix_second().div_euclid(SPARKLINE_STEP_SECONDS) - 1;
            let mut reader = Reader::new(self, ticker);
            line.reach(newest, |step| reader.price_before((step + 1) * SPARKLINE_STEP_SECONDS));
            let now = grid::units_of(at).div_euclid(self.step) * self.step;
            line.latest = Some((at, reader.price(now)));
        }
        line.prices.iter().copied().chain(line.latest.map(|(_, price)| price)).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic left half made is made anew by `reach`, which looks at the times themselves.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Copy + Eq + std::hash::Hash, V: Default> Shelf<K, V> {
    fn new(rows_max: usize) -> Self {
        Self { rows: HashMap::new(), uses: 0, rows_max }
    }

    /// The row of a key; where there is no room for it, the one that was asked for longest ago makes some.
    fn row(&mut self, key: K) -> Arc<Mutex<V>> {
        self.uses += 1;
        if !self.rows.contains_key(&key)
            && self.rows.len() >= self.rows_max
            && let Some(oldest) = self.rows.iter().min_by_key(|row| row.1.0).map(|row| *row.0)
        {
            self.rows.remove(&oldest);
        }
        let row = self.rows.entry(key).or_default();
        row.0 = self.uses;
        Arc::clone(&row.1)
    }
}

impl List {
    /// Whether it holds all candles from `first` on, as they are at that moment.
    fn has(&self, first: i64, at: UtcInstant) -> bool {
        let Some((read, forming)) = self.forming else {
            return false;
        };
        read == at && self.candles.front().map_or(forming.time, |oldest| oldest.time) <= first
    }

    /// Makes what is missing of the candles from `first` up to the one before `forming`.
    fn reach(&mut self, interval: Interval, first: i64, forming: i64, reader: &mut Reader<'_>) {
        let seconds = interval.seconds();
        // A clock that was set back takes away what is not over any more.
        while self.candles.pop_back_if(|candle| candle.time >= forming).is_some() {}
        if self.candles.back().is_some_and(|newest| newest.time + seconds < first) {
            self.candles.clear();
        }
        let mut next = self.candles.back().map_or(first, |newest| newest.time + seconds);
        while next < forming {
            self.candles.push_back(reader.candle(next, seconds));
            next += seconds;
        }
        let oldest = self.candles.front().map_or(first, |oldest| oldest.time);
        let earlier: Vec<Candle> =
            (first..oldest).step_by(seconds as usize).map(|time| reader.candle(time, seconds)).collect();
        earlier.into_iter().rev().for_each(|candle| self.candles.push_front(candle));
        while self.candles.len() as i64 >= length(interval) {
            self.candles.pop_front();
        }
    }
}

impl Sparkline {
    /// Has the prices at the ends of the steps up to `newest`.
    fn reach(&mut self, newest: i64, mut price_at_end: impl FnMut(i64) -> Price) {
        let kept = SPARKLINE_POINTS_MAX as i64 - 1;
        let oldest = newest - kept + 1;
        if !(oldest..=newest).contains(&self.newest) || self.prices.is_empty() {
            self.prices.clear();
            self.newest = oldest - 1;
        }
        for step in self.newest + 1..=newest {
            self.prices.push_back(price_at_end(step));
        }
        self.newest = newest;
        while self.prices.len() as i64 > kept {
            self.prices.pop_front();
        }
    }
}

/// Goes through one ticker's path, mostly forwards. It is set up with the first instant that is asked for.
struct Reader<'a> {
    path: Path,
    sectors: &'a Sectors,
    step: i64,
    cursor: Option<Cursor>,
    volumes: Volumes,
}

impl<'a> Reader<'a> {
    fn new(past: &'a Past, ticker: Ticker) -> Self {
        let path = Path::new(past.seed, ticker);
        Self { path, sectors: &past.sectors, step: past.step, cursor: None, volumes: Volumes::default() }
    }

    fn level(&mut self, units: i64) -> f64 {
        let mut sectors = self.sectors;
        let cursor = self.cursor.get_or_insert_with(|| Cursor::new(&self.path, units, &mut sectors));
        cursor.level(&self.path, units, &mut sectors)
    }

    fn price(&mut self, units: i64) -> Price {
        price(self.level(units))
    }

    /// The last price before a Unix second.
    fn price_before(&mut self, unix_second: i64) -> Price {
        self.price(grid::units_of_second(unix_second) - TRADE_UNITS)
    }

    /// The candle of the seconds from `time` on, which are over.
    fn candle(&mut self, time: i64, seconds: i64) -> Candle {
        let from = grid::units_of_second(time);
        self.of_trades(time, from..from + seconds * SECOND, from + seconds * SECOND)
    }

    /// The candle as far as it is at that moment.
    fn forming(&mut self, time: i64, seconds: i64, at: UtcInstant) -> Candle {
        let from = grid::units_of_second(time);
        let now = (grid::units_of(at).div_euclid(self.step) * self.step).max(from);
        let end = (now.div_euclid(TRADE_UNITS) + 1) * TRADE_UNITS;
        // The second that is forming counts as a whole.
        let second_end = (now.div_euclid(SECOND) + 1) * SECOND;
        let end_max = from + seconds * SECOND;
        let mut candle = self.of_trades(time, from..end.min(end_max), second_end.min(end_max));
        // A market that ticks faster than it trades shows prices between trades.
        let shown = self.price(now);
        candle.high = candle.high.max(shown);
        candle.low = candle.low.min(shown);
        candle.close = shown;
        candle
    }

    fn of_trades(&mut self, time: i64, range: std::ops::Range<i64>, volume_until: i64) -> Candle {
        let mut sectors = self.sectors;
        let open = self.price(range.start);
        let (low, high) = match &self.cursor {
            Some(cursor) => {
                let stretch = cursor.stretch_to(range.end);
                extremes::of_trades(&self.path, cursor.news(), stretch, range.clone(), &mut sectors)
            }
            // Not met: reading the opening set the cursor up.
            None => unreachable!("the opening has been read"),
        };
        let volume = self.volumes.traded(&self.path, range.start..volume_until, &mut sectors);
        let close = self.price(range.end - TRADE_UNITS);
        Candle { time, open, high: price(high), low: price(low), close, volume }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::server::market::Past as _;

    const SEED: u64 = 42;

    /// Sunday, 22 November 2026, 14:02:11.5.
    const AT_MS: i64 = 1_795_356_131_500;

    fn past() -> Past {
        Past::new(SEED, TRADE_UNITS, Arc::new(Sectors::new(SEED)))
    }

    fn at(unix_ms: i64) -> UtcInstant {
        UtcInstant::from_unix_ms(unix_ms)
    }

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    /// The prices of all trades of so many seconds.
    fn trades(symbol: &str, from: i64, seconds: i64) -> Vec<Price> {
        let past = past();
        let mut reader = Reader::new(&past, ticker(symbol));
        let start = grid::units_of_second(from);
        (0..seconds * 2).map(|n| reader.price(start + n * TRADE_UNITS)).collect()
    }

    #[rstest]
    #[case::some_day(AT_MS)]
    #[case::midnight(1_795_305_600_000)]
    #[case::just_before_midnight(1_795_305_599_999)]
    #[case::epoch(0)]
    fn lists_are_long_aligned_ordered_and_end_now(#[case] at_ms: i64) {
        let past = past();
        let now = past.sparkline(ticker("AAPL"), at(at_ms)).pop().unwrap();
        for (interval, length) in Interval::ALL.into_iter().zip([900, 1_440, 1_440, 720, 365]) {
            // All of a long list is made in another test.
            let limit = if interval <= Interval::Minute { usize::MAX } else { 40 };
            let candles = past.candles(ticker("AAPL"), interval, at(at_ms), limit);
            assert_eq!(candles.len(), limit.min(length), "{interval:?}");
            assert!(candles.windows(2).all(|pair| pair[1].time - pair[0].time == interval.seconds()), "{interval:?}");
            assert!(candles.iter().all(|c| c.low <= c.open.min(c.close) && c.high >= c.open.max(c.close)));
            assert!(candles.iter().all(|c| c.volume > 0 && c.low.units() % 100 == 0 && c.high.units() % 100 == 0));
            let last = candles.last().unwrap();
            assert_eq!((last.time, last.close), (interval.start_of(at_ms.div_euclid(1_000)), now), "{interval:?}");
        }
        assert_eq!(past.candles(ticker("AAPL"), Interval::Day, at(at_ms), 0), []);
    }

    #[test]
    fn a_candle_is_its_trades_folded() {
        let past = past();
        for interval in [Interval::Second, Interval::Minute, Interval::FiveMinutes, Interval::Hour] {
            let candles = past.candles(ticker("TSLA"), interval, at(AT_MS), 4);
            for candle in &candles[..3] {
                let trades = trades("TSLA", candle.time, interval.seconds());
                assert_eq!((candle.open, candle.close), (trades[0], *trades.last().unwrap()), "{interval:?}");
                let (low, high) = (trades.iter().min().unwrap(), trades.iter().max().unwrap());
                assert_eq!((candle.low, candle.high), (*low, *high), "{interval:?}");
            }
        }
    }

    #[test]
    fn candles_of_all_intervals_agree() {
        let past = past();
        let lists = Interval::ALL.map(|interval| past.candles(ticker("V"), interval, at(AT_MS), 1_440));
        for (fine, (interval, coarse)) in lists.iter().zip(Interval::ALL.into_iter().zip(&lists).skip(1)) {
            let covered = coarse.iter().filter(|candle| candle.time >= fine[0].time);
            for candle in covered {
                let within: Vec<_> = fine.iter().filter(|part| interval.start_of(part.time) == candle.time).collect();
                let mut whole = Candle { time: candle.time, ..*within[0] };
                within[1..].iter().for_each(|part| whole.extend(part));
                assert_eq!(&whole, candle, "{interval:?}");
            }
        }
    }

    #[test]
    fn a_past_that_was_read_before_is_the_one_that_was_not() {
        let (read, mut before) = (past(), 0);
        // Later, much later, earlier, a little at a time, and with a longer list.
        for (minutes, limit) in [(0, 30), (1, 30), (3, 50), (900, 20), (-40, 25), (-39, 200), (5_000, 10)] {
            for interval in [Interval::Second, Interval::Minute, Interval::Hour] {
                let now = at(AT_MS + minutes * 60_000 + before);
                let candles = read.candles(ticker("AAPL"), interval, now, limit);
                assert_eq!(read.candles(ticker("AAPL"), interval, now, limit / 2), candles[limit - limit / 2..]);
                assert_eq!(candles, past().candles(ticker("AAPL"), interval, now, limit), "{minutes} {interval:?}");
                assert_eq!(read.sparkline(ticker("AAPL"), now), past().sparkline(ticker("AAPL"), now));
            }
            before += 500;
        }
    }

    #[test]
    fn a_sparkline_is_sixty_prices_up_to_now() {
        let prices = past().sparkline(ticker("AAPL"), at(AT_MS));
        assert_eq!(prices.len(), SPARKLINE_POINTS_MAX);
        let second = AT_MS / 1_000;
        // The last step that is over, of fifteen seconds, ended at 14:02:00.
        let ended = trades("AAPL", second - second % 15 - 1, 1);
        let now = trades("AAPL", second, 1);
        assert_eq!(prices[58..], [ended[1], now[1]]);
    }

    #[test]
    fn only_so_many_lists_are_kept_and_the_latest_stay() {
        let mut shelf: Shelf<u32, u32> = Shelf::new(3);
        for key in [1, 2, 3, 1, 4] {
            *shelf.row(key).lock().unwrap() = key;
        }
        assert_eq!(shelf.rows.len(), 3);
        let kept = [1, 2, 3, 4].map(|key| shelf.rows.contains_key(&key));
        assert_eq!(kept, [true, false, true, true]);
    }

    #[test]
    fn between_trades_a_candle_ends_with_the_price_that_is_shown() {
        let fine = Past::new(SEED, 1, Arc::new(Sectors::new(SEED)));
        let now = at(AT_MS + 300);
        let candle = fine.candles(ticker("AAPL"), Interval::Minute, now, 1)[0];
        assert_eq!(Some(&candle.close), fine.sparkline(ticker("AAPL"), now).last());
        assert!(candle.low <= candle.close && candle.close <= candle.high);
        // Those that are over are the same whatever the pace.
        let closed = |past: &Past| past.candles(ticker("AAPL"), Interval::Minute, now, 9)[..8].to_vec();
        assert_eq!(closed(&fine), closed(&past()));
    }
}
