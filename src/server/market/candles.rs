//! The candles of one ticker, in every interval, kept up to date with each print.

use std::collections::VecDeque;

use super::{History, Print, hours::Hours};
use crate::domain::{
    candle::{Candle, Interval, STEP_BACK_SECONDS},
    corporate_action::{ExchangeDate, SplitRatio},
    money::Price,
    watchlist::SPARKLINE_POINTS_MAX,
};

/// How much of a ticker's past is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Enough for a chart: some 280 KiB.
    #[default]
    Whole,
    /// A little, until someone looks: some 15 KiB.
    Brief,
}

/// How many candles of each interval are kept briefly: no fewer than the seconds of a minute, which are folded together.
const BRIEF_CAPACITY: usize = 64;

impl Depth {
    /// How many candles of an interval are kept.
    const fn capacity(self, interval: Interval) -> usize {
        match (self, interval) {
            (Self::Brief, _) => BRIEF_CAPACITY,
            (Self::Whole, Interval::Second) => 1_800,
            (Self::Whole, Interval::Minute) => 1_440,
            (Self::Whole, Interval::FiveMinutes) => 1_440,
            (Self::Whole, Interval::Hour) => 720,
            (Self::Whole, Interval::Day) => 400,
        }
    }
}

/// The most candles there are of any interval.
pub const CANDLES_MAX: usize = 1_800;

/// The intervals that are longer than a second, in [`Candles::longer`]'s order.
const LONGER: [Interval; 4] = [Interval::Minute, Interval::FiveMinutes, Interval::Hour, Interval::Day];

/// Five rings of candles, one for each interval. A print touches the second that forms and nothing else, a second that is
/// over is written down, and the longer intervals take in a minute's seconds at once, or when someone asks: what a tick of
/// many tickers costs is the memory it touches.
#[derive(Debug, Default)]
pub struct Candles {
    depth: Depth,
    /// It was kept briefly, and its past is to be told anew.
    is_cut: bool,
    /// Whose days the daily candles have.
    hours: Hours,
    /// The prints of this second, which are in nothing else yet.
    fresh: Option<Candle>,
    /// The seconds before it,
    seconds: VecDeque<Candle>,
    /// …and when the newest of them starts: the ring itself is cold when the next is written, and not waited for.
    newest_second: Option<i64>,
    /// So many of the latest seconds are in none of the longer intervals yet. They are of one minute.
    unfolded: usize,
    /// Apart, so that what a tick touches of many tickers lies close together.
    longer: Box<[Series; LONGER.len()]>,
}

/// The candles of an interval, up to the seconds that are not folded into it yet.
#[derive(Debug, Default)]
struct Series {
    forming: Option<Candle>,
    /// Those before it.
    ring: VecDeque<Candle>,
}

impl Candles {
    /// Candles of a past that is not told yet, of a market that keeps these hours.
    pub fn of(depth: Depth, hours: Hours) -> Self {
        Self { depth, hours, is_cut: depth == Depth::Brief, ..Self::default() }
    }

    /// Keeps more or less from now on; tells whether the past has to be told anew for it.
    pub fn set_depth(&mut self, depth: Depth) -> bool {
        self.depth = depth;
        if depth == Depth::Brief {
            self.is_cut = true;
            shorten(&mut self.seconds);
            self.longer.iter_mut().for_each(|series| shorten(&mut series.ring));
        }
        self.is_cut && depth == Depth::Whole
    }

    /// Turns to shares of today, the day of a split, where it is not yet; `now` is a price after it.
    pub fn split(&mut self, ratio: SplitRatio, day: ExchangeDate, now: Price) {
        self.settle();
        self.fold();
        let starts_at = day.starts_at().unix_second();
        let past = |interval: Interval| {
            move |candle: &Candle| match interval {
                // A day's candle bears the date.
                Interval::Day => candle.time < day.days() * Interval::Day.seconds(),
                Interval::Second | Interval::Minute | Interval::FiveMinutes | Interval::Hour => candle.time < starts_at,
            }
        };
        // The past as a whole was told before the split or after it.
        let mut last = LONGER.into_iter().zip(self.longer.iter()).filter_map(|(interval, series)| {
            let candles = series.ring.iter().chain(&series.forming).rev();
            candles.copied().find(past(interval))
        });
        let is_past_before = last.next().is_some_and(|candle| ratio.is_price_before(candle.close, now));
        let turn = |candle: &mut Candle, is_past: bool| {
            let of_today = |price: Price| {
                let is_before = if is_past { is_past_before } else { ratio.is_price_before(price, now) };
                Some(price).filter(|_| is_before).and_then(|price| ratio.of_price(price)).unwrap_or(price)
            };
            if is_past && is_past_before {
                candle.volume = ratio.of_volume(candle.volume);
            }
            let [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map(of_today);
            let (high, low) = (high.max(open).max(close), low.min(open).min(close));
            *candle = Candle { open, high, low, close, ..*candle };
        };
        self.seconds.iter_mut().for_each(|second| turn(second, past(Interval::Second)(second)));
        for (interval, series) in LONGER.into_iter().zip(self.longer.iter_mut()) {
            series.ring.iter_mut().chain(&mut series.forming).for_each(|candle| turn(candle, past(interval)(candle)));
        }
    }

    /// Whether all is there that a chart shows, or will be once the source tells it for the first time.
    pub fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// Takes in a print: it extends the candle that is forming, or begins the next one. A clock that went back far takes
    /// the candles away that are in the future now; else the last one would form until that future comes.
    pub fn add(&mut self, print: &Print) {
        let time = print.quote.at.unix_second();
        let candle = Candle::new(time, print.quote.price, print.volume);
        match &mut self.fresh {
            // Or a moment before, where a clock was set right.
            Some(fresh) if (time..=time + STEP_BACK_SECONDS).contains(&fresh.time) => fresh.extend(&candle),
            _ => {
                self.settle();
                if self.newest_second.is_some_and(|newest| newest - time > STEP_BACK_SECONDS) {
                    self.forget_after(time);
                }
                self.fresh = Some(candle);
            }
        }
    }

    /// Writes down the second that is over.
    fn settle(&mut self) {
        let Some(fresh) = self.fresh.take() else {
            return;
        };
        let minute = |time| Interval::Minute.start_of(time);
        if self.newest_second.is_some_and(|newest| minute(newest) != minute(fresh.time)) {
            self.fold();
        }
        if self.write_down(fresh) {
            self.unfolded += 1;
        } else if self.unfolded == 0 {
            // The clock had gone back to a second that is folded already.
            self.fold_one(fresh);
        }
    }

    /// Whether it is a second of its own: one that does not come after the newest is part of that.
    fn write_down(&mut self, second: Candle) -> bool {
        if self.newest_second >= Some(second.time)
            && let Some(newest) = self.seconds.back_mut()
        {
            newest.extend(&second);
            return false;
        }
        // With the one that is fresh.
        if self.seconds.len() + 1 >= self.depth.capacity(Interval::Second) {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
        self.newest_second = Some(second.time);
        true
    }

    /// Takes the latest seconds into the longer intervals.
    fn fold(&mut self) {
        if let Some(candle) = self.latest_seconds() {
            self.fold_one(candle);
        }
        self.unfolded = 0;
    }

    fn fold_one(&mut self, candle: Candle) {
        for (interval, series) in LONGER.into_iter().zip(self.longer.iter_mut()) {
            series.extend(interval, of_interval(interval, candle, self.hours), self.depth);
        }
    }

    /// Takes in a candle of `length` as the source has it: its high and low, which prints may have missed, and its opening.
    /// Its close is that of the prints, which are as new.
    pub fn set_right(&mut self, length: Interval, told: &Candle) {
        self.settle();
        self.fold();
        for (interval, series) in
            LONGER.into_iter().zip(self.longer.iter_mut()).filter(|(interval, _)| *interval >= length)
        {
            // A day is told by its date already.
            let start = if length == Interval::Day { told.time } else { start_of(interval, told.time, self.hours) };
            let Some(candle) = series.find(start) else {
                continue;
            };
            candle.high = candle.high.max(told.high);
            candle.low = candle.low.min(told.low);
            if interval == length {
                candle.open = told.open;
            }
        }
    }

    /// The seconds that are not folded yet, as one candle.
    fn latest_seconds(&self) -> Option<Candle> {
        let seconds = self.seconds.iter().skip(self.seconds.len().saturating_sub(self.unfolded));
        seconds.copied().reduce(|mut whole, second| {
            whole.extend(&second);
            whole
        })
    }

    /// Puts a ticker's past before what is already here; where both have a candle, they are one.
    pub fn prepend(&mut self, history: History) {
        self.settle();
        self.fold();
        let History { seconds, minutes, five_minutes, hours, days, ticker: _ } = history;
        // What was kept briefly is part of the past that is told now.
        let is_retold = self.depth == Depth::Whole && std::mem::take(&mut self.is_cut);
        let covered = |past: &[Candle]| past.last().filter(|_| is_retold).map(|last| last.time);
        let (present, end) = (std::mem::take(&mut self.seconds), covered(&seconds));
        self.newest_second = None;
        for second in seconds.into_iter().chain(present.into_iter().filter(|second| Some(second.time) > end)) {
            self.write_down(second);
        }
        let pasts = [minutes, five_minutes, hours, days];
        for ((interval, series), past) in LONGER.into_iter().zip(self.longer.iter_mut()).zip(pasts) {
            let Series { forming, ring } = std::mem::take(series);
            let end = covered(&past);
            let present = ring.into_iter().chain(forming).filter(|candle| Some(candle.time) >= end);
            past.into_iter().chain(present).for_each(|candle| series.extend(interval, candle, self.depth));
        }
    }

    /// Whether there was no print yet, and no history.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_none() && self.seconds.is_empty() && self.longer.iter().all(|series| series.forming.is_none())
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

    /// Takes away what starts after `time`; the last candle of each longer interval forms again.
    fn forget_after(&mut self, time: i64) {
        self.fold();
        self.seconds.retain(|second| second.time <= time);
        self.newest_second = self.seconds.back().map(|second| second.time);
        for (interval, series) in LONGER.into_iter().zip(self.longer.iter_mut()) {
            series.forget_after(start_of(interval, time, self.hours));
        }
    }

    fn newest_first(&self, interval: Interval) -> impl Iterator<Item = Candle> {
        let series = LONGER.iter().position(|longer| *longer == interval).map(|index| &self.longer[index]);
        let (ring, forming, unfolded) = match series {
            Some(series) => (&series.ring, series.forming, self.latest_seconds()),
            None => (&self.seconds, None, None),
        };
        let of_seconds = [unfolded, self.fresh].into_iter().flatten();
        let of_seconds = of_seconds.map(|candle| of_interval(interval, candle, self.hours));
        // What is not in the ring, oldest first: three candles at the most.
        let mut tail: Vec<Candle> = Vec::with_capacity(3);
        let mut before = ring.iter().rev().copied().peekable();
        for candle in forming.into_iter().chain(of_seconds) {
            match tail.last_mut() {
                Some(newest) if newest.time >= candle.time => newest.extend(&candle),
                Some(_) => tail.push(candle),
                // A clock that had gone back makes the newest second fresh again.
                None => tail.push(
                    before
                        .next_if(|newest| newest.time >= candle.time)
                        .map_or(candle, |newest| newest.followed_by(&candle)),
                ),
            }
        }
        tail.into_iter().rev().chain(before)
    }
}

impl Series {
    fn extend(&mut self, interval: Interval, candle: Candle, depth: Depth) {
        match &mut self.forming {
            Some(forming) if forming.time >= candle.time => forming.extend(&candle),
            forming => {
                // With the one that is forming, and the two after it that seconds may make.
                if self.ring.len() + 3 >= depth.capacity(interval) {
                    self.ring.pop_front();
                }
                self.ring.extend(forming.replace(candle));
            }
        }
    }

    /// The candle that starts then, if it is among the latest.
    fn find(&mut self, start: i64) -> Option<&mut Candle> {
        /// Further back nothing is set right any more.
        const LOOK_BACK: usize = 5;
        let latest = self.forming.iter_mut().chain(self.ring.iter_mut().rev());
        latest.take(LOOK_BACK).find(|candle| candle.time == start)
    }

    /// Takes the candles away that start later; the last one of the others forms again.
    fn forget_after(&mut self, start: i64) {
        if self.forming.is_some_and(|forming| forming.time > start) {
            self.ring.retain(|candle| candle.time <= start);
            self.forming = self.ring.pop_back();
        }
    }
}

/// Leaves the newest candles of a ring, and the room of as many.
fn shorten(ring: &mut VecDeque<Candle>) {
    // As many as a brief ring comes to have: one or more stand beside it.
    ring.drain(..ring.len().saturating_sub(BRIEF_CAPACITY - 3));
    ring.shrink_to(BRIEF_CAPACITY);
}

/// A candle of seconds as the beginning of one that lasts longer.
fn of_interval(interval: Interval, candle: Candle, hours: Hours) -> Candle {
    Candle { time: start_of(interval, candle.time, hours), ..candle }
}

/// When the candle starts that holds this second.
fn start_of(interval: Interval, second: i64, hours: Hours) -> i64 {
    match interval {
        Interval::Day => hours.candle_day(second),
        Interval::Second | Interval::Minute | Interval::FiveMinutes | Interval::Hour => interval.start_of(second),
    }
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
        Print {
            quote: Quote { ticker, price, previous_price: price, previous_close: price, at, is_stale: false },
            volume,
        }
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
    fn a_minute_of_the_source_fills_in_what_prints_missed() {
        let mut candles = candles(&[(100, 45_000), (105, 60_000), (103, 75_000)]);
        let bar = |time, open, high, low| Candle {
            open: price(open),
            high: price(high),
            low: price(low),
            ..Candle::new(time, price(1), 99)
        };
        candles.set_right(Interval::Minute, &bar(60, 104, 120, 90));
        candles.set_right(Interval::Minute, &bar(0, 98, 101, 97));
        candles.set_right(Interval::Minute, &bar(300_000, 1, 1, 1));
        candles.add(&print(104, 90_000, 10));
        let minutes = candles.latest(Interval::Minute, 10);
        let expected =
            Candle { time: 60, open: price(104), high: price(120), low: price(90), close: price(104), volume: 30 };
        assert_eq!(minutes, [Candle { close: price(100), volume: 10, ..bar(0, 98, 101, 97) }, expected]);
        let hour = candles.latest(Interval::Hour, 1)[0];
        assert_eq!((hour.open, hour.high, hour.low, hour.close), (price(100), price(120), price(90), price(104)));
        candles.set_right(Interval::Day, &bar(0, 99, 130, 80));
        let day = candles.latest(Interval::Day, 1)[0];
        assert_eq!((day.open, day.high, day.low, day.close), (price(99), price(130), price(80), price(104)));
        assert_eq!(candles.latest(Interval::Hour, 1)[0], hour, "no hour is known of a day");
        let seconds = candles.latest(Interval::Second, 10);
        assert_eq!(seconds.iter().map(|second| second.high).max(), Some(price(105)), "no second is known of a minute");
    }

    #[test]
    fn the_exchanges_evening_is_part_of_its_own_day() {
        // 19:29:59 and 19:30 in New York, and the next morning: 2026-12-01 in UTC, all of them.
        let evening_ms = 1_796_083_200_000;
        let prints = [(100, evening_ms - 1_000), (101, evening_ms + 1_800_000), (102, evening_ms + 40_000_000)];
        let days = |hours| {
            let mut candles = Candles::of(Depth::Whole, hours);
            prints.iter().for_each(|(cents, at_ms)| candles.add(&print(*cents, *at_ms, 1)));
            candles.latest(Interval::Day, 10).iter().map(|day| (day.time, day.volume)).collect::<Vec<_>>()
        };
        let midnight = evening_ms / 1_000;
        assert_eq!(days(Hours::Exchange), [(midnight - 86_400, 2), (midnight, 1)]);
        assert_eq!(days(Hours::Continuous), [(midnight - 86_400, 1), (midnight, 2)]);
    }

    #[test]
    fn as_many_are_kept_as_have_room() {
        let prints: Vec<_> = (0..2_000).map(|second| (100 + second, second * 1_000)).collect();
        let seconds = candles(&prints).latest(Interval::Second, usize::MAX);
        assert_eq!((seconds.len(), seconds[0].time, seconds[1_799].time), (1_800, 200, 1_999));
    }

    #[test]
    fn little_is_kept_briefly_and_the_past_that_is_told_anew_takes_its_place() {
        let mut candles = Candles::of(Depth::Brief, Hours::Continuous);
        let second = |second: i64| print(100 + second % 7, second * 1_000, 1);
        let whole: Vec<Print> = (0..20_000).map(second).collect();
        whole.iter().for_each(|print| candles.add(print));
        for interval in Interval::ALL {
            let kept = candles.latest(interval, usize::MAX);
            let all = folded(interval, &whole);
            assert!(kept.len() <= BRIEF_CAPACITY);
            assert_eq!(kept, all[all.len() - kept.len()..], "{interval:?}: the newest, as they are");
        }
        assert!(candles.set_depth(Depth::Whole) && !candles.is_whole());
        // A print comes before the past does.
        let next = second(20_000);
        candles.add(&next);
        let [seconds, minutes, five_minutes, hours, days] = Interval::ALL.map(|interval| folded(interval, &whole));
        candles.prepend(History { ticker: "V".parse().unwrap(), seconds, minutes, five_minutes, hours, days });
        assert!(candles.is_whole());
        let all: Vec<Print> = whole.into_iter().chain([next]).collect();
        for interval in Interval::ALL {
            let (kept, all) = (candles.latest(interval, usize::MAX), folded(interval, &all));
            let times = |candles: &[Candle]| candles.iter().map(|candle| candle.time).collect::<Vec<_>>();
            assert_eq!(times(&kept), times(&all[all.len() - kept.len()..]), "{interval:?}");
            assert!(kept.len() == all.len() || kept.len() > 1_000, "{interval:?}");
            assert_eq!(kept.last().unwrap().close, all.last().unwrap().close);
        }
        assert!(!candles.set_depth(Depth::Brief) && candles.set_depth(Depth::Whole), "it is cut again");
        assert!(!Candles::default().set_depth(Depth::Whole), "one whose past comes anyway");
    }

    #[test]
    fn a_split_divides_the_past_once() {
        let day: ExchangeDate = "2026-11-30".parse().unwrap();
        let ratio = SplitRatio { from: "1".parse().unwrap(), to: "10".parse().unwrap() };
        let start = day.starts_at().unix_ms();
        // At 200 the day before; today one more at 200, as a source tells it that is late, and then at 20.
        let mut candles = candles(&[(20_000, start - 3_600_000), (20_000, start + 60_000), (2_000, start + 61_000)]);
        for _ in 0..2 {
            candles.split(ratio, day, price(2_000));
            for interval in Interval::ALL {
                let all = candles.latest(interval, 10);
                let prices: Vec<_> = all.iter().flat_map(|c| [c.open, c.high, c.low, c.close]).collect();
                assert!(prices.iter().all(|found| *found == price(2_000)), "{interval:?} {all:?}");
            }
        }
        assert_eq!(candles.latest(Interval::Hour, 10)[0].volume, 100, "shares of today");
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

    /// The candles of an interval as one would fold them by hand: a clock that goes back a little stands still.
    fn folded(interval: Interval, prints: &[Print]) -> Vec<Candle> {
        let (mut candles, mut time): (Vec<Candle>, i64) = (Vec::new(), 0);
        for print in prints {
            time = time.max(print.quote.at.unix_second());
            let candle = Candle::new(interval.start_of(time), print.quote.price, print.volume);
            match candles.last_mut() {
                Some(newest) if newest.time == candle.time => newest.extend(&candle),
                _ => candles.push(candle),
            }
        }
        candles
    }

    proptest! {
        #[test]
        fn candles_are_their_prints_folded_whenever_they_are_read(
            steps in prop::collection::vec((1_i64..10_000, -20_000_i64..90_000, 0_u64..100), 1..300),
            earlier in 0_usize..300,
        ) {
            let mut latest_ms = 0;
            let prints: Vec<Print> = steps.iter().map(|(cents, pause_ms, volume)| {
                let at_ms = latest_ms + pause_ms;
                latest_ms = latest_ms.max(at_ms);
                print(*cents, at_ms.max(0), *volume)
            }).collect();
            let mut candles = Candles::default();
            for (count, print) in (1..).zip(&prints) {
                candles.add(print);
                if count % 7 == 0 || count == prints.len() {
                    for interval in Interval::ALL {
                        prop_assert_eq!(candles.latest(interval, CANDLES_MAX), folded(interval, &prints[..count]), "{:?}", interval);
                    }
                }
            }
            // The same prints, the earlier of which come as history.
            let (before, after) = prints.split_at(earlier.min(prints.len()));
            let mut candles = Candles::default();
            after.iter().for_each(|print| candles.add(print));
            let [seconds, minutes, five_minutes, hours, days] = Interval::ALL.map(|interval| folded(interval, before));
            candles.prepend(History { ticker: "V".parse().unwrap(), seconds, minutes, five_minutes, hours, days });
            for interval in Interval::ALL {
                let all = candles.latest(interval, CANDLES_MAX);
                let expected = folded(interval, &prints);
                prop_assert_eq!(all.iter().map(|candle| candle.volume).sum::<u64>(), expected.iter().map(|candle| candle.volume).sum::<u64>());
                prop_assert_eq!(all.last(), expected.last(), "{:?}", interval);
            }
        }

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
