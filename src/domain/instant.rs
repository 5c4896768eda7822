//! Moments in time.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A moment, in whole milliseconds since the Unix epoch; always UTC.
///
/// Written as RFC 3339 (`2026-11-22T14:02:11.512Z`). The clock is read on the server only and handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcInstant(i64);

const DAY_MS: i64 = 86_400_000;

impl UtcInstant {
    /// 1970-01-01T00:00:00Z
    pub const EPOCH: Self = Self(0);

    /// The years RFC 3339 can write, 0000 to 9999: from here…
    const UNIX_MS_MIN: i64 = -62_167_219_200_000;
    /// …to here.
    const UNIX_MS_MAX: i64 = 253_402_300_799_999;

    /// The last moment that can be written.
    pub const END: Self = Self(Self::UNIX_MS_MAX);

    /// A moment outside the years 0000 to 9999 becomes the nearest one inside.
    pub fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms.clamp(Self::UNIX_MS_MIN, Self::UNIX_MS_MAX))
    }

    pub fn unix_ms(self) -> i64 {
        self.0
    }

    /// Unix seconds with milliseconds as the fraction, as the price stream writes moments.
    pub fn unix_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// The nearest millisecond to a count of Unix seconds.
    pub fn from_unix_seconds(seconds: f64) -> Self {
        Self::from_unix_ms((seconds * 1_000.0).round() as i64)
    }

    /// When the day of this moment began.
    pub fn start_of_day(self) -> Self {
        Self::from_unix_ms(self.0.div_euclid(DAY_MS) * DAY_MS)
    }

    pub fn start_of_next_day(self) -> Self {
        Self::from_unix_ms(self.start_of_day().0 + DAY_MS)
    }

    /// RFC 3339, in UTC.
    pub fn to_rfc3339(self) -> String {
        // Invariant: every value is within the years 0000 to 9999, which both calls take.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .expect("the year is between 0000 and 9999")
            .format(&Rfc3339)
            .expect("RFC 3339 writes every such year")
    }
}

impl Serialize for UtcInstant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for UtcInstant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)?;
        Ok(Self::from_unix_ms((moment.unix_timestamp_nanos() / 1_000_000) as i64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instant_is_written_in_utc() {
        assert_eq!(UtcInstant::from_unix_ms(0).to_rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(UtcInstant::from_unix_ms(1_795_356_131_512).to_rfc3339(), "2026-11-22T14:02:11.512Z");
    }

    #[test]
    fn an_offset_is_folded_into_utc() {
        let moment: UtcInstant = serde_json::from_str("\"2026-11-22T15:02:11.512+01:00\"").unwrap();
        assert_eq!(moment.unix_ms(), 1_795_356_131_512);
    }

    #[test]
    fn a_day_begins_at_midnight() {
        let noon = UtcInstant::from_unix_ms(1_795_305_600_000 + 43_200_000);
        assert_eq!(noon.start_of_day().to_rfc3339(), "2026-11-22T00:00:00Z");
        assert_eq!(noon.start_of_next_day().to_rfc3339(), "2026-11-23T00:00:00Z");
        assert_eq!(UtcInstant::from_unix_ms(-1).start_of_day().unix_ms(), -86_400_000);
    }

    proptest! {
        #[test]
        fn instant_round_trips(unix_ms in any::<i64>()) {
            let moment = UtcInstant::from_unix_ms(unix_ms);
            let json = serde_json::to_string(&moment).unwrap();
            prop_assert_eq!(serde_json::from_str::<UtcInstant>(&json).unwrap(), moment);
        }

        #[test]
        fn seconds_keep_the_millisecond(unix_ms in 0_i64..4_102_444_800_000) {
            let moment = UtcInstant::from_unix_ms(unix_ms);
            prop_assert_eq!(UtcInstant::from_unix_seconds(moment.unix_seconds()), moment);
        }
    }
}
