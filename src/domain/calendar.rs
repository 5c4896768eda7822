//! Dates of the Gregorian calendar.
//!
//! Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, 2021: a year is counted from March, so that the leap day is
//! its last, and four hundred of them are 146,097 days.

/// Days from the Unix epoch to a date; negative before it.
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since the Unix epoch.
pub fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other_through_a_cycle_of_leap_years() {
        let mut before = date_of(days_of(1999, 12, 31));
        for days in days_of(2000, 1, 1)..=days_of(2400, 1, 1) {
            let date = date_of(days);
            assert_eq!(days_of(date.0, date.1, date.2), days);
            let follows = match date {
                (year, 1, 1) => before == (year - 1, 12, 31),
                (year, month, 1) => (before.0, before.1) == (year, month - 1) && (28..=31).contains(&before.2),
                (year, month, day) => before == (year, month, day - 1),
            };
            assert!(follows, "{before:?} {date:?}");
            before = date;
        }
        assert_eq!((days_of(1970, 1, 1), days_of(2024, 3, 1) - days_of(2024, 2, 28)), (0, 2));
    }
}
