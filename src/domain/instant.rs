//! Moments in time.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::calendar::{date_of, days_of};

/// A moment, in whole milliseconds since the Unix epoch; always UTC.
///
/// Written as RFC 3339 (`2026-11-22T14:02:11.512Z`). The clock is read on the server only and handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcInstant(i64);

const DAY_MS: i64 = 86_400_000;

impl UtcInstant {
    /// 1970-01-01T00:00:00Z
    pub const EPOCH: Self = Self(0);

    /// First moment that RFC 3339 can express: the year 0000.
    const UNIX_MS_MIN: i64 = -62_167_219_200_000;
    /// Last moment that RFC 3339 can express: the end of the year 9999.
    const UNIX_MS_MAX: i64 = 253_402_300_799_999;

    /// The last moment that can be written.
    pub const END: Self = Self(Self::UNIX_MS_MAX);

    /// Clamps to the years 0000 to 9999.
    pub fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms.clamp(Self::UNIX_MS_MIN, Self::UNIX_MS_MAX))
    }

    pub fn unix_ms(self) -> i64 {
        self.0
    }

    /// The whole Unix second that contains the moment.
    pub fn unix_second(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Unix seconds with milliseconds as the fraction, as in the price stream.
    pub fn unix_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// The nearest millisecond to a count of Unix seconds.
    pub fn from_unix_seconds(seconds: f64) -> Self {
        Self::from_unix_ms((seconds * 1_000.0).round() as i64)
    }

    /// Start of this moment's UTC day.
    pub fn start_of_day(self) -> Self {
        Self::from_unix_ms(self.0.div_euclid(DAY_MS) * DAY_MS)
    }

    pub fn start_of_next_day(self) -> Self {
        Self::from_unix_ms(self.start_of_day().0 + DAY_MS)
    }

    /// RFC 3339, in UTC, with milliseconds only if there are any.
    pub fn to_rfc3339(self) -> String {
        let (year, month, day) = date_of(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        let mut text = String::with_capacity("2026-11-22T14:02:11.512Z".len());
        let mut push = |mark, number: i64, digits| {
            text.push_str(mark);
            let places = (0..digits).rev().map(|place| number / 10_i64.pow(place) % 10);
            text.extend(places.map(|digit| char::from(b'0' + digit as u8)));
        };
        push("", year, 4);
        push("-", month, 2);
        push("-", day, 2);
        push("T", hour, 2);
        push(":", minute, 2);
        push(":", second, 2);
        match ms % 1_000 {
            0 => {}
            decimals if decimals % 100 == 0 => push(".", decimals / 100, 1),
            decimals if decimals % 10 == 0 => push(".", decimals / 10, 2),
            decimals => push(".", decimals, 3),
        }
        text.push('Z');
        text
    }

    /// Parses RFC 3339; `None` if malformed. Digits beyond milliseconds are truncated; leap seconds are not supported.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()
        };
        let marks = [(4, "-"), (7, "-"), (13, ":"), (16, ":")];
        let is_marked = marks.iter().all(|(place, mark)| text.get(*place..place + 1) == Some(mark));
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let days = days_of(year, month, day);
        let is_date = date_of(days) == (year, month, day) && matches!(text.get(10..11)?, "T" | "t" | " ");
        if !is_marked || !is_date || hour > 23 || minute > 59 || second > 59 {
            return None;
        }

        let rest = text.get(19..)?;
        let zone =
            rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|sign: char| sign.is_ascii_digit()));
        let decimals = rest.len() - zone.len();
        if decimals == 1 {
            return None;
        }
        let ms = number(20, 19 + decimals.clamp(1, 4)).unwrap_or(0) * [0, 0, 100, 10, 1][decimals.min(4)];
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset_seconds(zone)?;
        Some(Self::from_unix_ms(seconds * 1_000 + ms))
    }
}

/// Parses `Z`, `+01:00` or `-05:30`.
fn offset_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number = |digits: &str| {
        let is_two_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_two_digits.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
}

impl Serialize for UtcInstant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for UtcInstant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_rfc3339(&text).ok_or_else(|| D::Error::custom("expected a moment, as RFC 3339 writes it"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use time::format_description::well_known::Rfc3339;

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

    #[rstest]
    #[case::leap_day("2024-02-29T00:00:00Z")]
    #[case::beyond_milliseconds("2026-11-22T14:02:11.512999999Z")]
    #[case::lower_case("2026-11-22t14:02:11z")]
    #[case::half_an_hour_behind("2026-11-22T14:02:11.5-05:30")]
    fn what_is_rfc3339_is_read(#[case] text: &str) {
        assert_eq!(UtcInstant::from_rfc3339(text), read_by_another(text));
        assert!(read_by_another(text).is_some());
    }

    #[rstest]
    #[case::nothing("")]
    #[case::date("2026-11-22")]
    #[case::no_zone("2026-11-22T14:02:11")]
    #[case::no_leap_day("2025-02-29T00:00:00Z")]
    #[case::month("2026-13-01T00:00:00Z")]
    #[case::day("2026-04-31T00:00:00Z")]
    #[case::hour("2026-11-22T24:00:00Z")]
    #[case::bare_point("2026-11-22T14:02:11.Z")]
    #[case::offset("2026-11-22T14:02:11+1:00")]
    #[case::rest("2026-11-22T14:02:11Z ")]
    #[case::sign("+026-11-22T14:02:11Z")]
    #[case::wide_character("2026-11-22é14:02:11Z")]
    fn what_is_no_rfc3339_is_refused(#[case] text: &str) {
        assert_eq!(UtcInstant::from_rfc3339(text), None);
        assert_eq!(read_by_another(text), None);
    }

    fn read_by_another(text: &str) -> Option<UtcInstant> {
        let moment = time::OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(UtcInstant::from_unix_ms(moment.unix_timestamp_nanos().div_euclid(1_000_000) as i64))
    }

    proptest! {
        #[test]
        fn instant_is_written_as_others_write_it(unix_ms in UtcInstant::UNIX_MS_MIN..=UtcInstant::UNIX_MS_MAX) {
            let moment = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000).unwrap();
            prop_assert_eq!(UtcInstant::from_unix_ms(unix_ms).to_rfc3339(), moment.format(&Rfc3339).unwrap());
        }

        #[test]
        fn reading_never_panics(text in "[0-9:TZ.+é-]{0,30}") {
            prop_assert_eq!(UtcInstant::from_rfc3339(&text), read_by_another(&text));
        }

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
