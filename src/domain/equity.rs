//! The equity curve: the portfolio's value over time.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{instant::UtcInstant, money::Money};

/// Most points of a history; longer ones are thinned by [`downsample`].
pub const HISTORY_POINTS_MAX: usize = 2_000;

/// The portfolio's total value at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    pub total_value: Money,
    pub recorded_at: UtcInstant,
}

/// Response of `GET /api/portfolio/history`: oldest first, at most [`HISTORY_POINTS_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EquityHistory {
    pub snapshots: Vec<Snapshot>,
}

/// The first state of the page's equity curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityCurve {
    /// Oldest first, at most [`HISTORY_POINTS_MAX`].
    pub snapshots: Vec<Snapshot>,
    /// Highest value recorded since the account was opened or last reset; `None` before the first.
    pub high_water_mark: Option<Money>,
}

/// Decline of a value from the highest one before it.
///
/// Magdon-Ismail and Atiya, *Maximum Drawdown*, Risk Magazine, 2004.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawdown {
    pub high_water_mark: Money,
    /// Of the latest value, in percent of the high-water mark: 0 at a new high, 100 if all is lost.
    pub percent: f64,
    /// Largest drawdown so far, in percent.
    pub percent_max: f64,
}

impl Drawdown {
    /// Starts with a first value and no drawdown.
    pub fn starting_at(value: Money) -> Self {
        Self { high_water_mark: value, percent: 0.0, percent_max: 0.0 }
    }

    /// The drawdown after the next value.
    #[must_use]
    pub fn followed_by(self, value: Money) -> Self {
        let high_water_mark = self.high_water_mark.max(value);
        let lost = high_water_mark.checked_sub(value).and_then(|lost| lost.percent_of(high_water_mark));
        let percent = lost.unwrap_or_default();
        Self { high_water_mark, percent, percent_max: self.percent_max.max(percent) }
    }

    /// Over values in order of time; `None` if there are none.
    pub fn over(values: impl IntoIterator<Item = Money>) -> Option<Self> {
        let mut values = values.into_iter();
        let start = Self::starting_at(values.next()?);
        Some(values.fold(start, Self::followed_by))
    }
}

/// Time range of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum HistoryRange {
    #[serde(rename = "1h")]
    Hour,
    #[default]
    #[serde(rename = "1d")]
    Day,
    #[serde(rename = "1w")]
    Week,
    #[serde(rename = "all")]
    All,
}

/// The text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a range is 1h, 1d, 1w or all")]
pub struct InvalidHistoryRange;

impl HistoryRange {
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::All];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "1w",
            Self::All => "all",
        }
    }

    /// Seconds back from now; `None` for the whole history.
    pub fn seconds(self) -> Option<i64> {
        match self {
            Self::Hour => Some(3_600),
            Self::Day => Some(86_400),
            Self::Week => Some(7 * 86_400),
            Self::All => None,
        }
    }
}

impl FromStr for HistoryRange {
    type Err = InvalidHistoryRange;

    fn from_str(text: &str) -> Result<Self, InvalidHistoryRange> {
        Self::ALL.into_iter().find(|range| range.as_str() == text).ok_or(InvalidHistoryRange)
    }
}

/// Keeps at most `points_max` (at least 3) points, chosen to preserve the line's shape: the first, the last, and from
/// each bucket between them the point that spans the largest triangle with its neighbours.
///
/// Largest-Triangle-Three-Buckets: Sveinn Steinarsson, *Downsampling Time Series for Visual Representation*, 2013.
pub fn downsample(points: &[Snapshot], points_max: usize) -> Vec<Snapshot> {
    if points.len() <= points_max {
        return points.to_vec();
    }
    let buckets = points_max - 2;
    let width = (points.len() - 2) as f64 / buckets as f64;
    let start_of = |bucket: usize| 1 + (bucket as f64 * width) as usize;
    let mut kept = Vec::with_capacity(points_max);
    kept.push(points[0]);
    let mut previous = points[0];
    for bucket in 0..buckets {
        let inside = &points[start_of(bucket)..start_of(bucket + 1)];
        // The last bucket holds only the last point.
        let following =
            &points[start_of(bucket + 1)..start_of(bucket + 2).min(points.len()).max(start_of(bucket + 1) + 1)];
        let target = centre(following);
        // Invariant: there are more points than buckets, so no bucket is empty.
        previous = *inside
            .iter()
            .max_by(|one, other| area(previous, **one, target).total_cmp(&area(previous, **other, target)))
            .expect("a bucket holds a point");
        kept.push(previous);
    }
    kept.push(points[points.len() - 1]);
    kept
}

fn coordinates(point: Snapshot) -> (f64, f64) {
    (point.recorded_at.unix_ms() as f64, point.total_value.cents() as f64)
}

fn centre(points: &[Snapshot]) -> (f64, f64) {
    let (x, y) = points
        .iter()
        .map(|point| coordinates(*point))
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (x / points.len() as f64, y / points.len() as f64)
}

/// Twice the triangle's area, which has the same order.
fn area(a: Snapshot, b: Snapshot, c: (f64, f64)) -> f64 {
    let (a, b) = (coordinates(a), coordinates(b));
    ((a.0 - c.0) * (b.1 - a.1) - (a.0 - b.0) * (c.1 - a.1)).abs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::rises(&[100, 110, 120], 120, 0.0, 0.0)]
    #[case::falls(&[200, 150], 200, 25.0, 25.0)]
    #[case::recovers(&[200, 100, 200], 200, 0.0, 50.0)]
    #[case::falls_again_from_higher(&[100, 80, 200, 190], 200, 5.0, 20.0)]
    #[case::loses_all(&[100, 0], 100, 100.0, 100.0)]
    #[case::nothing_to_lose(&[0, 0], 0, 0.0, 0.0)]
    fn a_drawdown_is_from_the_high_water_mark(
        #[case] cents: &[i64],
        #[case] high: i64,
        #[case] percent: f64,
        #[case] percent_max: f64,
    ) {
        let expected = Drawdown { high_water_mark: Money::from_cents(high), percent, percent_max };
        assert_eq!(Drawdown::over(cents.iter().copied().map(Money::from_cents)), Some(expected));
        assert_eq!(Drawdown::over([]), None);
    }

    fn curve(values: &[i64]) -> Vec<Snapshot> {
        let point = |(second, cents): (i64, &i64)| Snapshot {
            total_value: Money::from_cents(*cents),
            recorded_at: UtcInstant::from_unix_ms(second * 1_000),
        };
        (0..).zip(values).map(point).collect()
    }

    #[test]
    fn a_spike_survives() {
        let mut values = vec![1_000_000; 5_000];
        values[3_210] = 1_500_000;
        let kept = downsample(&curve(&values), 100);
        assert!(kept.iter().any(|point| point.total_value == Money::from_cents(1_500_000)));
    }

    #[test]
    fn ranges_are_read_as_they_are_written() {
        for range in HistoryRange::ALL {
            assert_eq!(range.as_str().parse(), Ok(range));
            assert_eq!(serde_json::to_value(range).unwrap(), range.as_str());
        }
        assert_eq!("1w".parse::<HistoryRange>().unwrap().seconds(), Some(604_800));
        assert_eq!("2w".parse::<HistoryRange>(), Err(InvalidHistoryRange));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_a_part_in_order_with_both_ends(
            values in prop::collection::vec(0_i64..10_000_000, 0..600), points_max in 3_usize..200
        ) {
            let points = curve(&values);
            let kept = downsample(&points, points_max);
            prop_assert_eq!(kept.len(), points.len().min(points_max));
            prop_assert!(kept.windows(2).all(|pair| pair[0].recorded_at < pair[1].recorded_at));
            prop_assert!(kept.iter().all(|point| points.contains(point)));
            prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        }
    }
}
