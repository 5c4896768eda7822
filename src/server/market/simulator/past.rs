//! The past: candles of any interval, and sparklines, computed from the path on demand.
//!
//! A market with the exchange's hours only has candles of its sessions; a day's candle extends from the opening of the
//! early session to the close of the late one.
//!
//! Nothing is stored for charts that are not open. Candles are cached for a while, because open charts are read
//! repeatedly: completed candles do not change, so the next read only computes new ones.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
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
    server::market::{self, hours::Hours},
};

/// Lists of candles in the cache; at most about 70 KB each.
const LISTS_MAX: usize = 48;

/// Sparklines in the cache; half a kilobyte each.
const SPARKLINES_MAX: usize = 1_100;

/// Interval between a sparkline's points; it shows 15 minutes.
const SPARKLINE_STEP_SECONDS: i64 = 900 / SPARKLINE_POINTS_MAX as i64;

/// Number of candles per interval: a year of days, a month of hours, five days of five minutes, a day of minutes and 15
/// minutes of seconds.
const fn length(interval: Interval) -> i64 {
    match interval {
        Interval::Second => 900,
        Interval::Minute | Interval::FiveMinutes => 1_440,
        Interval::Hour => 720,
        Interval::Day => 365,
    }
}

/// Time range of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// The candle's time, in Unix seconds.
    time: i64,
    /// Start of the range, in Unix seconds.
    from: i64,
    seconds: i64,
}

impl Stretch {
    fn units(self) -> Range<i64> {
        let from = grid::units_of_second(self.from);
        from..from + self.seconds * SECOND
    }
}

/// The latest `count` candles up to a moment of trading, oldest first; the last one is forming.
fn stretches(hours: Hours, interval: Interval, at: UtcInstant, count: i64) -> Vec<Stretch> {
    let (second, seconds) = (at.unix_second(), interval.seconds());
    let aligned = |time| Stretch { time, from: time, seconds };
    if hours == Hours::Continuous {
        let forming = interval.start_of(second);
        return (0..count).rev().map(|back| aligned(forming - back * seconds)).collect();
    }
    let mut stretches = Vec::new();
    for (date, trades) in hours.trading_times_before(at) {
        if stretches.len() as i64 >= count {
            break;
        }
        match interval {
            Interval::Day => {
                stretches.push(Stretch { time: date, from: trades.start, seconds: trades.end - trades.start });
            }
            _ => {
                // Sessions begin and end on the hour.
                let newest = interval.start_of(trades.end.min(second + 1) - 1);
                let times = (trades.start..=newest).rev().step_by(seconds as usize);
                let room = (count - stretches.len() as i64) as usize;
                stretches.extend(times.take(room).map(|time| aligned(interval.start_of(time))));
            }
        }
    }
    stretches.reverse();
    stretches
}

/// The past of every ticker.
#[derive(Debug)]
pub struct Past {
    seed: u64,
    /// Prices are shown at multiples of this, in units.
    step: i64,
    sectors: Arc<Sectors>,
    hours: Hours,
    lists: Mutex<Shelf<(Ticker, Interval), List>>,
    sparklines: Mutex<Shelf<Ticker, Sparkline>>,
}

/// Cached series, each with its own lock, so that a slow one blocks no other.
#[derive(Debug)]
struct Shelf<K, V> {
    rows: HashMap<K, (u64, Arc<Mutex<V>>)>,
    uses: u64,
    rows_max: usize,
}

/// Contiguous completed candles.
#[derive(Debug, Default)]
struct List {
    candles: VecDeque<Candle>,
    /// The forming candle at the latest read.
    forming: Option<(UtcInstant, Candle)>,
}

/// Prices at the ends of the latest completed steps.
#[derive(Debug, Default)]
struct Sparkline {
    /// Start of the last step, in steps since the Unix epoch.
    newest: i64,
    prices: VecDeque<Price>,
    /// Price at the latest read.
    latest: Option<(UtcInstant, Price)>,
}

impl Past {
    pub fn new(seed: u64, step: i64, sectors: Arc<Sectors>, hours: Hours) -> Self {
        Self {
            seed,
            step,
            sectors,
            hours,
            lists: Mutex::new(Shelf::new(LISTS_MAX)),
            sparklines: Mutex::new(Shelf::new(SPARKLINES_MAX)),
        }
    }
}

impl market::Past for Past {
    fn candles(&self, ticker: Ticker, interval: Interval, at: UtcInstant, limit: usize) -> Vec<Candle> {
        let count = i64::try_from(limit).unwrap_or(i64::MAX).min(length(interval));
        let row = lock(&self.lists).row((ticker, interval));
        let mut list = lock(&row);
        // Many reads between two ticks are the same.
        if !list.has(count, at) {
            let mut stretches = stretches(self.hours, interval, at, count);
            let Some(forming) = stretches.pop() else {
                return Vec::new();
            };
            let mut reader = Reader::new(self, ticker);
            list.reach(interval, &stretches, forming, &mut reader);
            list.forming = Some((at, reader.forming(forming, at)));
        }
        let count = usize::try_from(count).unwrap_or(0);
        let from = (list.candles.len() + 1).saturating_sub(count).min(list.candles.len());
        let forming = list.forming.map(|(_, candle)| candle).filter(|_| count > 0);
        list.candles.range(from..).copied().chain(forming).collect()
    }

    fn sparkline(&self, ticker: Ticker, at: UtcInstant) -> Vec<Price> {
        let row = lock(&self.sparklines).row(ticker);
        let mut line = lock(&row);
        if line.latest.is_none_or(|(read, _)| read != at) {
            let newest = at.unix_second().div_euclid(SPARKLINE_STEP_SECONDS) - 1;
            let mut reader = Reader::new(self, ticker);
            line.reach(newest, |step| {
                let end = UtcInstant::from_unix_ms((step + 1) * SPARKLINE_STEP_SECONDS * 1_000 - 1);
                reader.price_before(self.hours.last_traded(end).unix_second() + 1)
            });
            let now = grid::units_of(at).div_euclid(self.step) * self.step;
            line.latest = Some((at, reader.price(now)));
        }
        line.prices.iter().copied().chain(line.latest.map(|(_, price)| price)).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Ignores poisoning: `reach` checks the times and computes missing entries again.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Copy + Eq + std::hash::Hash, V: Default> Shelf<K, V> {
    fn new(rows_max: usize) -> Self {
        Self { rows: HashMap::new(), uses: 0, rows_max }
    }

    /// The entry of a key; a full cache evicts the least recently used one.
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
    /// Whether it has this many candles, or all, as of that moment.
    fn has(&self, count: i64, at: UtcInstant) -> bool {
        self.forming.is_some_and(|(read, _)| read == at) && self.candles.len() as i64 + 1 >= count
    }

    /// Computes missing completed candles, up to the one before `forming`.
    fn reach(&mut self, interval: Interval, over: &[Stretch], forming: Stretch, reader: &mut Reader<'_>) {
        // After the clock was set back, candles that are no longer complete are removed.
        while self.candles.pop_back_if(|candle| candle.time >= forming.time).is_some() {}
        // Candles that are not contiguous with the first one are dropped.
        let newest = self.candles.back().map(|newest| newest.time);
        if over.first().is_some_and(|first| newest.is_none_or(|newest| newest < first.time)) {
            self.candles.clear();
        }
        let [oldest, newest] = [self.candles.front(), self.candles.back()].map(|end| end.map(|candle| candle.time));
        let earlier = over.iter().filter(|stretch| oldest.is_some_and(|oldest| stretch.time < oldest));
        let earlier: Vec<Candle> = earlier.map(|stretch| reader.candle(*stretch)).collect();
        let later = over.iter().filter(|stretch| newest.is_none_or(|newest| stretch.time > newest));
        for stretch in later {
            self.candles.push_back(reader.candle(*stretch));
        }
        earlier.into_iter().rev().for_each(|candle| self.candles.push_front(candle));
        while self.candles.len() as i64 >= length(interval) {
            self.candles.pop_front();
        }
    }
}

impl Sparkline {
    /// Computes the prices at the ends of the steps up to `newest`.
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

/// Reads one ticker's path, mostly forwards. Initialised by the first requested instant.
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

    /// A completed candle.
    fn candle(&mut self, stretch: Stretch) -> Candle {
        let Range { start, end } = stretch.units();
        self.of_trades(stretch.time, start..end, end)
    }

    /// The candle as of a moment.
    fn forming(&mut self, stretch: Stretch, at: UtcInstant) -> Candle {
        let Range { start, end: end_max } = stretch.units();
        let now = (grid::units_of(at).div_euclid(self.step) * self.step).max(start);
        let end = (now.div_euclid(TRADE_UNITS) + 1) * TRADE_UNITS;
        // The forming second counts as a whole.
        let second_end = (now.div_euclid(SECOND) + 1) * SECOND;
        let mut candle = self.of_trades(stretch.time, start..end.min(end_max), second_end.min(end_max));
        // A market that ticks faster than it trades shows prices between trades.
        let shown = self.price(now);
        candle.high = candle.high.max(shown);
        candle.low = candle.low.min(shown);
        candle.close = shown;
        candle
    }

    fn of_trades(&mut self, time: i64, range: Range<i64>, volume_until: i64) -> Candle {
        let mut sectors = self.sectors;
        let open = self.price(range.start);
        let (low, high) = match &self.cursor {
            Some(cursor) => {
                let stretch = cursor.stretch_to(range.end);
                extremes::of_trades(&self.path, cursor.news(), stretch, range.clone(), &mut sectors)
            }
            // Unreachable: reading the opening has set the cursor.
            None => unreachable!("the opening has been read"),
        };
        let volume = self.volumes.traded_over_days(&self.path, range.start..volume_until, &mut sectors);
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
        Past::new(SEED, TRADE_UNITS, Arc::new(Sectors::new(SEED)), Hours::Continuous)
    }

    fn at(unix_ms: i64) -> UtcInstant {
        UtcInstant::from_unix_ms(unix_ms)
    }

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    /// Prices of all trades within the given seconds.
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
            // Another test computes a complete long list.
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
        // Later, much later, earlier, small steps, and a longer list.
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
        // The last completed step, of fifteen seconds, ended at 14:02:00.
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
        let fine = Past::new(SEED, 1, Arc::new(Sectors::new(SEED)), Hours::Continuous);
        let now = at(AT_MS + 300);
        let candle = fine.candles(ticker("AAPL"), Interval::Minute, now, 1)[0];
        assert_eq!(Some(&candle.close), fine.sparkline(ticker("AAPL"), now).last());
        assert!(candle.low <= candle.close && candle.close <= candle.high);
        // Completed candles are independent of the pace.
        let closed = |past: &Past| past.candles(ticker("AAPL"), Interval::Minute, now, 9)[..8].to_vec();
        assert_eq!(closed(&fine), closed(&past()));
    }

    fn exchange_past() -> Past {
        Past::new(SEED, TRADE_UNITS, Arc::new(Sectors::new(SEED)), Hours::Exchange)
    }

    #[rstest]
    #[case::seconds(Interval::Second, 900)]
    #[case::minutes(Interval::Minute, 1_440)]
    #[case::five_minutes(Interval::FiveMinutes, 500)]
    #[case::hours(Interval::Hour, 100)]
    fn candles_of_an_exchange_are_of_its_sessions(#[case] interval: Interval, #[case] limit: usize) {
        // Monday, 30 November 2026, 9:05 UTC: five minutes into the early session, after Thanksgiving's short Friday.
        let now = at(1_796_029_500_000);
        let candles = exchange_past().candles(ticker("AAPL"), interval, now, limit);
        assert_eq!(candles.len(), limit);
        assert!(candles.windows(2).all(|pair| pair[0].time < pair[1].time));
        for candle in &candles {
            let begins = at(candle.time * 1_000);
            assert!(Hours::Exchange.session_at(begins).is_some(), "{}", begins.to_rfc3339());
            assert_eq!(candle.time % interval.seconds(), 0);
        }
        assert_eq!(candles[limit - 1].time, interval.start_of(now.unix_second()));
    }

    #[test]
    fn a_day_of_an_exchange_is_all_of_its_sessions() {
        let now = at(1_796_029_500_000);
        let past = exchange_past();
        let days = past.candles(ticker("AAPL"), Interval::Day, now, 3);
        let dates: Vec<String> = days.iter().map(|day| at(day.time * 1_000).to_rfc3339()).collect();
        assert_eq!(dates, ["2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z", "2026-11-30T00:00:00Z"]);
        let hours = past.candles(ticker("AAPL"), Interval::Hour, now, 40);
        // Sixteen hours from 4:00 in New York on, over midnight in UTC, and thirteen on a half day.
        for (day, trades, count) in
            [(&days[0], 1_795_597_200..1_795_654_800, 16), (&days[1], 1_795_770_000..1_795_816_800, 13)]
        {
            let of_day: Vec<_> = hours.iter().filter(|hour| trades.contains(&hour.time)).collect();
            assert_eq!(of_day.len(), count);
            let mut whole = Candle { time: day.time, ..*of_day[0] };
            of_day[1..].iter().for_each(|hour| whole.extend(hour));
            assert_eq!(&whole, day);
        }
    }
}
