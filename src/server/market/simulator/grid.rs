//! The market's time, and how a stretch of it is halved.
//!
//! # Units
//! An instant is a whole number of units of 1/128 s since [`EPOCH_UNIX_SECONDS`], so that each second and half second is one.
//! The market trades each half second ([`TRADE_UNITS`]): candles are made of the prices at those instants, whatever the
//! pace at which a server ticks.
//!
//! # The tree
//! Lévy's construction (Mörters and Peres, *Brownian Motion*, section 1.1) draws a path at the ends of a stretch first and
//! then at a point inside, given the ends, again and again. Each instant is the inner point of exactly one stretch, so
//! its draw can be found by the instant alone, and any instant is reached in O(log n) steps. A stretch is split at a whole
//! number of the longest of days, hours, minutes and seconds that is shorter than it; so the candles of an interval begin
//! at instants high up in the tree.
//!
//! - Above a day the path is an Ornstein-Uhlenbeck process with a pull of θ = 4 a trading year, in equilibrium. Its value
//!   halfway between two that are 2h apart has the mean `(a + b) / (2·cosh θh)` and the variance `tanh(θh) / (2θ)` (Doob,
//!   *The Brownian Movement and Stochastic Equations*, 1942: the process is Gaussian with the covariance `e^(−θ|t|) / (2θ)`,
//!   and the rest is the conditional normal law). From one day to the next that is Brownian motion, and over decades
//!   prices keep near their trend.
//! - Within a day it is a Brownian bridge: at `m` between `l` and `r` the mean is on the line between the ends, the
//!   variance `(m − l)(r − m)/(r − l)`. A day has the variance of a trading day (1/252 year) from end to end, and inside it
//!   moves as prices do while the market is open (252 days of 6.5 hours a year), around the clock.

use std::sync::LazyLock;

use crate::domain::instant::UtcInstant;

/// 2026-01-01T00:00:00Z.
pub const EPOCH_UNIX_SECONDS: i64 = 1_767_225_600;

pub const SECOND: i64 = 128;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Interval between trades of a ticker.
pub const TRADE_UNITS: i64 = SECOND / 2;

/// Extent of the path on both sides of the epoch: from the year 1846 to 2205.
pub const SPAN: i64 = (1 << 16) * DAY;

/// A trading day is 6.5 hours,
const TRADING_SECONDS_A_DAY: f64 = 6.5 * 3_600.0;

/// …and a year has 252 of them.
pub const TRADING_DAYS_A_YEAR: f64 = 252.0;

/// Variance of a standard path per unit, within a day: trading years.
const YEARS_A_UNIT: f64 = 1.0 / (TRADING_DAYS_A_YEAR * TRADING_SECONDS_A_DAY * SECOND as f64);

/// θ: speed of a path's return to its trend, per trading year.
const PULL_A_YEAR: f64 = 4.0;

/// Deviation of a standard path from its trend, 1/√(2θ).
pub const EQUILIBRIUM_DEVIATION: f64 = 0.5 * std::f64::consts::FRAC_1_SQRT_2;

/// Cut-off of draws, which one in 2,000 reaches. It bounds how far a path strays between two instants.
pub const DRAW_MAX: f64 = 3.5;

/// The instant in units, clamped to the span.
pub fn units_of(at: UtcInstant) -> i64 {
    let since = i128::from(at.unix_ms()) - i128::from(EPOCH_UNIX_SECONDS) * 1_000;
    let units = (since * i128::from(SECOND)).div_euclid(1_000);
    // Invariant: clamped to the span, which is an i64.
    units.clamp(i128::from(-SPAN), i128::from(SPAN - 1)) as i64
}

/// Start of a Unix second, in units.
pub fn units_of_second(unix_second: i64) -> i64 {
    let since = unix_second.saturating_sub(EPOCH_UNIX_SECONDS);
    since.saturating_mul(SECOND).clamp(-SPAN, SPAN - DAY)
}

/// Start of the day of an instant, in units.
pub fn day_of(units: i64) -> i64 {
    units.div_euclid(DAY) * DAY
}

/// Variance of a standard path over the given units within a day.
pub fn variance(units: i64) -> f64 {
    units as f64 * YEARS_A_UNIT
}

/// Split of a stretch, by its length.
#[derive(Debug, Clone, Copy, Default)]
pub struct Split {
    /// Distance from the stretch's beginning to its inner instant.
    pub offset: i64,
    /// The mean there weighs the ends' values by these,
    pub left_weight: f64,
    pub right_weight: f64,
    /// …with this deviation.
    pub deviation: f64,
    /// Largest distance of a path that trades each half second from the line between the stretch's ends; for stretches
    /// within a day.
    pub reach: f64,
}

/// Splits of all occurring lengths, by the step and the length's multiple of it.
struct Splits {
    /// Indexed by the binary logarithm of the number of days.
    days: Vec<Split>,
    hours: Vec<Split>,
    minutes: Vec<Split>,
    seconds: Vec<Split>,
    units: Vec<Split>,
}

static SPLITS: LazyLock<Splits> = LazyLock::new(Splits::new);

/// Split of a stretch of that many units, which must be a length that splitting the whole span yields.
pub fn split(length: i64) -> &'static Split {
    let splits = &*SPLITS;
    if length <= SECOND {
        &splits.units[length as usize]
    } else if length <= MINUTE {
        &splits.seconds[(length / SECOND) as usize]
    } else if length <= HOUR {
        &splits.minutes[(length / MINUTE) as usize]
    } else if length <= DAY {
        &splits.hours[(length / HOUR) as usize]
    } else {
        &splits.days[(length / DAY).ilog2() as usize]
    }
}

impl Splits {
    fn new() -> Self {
        let mut splits =
            Self { days: Vec::new(), hours: Vec::new(), minutes: Vec::new(), seconds: Vec::new(), units: Vec::new() };
        // From the shortest on, because a stretch's reach depends on those of its halves.
        splits.units = splits.table(1, SECOND);
        splits.seconds = splits.table(SECOND, 60);
        splits.minutes = splits.table(MINUTE, 60);
        splits.hours = splits.table(HOUR, 24);
        splits.days = (0..=17).map(Self::of_days).collect();
        splits
    }

    /// Splits of 0 to `count` steps; a single step is a stretch of the next shorter kind.
    fn table(&self, step: i64, count: i64) -> Vec<Split> {
        let mut table: Vec<Split> = vec![Split::default(); 2];
        for n in 2..=count {
            let (left, right) = (n / 2, n - n / 2);
            let share = left as f64 / n as f64;
            let deviation = (variance(n * step) * share * (1.0 - share)).sqrt();
            let reach_of = |n: i64| if n == 1 { self.reach(step) } else { table[n as usize].reach };
            // There are no trades within half a second.
            let reach =
                if n * step <= TRADE_UNITS { 0.0 } else { DRAW_MAX * deviation + reach_of(left).max(reach_of(right)) };
            table.push(Split { offset: left * step, left_weight: 1.0 - share, right_weight: share, deviation, reach });
        }
        table
    }

    /// Reach of one step, which is a stretch of the next shorter kind.
    fn reach(&self, step: i64) -> f64 {
        let table = match step {
            HOUR => &self.minutes,
            MINUTE => &self.seconds,
            SECOND => &self.units,
            _ => return 0.0,
        };
        table.last().map_or(0.0, |split| split.reach)
    }

    /// Split of 2^n days.
    fn of_days(n: u32) -> Split {
        let half_years = f64::from(1_u32 << n) / 2.0 / TRADING_DAYS_A_YEAR;
        let weight = 0.5 / (PULL_A_YEAR * half_years).cosh();
        let deviation = ((PULL_A_YEAR * half_years).tanh() / (2.0 * PULL_A_YEAR)).sqrt();
        Split { offset: (DAY << n) / 2, left_weight: weight, right_weight: weight, deviation, reach: f64::INFINITY }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    /// A stretch longer than the first is split at a multiple of it, and so on.
    const STEPS: [i64; 5] = [DAY, HOUR, MINUTE, SECOND, 1];

    #[rstest]
    #[case::epoch(EPOCH_UNIX_SECONDS * 1_000, 0)]
    #[case::half_a_second(EPOCH_UNIX_SECONDS * 1_000 + 500, 64)]
    #[case::within_a_unit(EPOCH_UNIX_SECONDS * 1_000 + 7, 0)]
    #[case::before(EPOCH_UNIX_SECONDS * 1_000 - 1, -1)]
    #[case::unix_epoch(0, -EPOCH_UNIX_SECONDS * SECOND)]
    #[case::far_before_the_span(i64::MIN, -SPAN)]
    #[case::far_after_the_span(i64::MAX, SPAN - 1)]
    fn instants_are_units_since_the_epoch(#[case] unix_ms: i64, #[case] units: i64) {
        assert_eq!(units_of(UtcInstant::from_unix_ms(unix_ms)), units);
    }

    #[test]
    fn days_begin_at_midnight() {
        assert_eq!(day_of(units_of_second(1_795_356_131)), units_of_second(1_795_305_600));
    }

    /// Collects all lengths that splitting a stretch of `length` yields.
    fn lengths(length: i64, found: &mut BTreeSet<i64>) {
        if length == 1 || !found.insert(length) {
            return;
        }
        let offset = split(length).offset;
        assert!(0 < offset && offset < length, "{length}");
        lengths(offset, found);
        lengths(length - offset, found);
    }

    #[test]
    fn every_stretch_is_split_inside_and_at_whole_steps() {
        let mut found = BTreeSet::new();
        lengths(2 * SPAN, &mut found);
        for length in found {
            let step = STEPS.into_iter().find(|step| *step < length).unwrap();
            assert_eq!(split(length).offset % step, 0, "{length}");
        }
    }

    #[test]
    fn from_day_to_day_a_path_has_the_variance_of_a_trading_day() {
        // The midpoint of two days: a quarter of the variance over both.
        let split = split(2 * DAY);
        assert!((split.deviation.powi(2) * TRADING_DAYS_A_YEAR / 0.5 - 1.0).abs() < 1e-3, "{split:?}");
        assert!((split.left_weight - 0.5).abs() < 1e-4);
        assert!((EQUILIBRIUM_DEVIATION.powi(2) - 1.0 / (2.0 * PULL_A_YEAR)).abs() < 1e-12);
    }

    #[test]
    fn within_a_day_the_variance_is_that_of_trading_hours() {
        // The bridge over an hour, at its middle, has a quarter of the hour's variance.
        let hour = split(HOUR);
        let a_year = hour.deviation.powi(2) * 4.0 * 6.5 * 252.0;
        assert!((a_year - 1.0).abs() < 1e-9, "{a_year}");
        assert_eq!(split(TRADE_UNITS).reach, 0.0);
        assert!(split(DAY).reach > split(HOUR).reach && split(HOUR).reach > split(MINUTE).reach);
    }
}
