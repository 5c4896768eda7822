//! The day over which gains are measured.

use serde::{Deserialize, Serialize};

use super::instant::UtcInstant;

const DAY_SECONDS: i64 = 86_400;

/// A trading day. Days are contiguous: nights, weekends and holidays belong to the day before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingDay {
    /// Its date, as the Unix second of that date's midnight in UTC; the day's candle starts then.
    pub date: i64,
    /// Unix seconds.
    pub starts_at: i64,
    /// Start of the next day, in Unix seconds.
    pub ends_at: i64,
}

impl TradingDay {
    /// The UTC day of a moment.
    pub fn utc(at: UtcInstant) -> Self {
        let date = at.unix_second() - at.unix_second().rem_euclid(DAY_SECONDS);
        Self { date, starts_at: date, ends_at: date + DAY_SECONDS }
    }

    pub fn includes(self, at: UtcInstant) -> bool {
        (self.starts_at..self.ends_at).contains(&at.unix_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_utc_day_is_from_midnight_to_midnight() {
        let noon = UtcInstant::from_unix_ms(1_795_305_600_000 + 43_200_000);
        let day = TradingDay::utc(noon);
        assert_eq!((day.date, day.starts_at, day.ends_at), (1_795_305_600, 1_795_305_600, 1_795_392_000));
        assert!(day.includes(noon) && day.includes(noon.start_of_day()) && !day.includes(noon.start_of_next_day()));
    }
}
