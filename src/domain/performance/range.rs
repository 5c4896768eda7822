//! The days that figures are of.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::domain::{
    calendar::{date_of, days_of},
    corporate_action::ExchangeDate,
};

/// A range of account days, which ends today unless it says otherwise. Written as `1w`, `ytd` or `2026-11-01,2026-11-30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// The last 7 dates.
    Week,
    /// The dates since the same day of the month before.
    Month,
    Quarter,
    /// The dates since the first of January.
    YearToDate,
    Year,
    /// Since the account was opened or last reset.
    #[default]
    All,
    /// Both included.
    Dates {
        from: ExchangeDate,
        to: ExchangeDate,
    },
}

/// The text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a range is 1w, 1m, 3m, ytd, 1y, all, or two dates such as 2026-11-01,2026-11-30, the earlier one first")]
pub struct InvalidRange;

impl Range {
    /// Those with a name, from the shortest to the longest.
    pub const NAMED: [Self; 6] = [Self::Week, Self::Month, Self::Quarter, Self::YearToDate, Self::Year, Self::All];

    /// The first and the last date, both included; without a first one, all dates up to the last.
    pub fn dates(self, today: ExchangeDate) -> (Option<ExchangeDate>, ExchangeDate) {
        let (year, _, _) = date_of(today.days());
        let from = match self {
            Self::Week => Some(ExchangeDate::from_days(today.days() - 6)),
            Self::Month => Some(months_before(today, 1)),
            Self::Quarter => Some(months_before(today, 3)),
            Self::YearToDate => Some(ExchangeDate::from_days(days_of(year, 1, 1))),
            Self::Year => Some(months_before(today, 12)),
            Self::All => None,
            Self::Dates { from, to } => return (Some(from), to),
        };
        (from, today)
    }
}

/// The day after the same day of the month so many months before, or after that month's last day: a month is as long as the
/// calendar has it.
fn months_before(date: ExchangeDate, months: i64) -> ExchangeDate {
    let (year, month, day) = date_of(date.days());
    let count = year * 12 + month - 1 - months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    let following = days_of(year + month / 12, month % 12 + 1, 1);
    ExchangeDate::from_days((days_of(year, month, 1) + day).min(following))
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Week => f.write_str("1w"),
            Self::Month => f.write_str("1m"),
            Self::Quarter => f.write_str("3m"),
            Self::YearToDate => f.write_str("ytd"),
            Self::Year => f.write_str("1y"),
            Self::All => f.write_str("all"),
            Self::Dates { from, to } => write!(f, "{from},{to}"),
        }
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        if let Some((from, to)) = text.split_once(',') {
            let (from, to) = (from.parse().map_err(|_| InvalidRange)?, to.parse().map_err(|_| InvalidRange)?);
            return if from <= to { Ok(Self::Dates { from, to }) } else { Err(InvalidRange) };
        }
        Self::NAMED.into_iter().find(|range| range.to_string() == text).ok_or(InvalidRange)
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1w", Some("2026-11-24"), "2026-11-30")]
    #[case("1m", Some("2026-10-31"), "2026-11-30")]
    #[case("3m", Some("2026-08-31"), "2026-11-30")]
    #[case("ytd", Some("2026-01-01"), "2026-11-30")]
    #[case("1y", Some("2025-12-01"), "2026-11-30")]
    #[case("all", None, "2026-11-30")]
    #[case("2026-02-03,2026-02-03", Some("2026-02-03"), "2026-02-03")]
    fn a_range_has_its_dates(#[case] text: &str, #[case] from: Option<&str>, #[case] to: &str) {
        let range: Range = text.parse().unwrap();
        assert_eq!(range.to_string(), text);
        let date = |text: &str| text.parse::<ExchangeDate>().unwrap();
        assert_eq!(range.dates(date("2026-11-30")), (from.map(date), date(to)));
    }

    #[rstest]
    #[case("2026-03-31", "2026-03-01")]
    #[case("2024-03-30", "2024-03-01")]
    #[case("2026-01-15", "2025-12-16")]
    #[case("2026-12-31", "2026-12-01")]
    fn a_month_is_as_long_as_the_calendar_has_it(#[case] today: &str, #[case] from: &str) {
        let (first, _) = Range::Month.dates(today.parse().unwrap());
        assert_eq!(first.unwrap().to_string(), from);
    }

    #[rstest]
    #[case("")]
    #[case("2w")]
    #[case("2026-02-04,2026-02-03")]
    #[case("2026-02-30,2026-03-03")]
    #[case("2026-02-03,")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Range>(), Err(InvalidRange));
    }
}
