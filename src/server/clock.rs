//! The only module that reads the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::instant::UtcInstant;

/// Returns the current time. Services receive a clock, so that tests can replace it.
pub type Clock = fn() -> UtcInstant;

/// The machine's clock.
pub fn system_clock() -> UtcInstant {
    // A clock set before 1970 reads as 1970.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcInstant::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
