//! What the pictures draw, computed from the days: curves, bins of a histogram, and the fields of the calendars.

use crate::domain::{calendar::date_of, corporate_action::ExchangeDate, performance::report::DayLine};

const DAY_SECONDS: i64 = 86_400;

/// A point of a curve: Unix seconds of a date's midnight in UTC, and a value.
pub type Point = (i64, f64);

/// Days since the Unix epoch of a line's date; `None` for a text that is no date.
pub fn day_number(line: &DayLine) -> Option<i64> {
    line.date.parse::<ExchangeDate>().ok().map(ExchangeDate::days)
}

/// Returns (in percent) compounded from the close before the first day, where the curve begins at 0. It ends before the first
/// day without a return, because what follows has no basis.
pub fn compounded(days: &[DayLine], of: fn(&DayLine) -> Option<f64>) -> Vec<Point> {
    let Some(first) = days.first().and_then(day_number) else { return Vec::new() };
    let mut points = vec![((first - 1) * DAY_SECONDS, 0.0)];
    let mut growth = 1.0;
    for day in days {
        let (Some(number), Some(percent)) = (day_number(day), of(day)) else { break };
        growth *= 1.0 + percent / 100.0;
        points.push((number * DAY_SECONDS, (growth - 1.0) * 100.0));
    }
    // The beginning alone is no curve.
    if points.len() > 1 { points } else { Vec::new() }
}

/// How far a compounded curve is below its highest point so far, in percent: 0 or less.
pub fn underwater(curve: &[Point]) -> Vec<Point> {
    let mut high = f64::MIN;
    let depth = |&(time, percent): &Point| {
        let worth = 1.0 + percent / 100.0;
        high = high.max(worth);
        (time, if high > 0.0 { (worth / high - 1.0) * 100.0 } else { 0.0 })
    };
    curve.iter().map(depth).collect()
}

/// A figure of each day that has one.
pub fn series(days: &[DayLine], of: fn(&DayLine) -> Option<f64>) -> Vec<Point> {
    days.iter().filter_map(|day| Some((day_number(day)? * DAY_SECONDS, of(day)?))).collect()
}

/// Days that a rolling figure looks back on.
pub const ROLLING_DAYS: usize = 20;

/// The Sharpe ratio of the last [`ROLLING_DAYS`] days at each day that has so many before it: mean ÷ standard deviation
/// (n − 1) × √ periods a year, risk-free rate 0. Stretches without variation are left out.
pub fn rolling_sharpe(days: &[DayLine], periods_a_year: f64) -> Vec<Point> {
    let at = |window: &[DayLine]| {
        let returns: Vec<f64> = window.iter().map(|day| day.return_percent).collect::<Option<_>>()?;
        let mean = returns.iter().sum::<f64>() / returns.len() as f64;
        let squares: f64 = returns.iter().map(|percent| (percent - mean) * (percent - mean)).sum();
        let deviation = (squares / (returns.len() - 1) as f64).sqrt();
        let time = window.last().and_then(day_number)? * DAY_SECONDS;
        (deviation > 1e-12).then(|| (time, mean / deviation * periods_a_year.sqrt()))
    };
    days.windows(ROLLING_DAYS).filter_map(at).collect()
}

/// Days whose return is in `from..to` percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub count: usize,
}

/// Widths of a bin, in percent; the first one that needs no more than [`BINS_MAX`] bins is taken.
const WIDTHS: [f64; 10] = [0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 25.0];
const BINS_MAX: i64 = 25;

/// The distribution of returns (in percent), in bins of equal width of which 0 is a border. Nothing for no returns.
pub fn histogram(returns: &[f64]) -> Vec<Bin> {
    let low = returns.iter().copied().fold(f64::INFINITY, f64::min);
    let high = returns.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high.is_finite()) {
        return Vec::new();
    }
    let span = |width: f64| ((low / width).floor() as i64, (high / width).floor() as i64);
    let fits = |width: &f64| span(*width).1 - span(*width).0 < BINS_MAX;
    // Wider than any width in the list: then about half as many bins.
    let width = WIDTHS.into_iter().find(fits).unwrap_or_else(|| (high - low) / (BINS_MAX / 2) as f64);
    let (first, last) = span(width);
    let mut bins: Vec<Bin> = (first..=last)
        .map(|index| Bin { from: index as f64 * width, to: (index + 1) as f64 * width, count: 0 })
        .collect();
    for percent in returns {
        let index = ((percent / width).floor() as i64 - first) as usize;
        if let Some(bin) = bins.get_mut(index) {
            bin.count += 1;
        }
    }
    bins
}

/// A day in the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Weeks since the first one that is shown.
    pub week: i64,
    /// 0 is Monday.
    pub weekday: i64,
    pub date: String,
    pub percent: Option<f64>,
}

/// The calendar of days, and where its months begin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calendar {
    pub fields: Vec<Field>,
    pub weeks: i64,
    /// 5 where no day is on a weekend.
    pub weekdays: i64,
    /// Week and month (1 to 12) of each first week of a month.
    pub months: Vec<(i64, i64)>,
}

/// Weeks that the calendar shows: the latest ones.
const WEEKS_MAX: i64 = 53;

/// Of the latest 53 weeks.
pub fn calendar(days: &[DayLine]) -> Calendar {
    // 1970-01-01 was a Thursday.
    let week_of = |number: i64| (number + 3).div_euclid(7);
    let numbered: Vec<(i64, &DayLine)> = days.iter().filter_map(|day| Some((day_number(day)?, day))).collect();
    let (Some((first, _)), Some((last, _))) = (numbered.first(), numbered.last()) else { return Calendar::default() };
    let begin = week_of(*first).max(week_of(*last) - WEEKS_MAX + 1);
    let field = |&(number, day): &(i64, &DayLine)| Field {
        week: week_of(number) - begin,
        weekday: (number + 3).rem_euclid(7),
        date: day.date.clone(),
        percent: day.return_percent,
    };
    let shown: Vec<&(i64, &DayLine)> = numbered.iter().filter(|(number, _)| week_of(*number) >= begin).collect();
    let mut months: Vec<(i64, i64)> = Vec::new();
    for (number, _) in &shown {
        let (_, month, _) = date_of(*number);
        if months.last().is_none_or(|(_, last)| *last != month) {
            months.push((week_of(*number) - begin, month));
        }
    }
    let fields: Vec<Field> = shown.into_iter().map(field).collect();
    let weekdays = if fields.iter().any(|field| field.weekday > 4) { 7 } else { 5 };
    Calendar { fields, weeks: week_of(*last) - begin + 1, weekdays, months }
}

/// The returns of a year's months, in percent, and of the year as far as it has days.
#[derive(Debug, Clone, PartialEq)]
pub struct Year {
    pub year: i64,
    pub months: [Option<f64>; 12],
    pub whole: f64,
}

/// The days' returns compounded by month and by year, the latest year first. Days without a return are left out.
pub fn years(days: &[DayLine]) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    for day in days {
        let (Some(number), Some(percent)) = (day_number(day), day.return_percent) else { continue };
        let (year, month, _) = date_of(number);
        if years.last().is_none_or(|last| last.year != year) {
            years.push(Year { year, months: [None; 12], whole: 0.0 });
        }
        let grown = |before: f64| ((1.0 + before / 100.0) * (1.0 + percent / 100.0) - 1.0) * 100.0;
        if let Some(last) = years.last_mut() {
            last.whole = grown(last.whole);
            let slot = &mut last.months[(month - 1) as usize];
            *slot = Some(grown(slot.unwrap_or_default()));
        }
    }
    years.reverse();
    years
}

/// Shades of a return, on either side of 0.
const SHADES: f64 = 5.0;

/// The shade of a return, from −5 to 5, where `scale` percent have the strongest; 0 for a return of 0.
pub fn shade(percent: f64, scale: f64) -> i64 {
    let size = if scale > 0.0 { (percent.abs() / scale * SHADES).ceil().min(SHADES) as i64 } else { 0 };
    if percent < 0.0 { -size } else { size }
}

/// The return with the strongest shade: that of which a tenth of the days are further from 0, so that one wild day leaves
/// the others their colour.
pub fn scale_of(returns: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = returns.iter().map(|percent| percent.abs()).filter(|size| *size > 0.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() * 9 / 10).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::app::performance::samples::day;

    fn of_return(day: &DayLine) -> Option<f64> {
        day.return_percent
    }

    #[test]
    fn a_curve_compounds_from_the_close_before_the_first_day() {
        let days = [day("2026-11-27", Some(10.0)), day("2026-11-30", Some(-10.0))];
        let curve = compounded(&days, of_return);
        let seconds = |days: i64| days * 86_400;
        // 2026-11-27 is day 20,784.
        assert_eq!(curve.iter().map(|point| point.0).collect::<Vec<_>>(), [20_783, 20_784, 20_787].map(seconds));
        let close = |index: usize, percent: f64| (curve[index].1 - percent).abs() < 1e-9;
        assert!(close(0, 0.0) && close(1, 10.0) && close(2, -1.0), "{curve:?}");
        let depths = underwater(&curve);
        assert!(depths[1].1 == 0.0 && (depths[2].1 + 10.0).abs() < 1e-9, "{depths:?}");
    }

    #[test]
    fn a_curve_ends_where_a_return_is_missing() {
        let days = [day("2026-11-27", Some(1.0)), day("2026-11-28", None), day("2026-11-29", Some(1.0))];
        assert_eq!(compounded(&days, of_return).len(), 2);
        assert_eq!(compounded(&days[1..], of_return), []);
        assert_eq!(compounded(&[], of_return), []);
    }

    #[test]
    fn a_rolling_figure_needs_its_days() {
        let days = |count: i64| -> Vec<DayLine> {
            let date = |index: i64| ExchangeDate::from_days(20_000 + index).to_string();
            (0..count).map(|index| day(&date(index), Some(if index % 2 == 0 { 1.0 } else { 0.0 }))).collect()
        };
        assert_eq!(rolling_sharpe(&days(19), 252.0), []);
        // Ten times 1 and ten times 0: mean 0.5, deviation √(5 ÷ 19).
        let expected = 0.5 / (5.0_f64 / 19.0).sqrt() * 252.0_f64.sqrt();
        let found = rolling_sharpe(&days(21), 252.0);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, sharpe)| (sharpe - expected).abs() < 1e-9), "{found:?}");
    }

    #[rstest]
    #[case::none(&[], 0)]
    #[case::nothing_happened(&[0.0, 0.0], 1)]
    #[case::around_zero(&[-0.15, 0.05, 0.12], 4)]
    #[case::wide(&[-99.0, 1_000.0], 13)]
    fn returns_fall_into_few_bins(#[case] returns: &[f64], #[case] count: usize) {
        let bins = histogram(returns);
        assert_eq!(bins.len(), count, "{bins:?}");
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<usize>(), returns.len());
    }

    #[test]
    fn the_calendar_has_weeks_from_monday() {
        // 2026-11-29 is a Sunday.
        let found = calendar(&[day("2026-11-29", Some(1.0)), day("2026-11-30", None), day("2026-12-01", Some(0.5))]);
        let places: Vec<_> = found.fields.iter().map(|field| (field.week, field.weekday)).collect();
        assert_eq!(places, [(0, 6), (1, 0), (1, 1)]);
        assert_eq!((found.weeks, found.weekdays, found.months), (2, 7, vec![(0, 11), (1, 12)]));
        assert_eq!(calendar(&[day("2026-11-30", None)]).weekdays, 5);
        assert_eq!(calendar(&[]), Calendar::default());
    }

    #[test]
    fn the_calendar_shows_the_latest_weeks() {
        let found = calendar(&[day("2025-01-06", Some(1.0)), day("2026-11-30", Some(1.0))]);
        assert_eq!((found.fields.len(), found.weeks), (1, WEEKS_MAX));
    }

    #[test]
    fn months_and_years_compound() {
        let days = [day("2025-12-31", Some(10.0)), day("2026-01-01", Some(10.0)), day("2026-01-02", Some(10.0))];
        let [second, first] = years(&days).try_into().unwrap();
        assert_eq!((first.year, second.year), (2025, 2026));
        assert!((second.months[0].unwrap() - 21.0).abs() < 1e-9 && (second.whole - 21.0).abs() < 1e-9);
        assert_eq!(second.months[1], None);
    }

    #[rstest]
    #[case(0.0, 2.0, 0)]
    #[case(0.1, 2.0, 1)]
    #[case(-2.0, 2.0, -5)]
    #[case(9.0, 2.0, 5)]
    #[case(1.0, 0.0, 0)]
    fn shades_grow_with_the_return(#[case] percent: f64, #[case] scale: f64, #[case] expected: i64) {
        assert_eq!(shade(percent, scale), expected);
    }

    proptest! {
        /// Each return is in one bin, and bins touch.
        #[test]
        fn bins_hold_all_returns(returns in prop::collection::vec(-90.0..400.0_f64, 1..200)) {
            let bins = histogram(&returns);
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<usize>(), returns.len());
            prop_assert!(bins.len() as i64 <= BINS_MAX + 1);
            prop_assert!(bins.windows(2).all(|pair| (pair[0].to - pair[1].from).abs() < 1e-9));
        }
    }
}
