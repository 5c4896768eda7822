//! Simulated volume.
//!
//! Volume follows the size of a move, as in real markets (Karpoff, *The Relation Between Price Changes and Trading
//! Volume*, 1987), with independent noise. A day's volume is drawn from the day's change; its hours share it in
//! proportion to their moves, their minutes share that, and so do the seconds. So the candles of all intervals agree,
//! and each can be computed without the others. The simulated day goes around the clock, and so does its volume.

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::SplitMix64;

use super::{
    grid::{self, DAY, HOUR, MINUTE, SECOND, TRADE_UNITS, TRADING_DAYS_A_YEAR},
    path::{Cursor, Path},
    shocks::SectorShocks,
};

/// Fraction of the volume that is independent of the move; the rest is proportional to it.
const STILL_SHARE: f64 = 0.4;

/// Most standard deviations of a move that count: an event has about fifteen times the usual volume.
const DEVIATIONS_MAX: f64 = 20.0;

/// E|Z| of a standard normal Z, √(2/π).
const MEAN_DEVIATION: f64 = 0.797_884_560_802_865_4;

/// σ of the logarithm of the noise.
const NOISE: f64 = 0.5;

/// Activity of a stretch, with a mean of 1 over normal moves, given its move in standard deviations of a move of that
/// length.
fn activity(deviations: f64, rng: &mut SplitMix64) -> f64 {
    let by_move = STILL_SHARE + (1.0 - STILL_SHARE) * deviations.abs().min(DEVIATIONS_MAX) / MEAN_DEVIATION;
    let z: f64 = StandardNormal.sample(rng);
    // The mean of exp(σZ) is exp(σ²/2), which is divided out.
    by_move * (NOISE * z - NOISE * NOISE / 2.0).exp()
}

/// Parts among which a stretch's volume is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Hour,
    Minute,
    Second,
}

impl Part {
    fn units(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Minute => MINUTE,
            Self::Second => SECOND,
        }
    }

    /// Length of the whole.
    fn whole(self) -> i64 {
        match self {
            Self::Hour => DAY,
            Self::Minute => HOUR,
            Self::Second => MINUTE,
        }
    }
}

/// Volumes of the parts of one day, hour or minute.
#[derive(Debug, Default)]
struct Shares {
    start: i64,
    /// Shares traded before each part, and finally the total.
    before: Vec<u64>,
}

/// Computes the volumes of a ticker, and caches the latest day, hour and minute.
#[derive(Debug, Default)]
pub struct Volumes {
    hours: Shares,
    minutes: Shares,
    seconds: Shares,
}

impl Volumes {
    /// Shares traded in a range of units that begins and ends with a second.
    pub fn traded_over_days(&mut self, path: &Path, range: Range<i64>, sectors: &mut impl SectorShocks) -> u64 {
        let mut traded = 0;
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(grid::day_of(start) + DAY);
            traded += self.traded(path, start..end, sectors);
            start = end;
        }
        traded
    }

    /// The shares traded between any two instants; those of a second are spread evenly over it.
    pub fn between(&mut self, path: &Path, range: Range<i64>, sectors: &mut impl SectorShocks) -> u64 {
        let (mut traded, mut start) = (0, range.start);
        while start < range.end {
            let day = grid::day_of(start);
            let end = range.end.min(day + DAY);
            traded += self.until(path, day, end, sectors) - self.until(path, day, start, sectors);
            start = end;
        }
        traded
    }

    /// Those from the beginning of the day at `start` to an instant of it.
    fn until(&mut self, path: &Path, start: i64, instant: i64, sectors: &mut impl SectorShocks) -> u64 {
        let part = (instant - start) % SECOND;
        let second = instant - part;
        let before = self.since_midnight(path, start, second, sectors);
        if part == 0 {
            return before;
        }
        let whole = self.since_midnight(path, start, second + SECOND, sectors) - before;
        // Invariant: a part of a whole is no more than that.
        before + u64::try_from(i128::from(whole) * i128::from(part) / i128::from(SECOND)).unwrap_or(whole)
    }

    /// Shares traded in a range of units that begins and ends with a second, within a day.
    pub fn traded(&mut self, path: &Path, range: Range<i64>, sectors: &mut impl SectorShocks) -> u64 {
        let start = grid::day_of(range.start);
        let before = self.since_midnight(path, start, range.start, sectors);
        self.since_midnight(path, start, range.end, sectors) - before
    }

    /// Shares from the beginning of the day at `start` to a second of it, or its end.
    fn since_midnight(&mut self, path: &Path, start: i64, until: i64, sectors: &mut impl SectorShocks) -> u64 {
        let mut traded = 0;
        let mut whole = start;
        for part in [Part::Hour, Part::Minute, Part::Second] {
            let index = (until - whole) / part.units();
            traded += self.parts(path, part, whole, sectors)[index as usize];
            whole += index * part.units();
            if whole == until {
                break;
            }
        }
        traded
    }

    /// Shares traded before each part of the whole that begins at `start`, and finally the total.
    fn parts(&mut self, path: &Path, part: Part, start: i64, sectors: &mut impl SectorShocks) -> &[u64] {
        let known = match part {
            Part::Hour => &self.hours,
            Part::Minute => &self.minutes,
            Part::Second => &self.seconds,
        };
        if known.before.is_empty() || known.start != start {
            let total = match part {
                Part::Hour => of_day(path, start, sectors),
                Part::Minute => self.part(path, Part::Hour, start, sectors),
                Part::Second => self.part(path, Part::Minute, start, sectors),
            };
            let shares = Shares { start, before: share_out(path, part, start, total, sectors) };
            match part {
                Part::Hour => self.hours = shares,
                Part::Minute => self.minutes = shares,
                Part::Second => self.seconds = shares,
            }
        }
        match part {
            Part::Hour => &self.hours.before,
            Part::Minute => &self.minutes.before,
            Part::Second => &self.seconds.before,
        }
    }

    /// Shares traded in the part that begins at `start`.
    fn part(&mut self, path: &Path, part: Part, start: i64, sectors: &mut impl SectorShocks) -> u64 {
        let whole = start.div_euclid(part.whole()) * part.whole();
        let index = ((start - whole) / part.units()) as usize;
        let before = self.parts(path, part, whole, sectors);
        before[index + 1] - before[index]
    }
}

/// Volume of the day that begins at `start`: at least one share a second.
fn of_day(path: &Path, start: i64, sectors: &mut impl SectorShocks) -> u64 {
    let day = path.day(start, sectors);
    let deviations = (day.at_right - day.at_left) * TRADING_DAYS_A_YEAR.sqrt();
    let busy = activity(deviations, &mut path.volume.at(start));
    let traded = (path.listing.average_daily_volume as f64 * busy).round() as u64;
    traded.max(seconds_in(DAY))
}

/// Divides a whole's volume among its parts by their activity; each second has at least one share.
fn share_out(path: &Path, part: Part, start: i64, total: u64, sectors: &mut impl SectorShocks) -> Vec<u64> {
    let deviation = path.listing.volatility * grid::variance(part.units()).sqrt();
    let count = part.whole() / part.units();
    let mut cursor = Cursor::new(path, start, sectors);
    let mut before = cursor.level(path, start, sectors);
    let mut sum = 0.0;
    let sums: Vec<f64> = (0..count)
        .map(|index| {
            let part_start = start + index * part.units();
            // Up to the last trade, since the next midnight belongs to another day.
            let after = cursor.level(path, part_start + part.units() - TRADE_UNITS, sectors);
            // A different stream from that of the whole, which begins at the same instant.
            let mut rng = path.volume.at(part_start + part.units() / 2 + 1);
            sum += activity((after - before) / deviation, &mut rng);
            before = after;
            sum
        })
        .collect();
    let seconds = seconds_in(part.units());
    // Invariant: a whole has at least one share a second, because its own whole had.
    let rest = total.saturating_sub(seconds * count as u64) as f64;
    let shared = (1..).zip(sums).map(|(parts, so_far)| parts * seconds + (rest * (so_far / sum)).round() as u64);
    std::iter::once(0).chain(shared).collect()
}

fn seconds_in(units: i64) -> u64 {
    (units / SECOND) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::market::simulator::sectors::Sectors;

    #[test]
    fn days_trade_the_average_daily_volume() {
        const DAYS: i64 = 4_000;
        let (sectors, path) = (Sectors::new(42), Path::new(42, "AAPL".parse().unwrap()));
        let traded: u64 = (0..DAYS).map(|day| of_day(&path, day * DAY, &mut &sectors)).sum();
        // A draw has mean 1 and standard deviation 0.75 in units of the usual: E[activity²]·exp(0.25) − 1 is
        // (0.16 + 0.48 + 0.36·π/2)·1.284 − 1 = 0.55. Four standard errors of 4,000 draws are 4.7 %.
        assert!((traded as f64 / DAYS as f64 / 55e6 - 1.0).abs() < 0.047, "{traded}");
    }

    #[test]
    fn a_larger_move_trades_more_up_to_a_bound() {
        let draw = |deviations| activity(deviations, &mut path_stream());
        assert!(draw(0.0) < draw(1.0) && draw(1.0) < draw(-5.0));
        assert_eq!(draw(100.0), draw(500.0));
    }

    fn path_stream() -> SplitMix64 {
        Path::new(42, "AAPL".parse().unwrap()).volume.at(0)
    }

    #[test]
    fn parts_add_up_to_the_whole_and_each_second_trades() {
        let sectors = Sectors::new(42);
        for ticker in ["AAPL", "ZZZZ"] {
            let path = Path::new(42, ticker.parse().unwrap());
            let start = 300 * DAY;
            let mut volumes = Volumes::default();
            let mut traded = |range: Range<i64>| volumes.traded(&path, range, &mut &sectors);
            assert_eq!(traded(start..start + DAY), of_day(&path, start, &mut &sectors));
            let hours: u64 = (0..24).map(|hour| traded(start + hour * HOUR..start + (hour + 1) * HOUR)).sum();
            assert_eq!(hours, of_day(&path, start, &mut &sectors));
            let hour = start + 13 * HOUR;
            let minutes: u64 = (0..60).map(|n| traded(hour + n * MINUTE..hour + (n + 1) * MINUTE)).sum();
            assert_eq!(minutes, traded(hour..hour + HOUR));
            let minute = hour + 59 * MINUTE;
            let seconds: Vec<u64> = (0..60).map(|n| traded(minute + n * SECOND..minute + (n + 1) * SECOND)).collect();
            assert_eq!(seconds.iter().sum::<u64>(), traded(minute..minute + MINUTE));
            assert!(seconds.iter().all(|shares| *shares > 0), "{seconds:?}");
            assert_eq!(traded(start..start), 0);
            // Ticks of half a second add up to the same, over midnight too.
            let mut ticks = |range: Range<i64>| -> u64 {
                let steps = (range.end - range.start) / (SECOND / 2);
                let at = |step| range.start + step * (SECOND / 2);
                (0..steps).map(|step| volumes.between(&path, at(step)..at(step + 1), &mut &sectors)).sum()
            };
            assert_eq!(ticks(minute..minute + MINUTE), seconds.iter().sum::<u64>());
            let midnight = start + DAY;
            let both = ticks(midnight - SECOND..midnight + SECOND);
            let sides = [midnight - SECOND..midnight, midnight..midnight + SECOND];
            assert_eq!(both, sides.map(|side| volumes.traded(&path, side, &mut &sectors)).iter().sum::<u64>());
        }
    }
}
