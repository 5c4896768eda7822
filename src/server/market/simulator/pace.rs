//! How far the market goes in a tick.

use std::time::Duration;

/// A trading day is 6.5 hours,
pub const TRADING_SECONDS_A_DAY: f64 = 6.5 * 3_600.0;

/// …and a year has 252 of them.
pub const TRADING_SECONDS_A_YEAR: f64 = 252.0 * TRADING_SECONDS_A_DAY;

/// The simulated market never closes: its day goes around the clock.
pub const SECONDS_A_DAY: f64 = 86_400.0;

/// A ticker has an event this often, on average.
const EVENT_INTERVAL_SECONDS: f64 = 2.0 * 3_600.0;

/// What one tick is worth, in the units that the model needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds a tick.
    pub seconds: f64,
    /// Trading years a tick.
    pub years: f64,
    /// How likely an event is, at a tick, from 0 to 1.
    pub event_probability: f64,
    /// A day opens every so many ticks.
    pub ticks_a_day: u64,
}

impl Pace {
    /// `tick` must be longer than nothing.
    pub fn of(tick: Duration) -> Self {
        let seconds = tick.as_secs_f64();
        Self {
            seconds,
            years: seconds / TRADING_SECONDS_A_YEAR,
            event_probability: (seconds / EVENT_INTERVAL_SECONDS).min(1.0),
            ticks_a_day: ((SECONDS_A_DAY / seconds).round() as u64).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_is_14_400th_of_two_hours() {
        let pace = Pace::of(Duration::from_millis(500));
        assert_eq!((pace.ticks_a_day, pace.event_probability), (172_800, 1.0 / 14_400.0));
        assert!((pace.years * 252.0 * 6.5 * 7_200.0 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn events_are_as_frequent_whatever_the_tick() {
        for milliseconds in [10, 500, 60_000] {
            let pace = Pace::of(Duration::from_millis(milliseconds));
            assert!((pace.event_probability / pace.seconds * 7_200.0 - 1.0).abs() < 1e-12);
        }
    }
}
