//! Days for tests.

use crate::domain::{money::Money, performance::report::DayLine};

/// A day with a return, in percent.
pub fn day(date: &str, return_percent: Option<f64>) -> DayLine {
    let value = Money::from_cents(1_000_000);
    DayLine {
        date: date.to_owned(),
        open: value,
        close: value,
        low: value,
        high: value,
        flows: Money::ZERO,
        gain: Money::ZERO,
        return_percent,
        benchmark: None,
        holding: None,
        exposure: None,
    }
}
