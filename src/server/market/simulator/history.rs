//! What was before a ticker's first print: candles that lead up to the live price.
//!
//! One path is walked backwards (`backward`), in steps of a second for the latest quarter of an hour,
//! of a minute for five days, of an hour for thirty days, and of a day before that; candles of every interval are made of
//! its steps, so they agree wherever they overlap.
//!
//! Grids are aligned to the clock, so a path's length and draws depend on it. Live prices do not: they have streams of
//! their own.

use rand::Rng;

use super::{
    backward::{self, Ending},
    listings::Listing,
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        ticker::Ticker,
    },
    server::market::History,
};

/// How many candles there are of each interval, the one that is forming included.
const fn length(interval: Interval) -> i64 {
    match interval {
        Interval::Second => 900,
        Interval::Minute => 1_440,
        Interval::FiveMinutes => 1_440,
        Interval::Hour => 720,
        Interval::Day => 365,
    }
}

/// Steps of a minute go back this far: as far as candles of five minutes do.
const MINUTES_REACH_SECONDS: i64 = length(Interval::FiveMinutes) * 300;

/// The past of a ticker.
pub fn lead_up(ticker: Ticker, listing: &Listing, ending: &Ending, rng: &mut impl Rng) -> History {
    let now = ending.unix_seconds();
    let times = grid(now);
    let levels = backward::path(&times, listing, ending, rng);
    let steps = backward::steps(&times, &levels, listing, rng);
    let latest = |interval| latest(&steps, interval, now);
    History {
        ticker,
        seconds: latest(Interval::Second),
        minutes: latest(Interval::Minute),
        five_minutes: latest(Interval::FiveMinutes),
        hours: latest(Interval::Hour),
        days: latest(Interval::Day),
    }
}

/// The time at which the oldest candle of an interval starts.
fn reach(interval: Interval, now: i64) -> i64 {
    interval.start_of(now) - (length(interval) - 1) * interval.seconds()
}

/// Unix seconds between which the path steps, newest first, from the end of the present second. Each kind of step ends
/// where one of the next longer kind can start.
fn grid(now: i64) -> Vec<i64> {
    let steps = [
        (Interval::Second, Interval::Minute.start_of(reach(Interval::Second, now))),
        (Interval::Minute, Interval::Hour.start_of(now - MINUTES_REACH_SECONDS)),
        (Interval::Hour, Interval::Day.start_of(reach(Interval::Hour, now))),
        (Interval::Day, reach(Interval::Day, now)),
    ];
    let mut time = now + 1;
    let mut times = vec![time];
    for (interval, first) in steps {
        while time > first {
            time -= interval.seconds();
            times.push(time);
        }
    }
    times
}

/// The latest candles of an interval, oldest first, made of steps that are no longer than it.
fn latest(steps: &[Candle], interval: Interval, now: i64) -> Vec<Candle> {
    let first = reach(interval, now);
    let mut candles: Vec<Candle> = Vec::with_capacity(length(interval) as usize);
    for step in &steps[steps.partition_point(|step| step.time < first)..] {
        let time = interval.start_of(step.time);
        match candles.last_mut() {
            Some(candle) if candle.time == time => candle.extend(step),
            _ => candles.push(Candle { time, ..*step }),
        }
    }
    candles
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rstest::rstest;

    use super::*;
    use crate::{domain::instant::UtcInstant, server::market::simulator::listings};

    /// Sunday, 22 November 2026, 14:02:11.512.
    const AT_MS: i64 = 1_795_356_131_512;

    fn apple() -> Listing {
        listings::known("AAPL".parse().unwrap()).unwrap()
    }

    /// A history that ends at 190 dollars, a trading day after it was 187.
    fn history(at_ms: i64) -> History {
        let (level, open_level) = (190_f64.ln(), 187_f64.ln());
        let ending = Ending { at: UtcInstant::from_unix_ms(at_ms), level, open_level, open_age: 23_400.0 };
        lead_up("AAPL".parse().unwrap(), &apple(), &ending, &mut ChaCha8Rng::seed_from_u64(42))
    }

    fn lists(history: &History) -> [(Interval, &[Candle]); 5] {
        let History { ticker: _, seconds, minutes, five_minutes, hours, days } = history;
        let lists = [seconds, minutes, five_minutes, hours, days];
        std::array::from_fn(|index| (Interval::ALL[index], lists[index].as_slice()))
    }

    #[rstest]
    #[case::some_day(AT_MS)]
    #[case::midnight(1_795_305_600_000)]
    #[case::just_before_midnight(1_795_305_599_999)]
    #[case::epoch(0)]
    #[case::before_the_epoch(-1_234_567_890)]
    fn lists_are_long_aligned_ordered_and_end_now(#[case] at_ms: i64) {
        let history = history(at_ms);
        let now = at_ms.div_euclid(1_000);
        for ((interval, candles), length) in lists(&history).into_iter().zip([900, 1_440, 1_440, 720, 365]) {
            assert_eq!(candles.len(), length, "{interval:?}");
            assert!(candles.windows(2).all(|pair| pair[1].time - pair[0].time == interval.seconds()), "{interval:?}");
            let last = candles.last().unwrap();
            assert_eq!(last.time, interval.start_of(now), "{interval:?}");
            assert_eq!(last.close.to_string(), "190.00", "{interval:?}");
        }
    }

    #[rstest]
    #[case::some_day(AT_MS)]
    #[case::midnight(1_795_305_600_000)]
    fn candles_are_sound_and_intervals_agree(#[case] at_ms: i64) {
        let history = history(at_ms);
        let lists = lists(&history);
        for (_, candles) in lists {
            assert!(candles.iter().all(|c| c.low <= c.open.min(c.close) && c.high >= c.open.max(c.close)));
            assert!(candles.iter().all(|c| c.volume > 0 && c.low.units() % 100 == 0 && c.high.units() % 100 == 0));
            // What one candle closes at, the next one opens at.
            assert!(candles.windows(2).all(|pair| pair[0].close == pair[1].open));
        }
        for pair in lists.windows(2) {
            let [(_, fine), (interval, coarse)] = pair else { unreachable!() };
            let first = fine[0].time;
            let covered = coarse.iter().filter(|candle| candle.time >= first);
            for candle in covered {
                let within: Vec<_> = fine.iter().filter(|part| interval.start_of(part.time) == candle.time).collect();
                let mut whole = Candle { time: candle.time, ..**within.first().unwrap() };
                within[1..].iter().for_each(|part| whole.extend(part));
                assert_eq!(&whole, candle, "{interval:?}");
            }
        }
    }

    #[test]
    fn the_path_goes_through_the_days_opening() {
        let opened = AT_MS / 1_000 - 23_400;
        let candle = |candles: &[Candle], interval: Interval| {
            candles.iter().find(|candle| candle.time == interval.start_of(opened)).copied().unwrap()
        };
        assert_eq!(candle(&history(AT_MS).minutes, Interval::Minute).open.to_string(), "187.00");
        // An opening within the present second is where that second starts.
        let (at, level) = (UtcInstant::from_unix_ms(AT_MS), 190_f64.ln());
        let ending = Ending { at, level, open_level: level, open_age: 0.0 };
        let history = lead_up("AAPL".parse().unwrap(), &apple(), &ending, &mut ChaCha8Rng::seed_from_u64(42));
        assert_eq!(history.seconds.last().unwrap().open.to_string(), "190.00");
    }

    #[test]
    fn days_are_as_volatile_and_as_busy_as_the_listing() {
        let days = history(AT_MS).days;
        // Those that are steps of their own: the latest thirty and the present one are made of hours and less.
        let days = &days[..days.len() - 31];
        let n = days.len() as f64;
        let squares: f64 = days.iter().map(|day| (day.close.dollars() / day.open.dollars()).ln().powi(2)).sum();
        let a_year = (squares / n * 252.0).sqrt();
        // Four standard errors of a deviation, σ/√(2n) each, with n = 334: 15.5 %.
        assert!((a_year / 0.26 - 1.0).abs() < 0.155, "{a_year}");
        let volume = days.iter().map(|day| day.volume as f64).sum::<f64>() / n;
        // A day's volume has a deviation of 75 % (see `volume`), four standard errors are 16 %.
        assert!((volume / 55e6 - 1.0).abs() < 0.16, "{volume}");
    }

    #[test]
    fn recent_days_are_as_busy_as_earlier_ones() {
        let days = history(AT_MS).days;
        let recent = &days[days.len() - 31..days.len() - 1];
        let volume = recent.iter().map(|day| day.volume as f64).sum::<f64>() / 30.0;
        // A sum of 24 hours or more has a deviation of 75 %/√24 at most; four standard errors of 30 days are 11 %.
        assert!((volume / 55e6 - 1.0).abs() < 0.11, "{volume}");
    }
}
