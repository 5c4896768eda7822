//! Candles of prices, and how prices fold into them.
//!
//! Server and page fold by the same rule ([`Candle::followed_by`]): the server each print, the page each quote shown.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::Price;

/// A clock that goes back by at most this much was corrected, and the forming candle takes in its prices.
pub const STEP_BACK_SECONDS: i64 = 60;

/// Open, high, low, close and volume of one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candle {
    /// Start in Unix seconds, a multiple of the interval.
    pub time: i64,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
    /// Shares.
    pub volume: u64,
}

impl Candle {
    /// A candle of one price.
    pub fn new(time: i64, price: Price, volume: u64) -> Self {
        Self { time, open: price, high: price, low: price, close: price, volume }
    }

    /// Merges a later candle of the same interval into this one.
    pub fn extend(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.saturating_add(later.volume);
    }

    /// The forming candle after `next`: this one extended, or `next` itself if a new interval has begun. After the
    /// clock went back, the forming candle is extended, so that times never decrease.
    pub fn followed_by(mut self, next: &Self) -> Self {
        if self.time >= next.time {
            self.extend(next);
            self
        } else {
            *next
        }
    }
}

/// Length of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema)]
pub enum Interval {
    #[serde(rename = "1s")]
    Second,
    #[default]
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

/// The text is not an interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an interval is 1s, 1m, 5m, 1h or 1d")]
pub struct InvalidInterval;

impl Interval {
    pub const ALL: [Self; 5] = [Self::Second, Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "1s",
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    pub fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// Start of the candle that contains this moment, in Unix seconds; days are UTC days.
    pub fn start_of(self, unix_seconds: i64) -> i64 {
        unix_seconds - unix_seconds.rem_euclid(self.seconds())
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, InvalidInterval> {
        Self::ALL.into_iter().find(|interval| interval.as_str() == text).ok_or(InvalidInterval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(units: i64) -> Price {
        Price::from_units(units).unwrap()
    }

    #[test]
    fn a_candle_takes_in_what_follows() {
        let mut candle = Candle::new(60, price(100), 5);
        candle.extend(&Candle {
            time: 61,
            open: price(100),
            high: price(130),
            low: price(90),
            close: price(110),
            volume: 7,
        });
        let expected =
            Candle { time: 60, open: price(100), high: price(130), low: price(90), close: price(110), volume: 12 };
        assert_eq!(candle, expected);
    }

    #[test]
    fn intervals_are_read_as_they_are_written() {
        for interval in Interval::ALL {
            assert_eq!(interval.as_str().parse(), Ok(interval));
            assert_eq!(serde_json::to_value(interval).unwrap(), interval.as_str());
        }
        assert_eq!("2m".parse::<Interval>(), Err(InvalidInterval));
        assert_eq!(Interval::Hour.start_of(7_201), 7_200);
        assert_eq!(Interval::Minute.start_of(-1), -60);
    }
}
