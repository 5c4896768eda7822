//! The path that leads up to the live price, walked backwards from it, and a candle for each of its steps.
//!
//! Walked backwards, GBM is GBM with its drift reversed. A step of a day has the variance of a trading day, a shorter one
//! that of its length, because the simulated market trades around the clock.
//!
//! The path is bent to go through the price that the day opened at, so that the chart and the day's change tell the same
//! story: `X(t) + t/T·(x − X(T))` turns a Brownian path `X` into the bridge that is at `x` at `T` (Glasserman, *Monte Carlo
//! Methods in Financial Engineering*, section 3.1).

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{
    listings::Listing,
    pace::{SECONDS_A_DAY, TRADING_SECONDS_A_DAY, TRADING_SECONDS_A_YEAR},
    volume, walk,
};
use crate::domain::{candle::Candle, instant::UtcInstant};

/// The moment that a history leads up to.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    pub at: UtcInstant,
    /// The logarithm of the live price.
    pub level: f64,
    /// The logarithm of the price that the day opened at,
    pub open_level: f64,
    /// …and how many seconds ago that was.
    pub open_age: f64,
}

impl Ending {
    /// The present second.
    pub fn unix_seconds(&self) -> i64 {
        self.at.unix_second()
    }
}

/// The trading years in a step that lasts so many seconds.
fn years(seconds: i64) -> f64 {
    let seconds = seconds as f64;
    (if seconds < SECONDS_A_DAY { seconds } else { TRADING_SECONDS_A_DAY }) / TRADING_SECONDS_A_YEAR
}

/// The logarithm of the price at each time, newest first, starting at the live price. Times are Unix seconds, newest first,
/// from the end of the present second.
pub fn path(times: &[i64], listing: &Listing, ending: &Ending, rng: &mut impl Rng) -> Vec<f64> {
    let (mut level, mut age) = (ending.level, 0.0);
    let mut points = vec![(level, age)];
    for step in times.windows(2) {
        let years = years(step[0] - step[1]);
        let z: f64 = StandardNormal.sample(rng);
        level -= listing.log_drift() * years + listing.volatility * years.sqrt() * z;
        age += years;
        points.push((level, age));
    }
    let now = ending.unix_seconds();
    // The day opened at the last step's start before that moment; at the latest, the present second's.
    let opened = times.iter().position(|time| (now - time) as f64 >= ending.open_age).unwrap_or(times.len() - 1);
    let (free_level, open_age) = points[opened];
    let gap = ending.open_level - free_level;
    points.into_iter().map(|(level, age)| level + gap * (age / open_age).min(1.0)).collect()
}

/// A candle for each step of the path, oldest first.
pub fn steps(times: &[i64], levels: &[f64], listing: &Listing, rng: &mut impl Rng) -> Vec<Candle> {
    let mut steps: Vec<Candle> = times
        .windows(2)
        .zip(levels.windows(2))
        .map(|(times, levels)| {
            let (time, seconds) = (times[1], times[0] - times[1]);
            let spread = listing.volatility * years(seconds).sqrt();
            step(time, seconds as f64, (levels[1], levels[0]), spread, listing.average_daily_volume, rng)
        })
        .collect();
    steps.reverse();
    steps
}

/// The candle of one step, between two levels. Its wicks are the extremes of a Brownian bridge of deviation `spread`
/// between them, `(a + b ± √((b − a)² − 2·spread²·ln U))/2` with `U` uniform (Glasserman, section 6.4); high and low are
/// drawn apart, though strictly they depend on each other.
fn step(
    time: i64,
    seconds: f64,
    (open, close): (f64, f64),
    spread: f64,
    average_daily: u64,
    rng: &mut impl Rng,
) -> Candle {
    let mut reach = || {
        // From just over 0 to 1, so that the logarithm is finite.
        let uniform = 1.0 - rng.random::<f64>();
        ((close - open).powi(2) - 2.0 * spread * spread * uniform.ln()).sqrt()
    };
    let (high, low) = ((open + close + reach()) / 2.0, (open + close - reach()) / 2.0);
    let volume = volume::shares(average_daily, seconds, (close - open) / spread, rng);
    let (open, close) = (walk::price(open), walk::price(close));
    Candle {
        time,
        open,
        // Rounding may put an extreme that is an end of the step beside it.
        high: walk::price(high).max(open).max(close),
        low: walk::price(low).min(open).min(close),
        close,
        volume,
    }
}
