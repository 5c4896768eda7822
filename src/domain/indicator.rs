//! Indicators over closing prices, taken in one at a time, so that a new candle costs one step.
//!
//! | indicator            | value after `n` closes                                        | source                          |
//! |----------------------|---------------------------------------------------------------|---------------------------------|
//! | simple average       | the mean of the latest `length` closes                        | Murphy, *Technical Analysis of  |
//! | exponential average  | `mean + 2/(length + 1) × (close − mean)`, from a simple one   | the Financial Markets*, 1999, 9 |
//! | relative strength    | `100 − 100 / (1 + gain / loss)`, means of rises and falls     | Wilder, *New Concepts in        |
//! |                      | smoothed by `mean + 1/length × (change − mean)`               | Technical Trading Systems*, 1978|
//!
//! Their values are drawn, not paid, so they are floats: dollars for the averages, 0 to 100 for the index.

use std::collections::VecDeque;

use super::money::Price;

/// An indicator with the closes it needs. For the value with a forming candle, push to a clone.
#[derive(Debug, Clone)]
pub enum Indicator {
    SimpleAverage { length: usize, closes: VecDeque<Price> },
    ExponentialAverage(Smoothed),
    RelativeStrength { previous: Option<Price>, gain: Smoothed, loss: Smoothed },
}

/// A smoothed mean: starts at the mean of the first `length` values, then moves towards each later one by `weight`.
#[derive(Debug, Clone, Copy)]
pub struct Smoothed {
    length: u32,
    weight: f64,
    seen: u32,
    mean: f64,
}

impl Indicator {
    pub fn simple_average(length: usize) -> Self {
        Self::SimpleAverage { length, closes: VecDeque::with_capacity(length + 1) }
    }

    pub fn exponential_average(length: u32) -> Self {
        Self::ExponentialAverage(Smoothed::new(length, 2.0 / (f64::from(length) + 1.0)))
    }

    pub fn relative_strength(length: u32) -> Self {
        let mean = Smoothed::new(length, 1.0 / f64::from(length));
        Self::RelativeStrength { previous: None, gain: mean, loss: mean }
    }

    /// Adds the next close and returns the new value; `None` until there are enough.
    pub fn push(&mut self, close: Price) -> Option<f64> {
        match self {
            Self::SimpleAverage { length, closes } => {
                closes.push_back(close);
                if closes.len() > *length {
                    closes.pop_front();
                }
                let units: i64 = closes.iter().map(|close| close.units()).sum();
                (closes.len() == *length).then(|| units as f64 / *length as f64 / 10_000.0)
            }
            Self::ExponentialAverage(mean) => mean.push(close.dollars()),
            Self::RelativeStrength { previous, gain, loss } => {
                let change = close.change_from(previous.replace(close)?).units() as f64;
                let (gain, loss) = (gain.push(change.max(0.0)), loss.push((-change).max(0.0)));
                gain.zip(loss).map(|(gain, loss)| relative_strength(gain, loss))
            }
        }
    }
}

/// Wilder's index; 50 if the price did not move at all.
fn relative_strength(gain: f64, loss: f64) -> f64 {
    if gain + loss == 0.0 { 50.0 } else { 100.0 * gain / (gain + loss) }
}

impl Smoothed {
    fn new(length: u32, weight: f64) -> Self {
        Self { length, weight, seen: 0, mean: 0.0 }
    }

    fn push(&mut self, value: f64) -> Option<f64> {
        let is_seeding = self.seen < self.length;
        self.seen = (self.seen + 1).min(self.length);
        let weight = if is_seeding { 1.0 / f64::from(self.seen) } else { self.weight };
        self.mean += weight * (value - self.mean);
        (self.seen == self.length).then_some(self.mean)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn values(mut indicator: Indicator, cents: &[i64]) -> Vec<Option<f64>> {
        cents.iter().map(|cents| indicator.push(Price::from_units(cents * 100).unwrap())).collect()
    }

    fn rounded(values: &[Option<f64>]) -> Vec<Option<f64>> {
        values.iter().map(|value| value.map(|value| (value * 100.0).round() / 100.0)).collect()
    }

    #[rstest]
    #[case::simple(Indicator::simple_average(3), &[100, 200, 300, 400, 200], &[None, None, Some(2.0), Some(3.0), Some(3.0)])]
    #[case::exponential(Indicator::exponential_average(3), &[100, 200, 300, 400, 200], &[None, None, Some(2.0), Some(3.0), Some(2.5)])]
    #[case::of_one(Indicator::exponential_average(1), &[100, 250], &[Some(1.0), Some(2.5)])]
    #[case::too_few(Indicator::simple_average(3), &[100, 200], &[None, None])]
    fn averages(#[case] indicator: Indicator, #[case] cents: &[i64], #[case] expected: &[Option<f64>]) {
        assert_eq!(rounded(&values(indicator, cents)), expected);
    }

    #[test]
    fn relative_strength_is_wilders() {
        // A worked example from many textbooks: fourteen changes, then one step per close.
        let cents = [
            4434, 4409, 4415, 4361, 4433, 4483, 4510, 4542, 4584, 4608, 4589, 4603, 4561, 4628, 4628, 4600, 4603, 4641,
            4622, 4564,
        ];
        let strengths = values(Indicator::relative_strength(14), &cents);
        assert!(strengths[..14].iter().all(Option::is_none));
        let expected = [70.46, 66.25, 66.48, 69.35, 66.29, 57.92].map(Some);
        assert_eq!(rounded(&strengths[14..]), expected);
    }

    #[rstest]
    #[case::only_rises(&[100, 110, 120], 100.0)]
    #[case::only_falls(&[120, 110, 100], 0.0)]
    #[case::no_move(&[100, 100, 100], 50.0)]
    fn relative_strength_has_its_ends(#[case] cents: &[i64], #[case] expected: f64) {
        assert_eq!(values(Indicator::relative_strength(2), cents).last(), Some(&Some(expected)));
    }

    proptest! {
        #[test]
        fn values_stay_within_what_they_are_made_of(cents in prop::collection::vec(1_i64..1_000_000, 1..200), length in 1_u32..30) {
            let within = |value: f64, low: f64, high: f64| value >= low - 1e-6 && value <= high + 1e-6;
            let dollars = |cents: i64| cents as f64 / 100.0;
            let (low, high) = (dollars(*cents.iter().min().unwrap()), dollars(*cents.iter().max().unwrap()));
            for indicator in [Indicator::simple_average(length as usize), Indicator::exponential_average(length)] {
                let values = values(indicator, &cents);
                prop_assert_eq!(values.iter().flatten().count(), cents.len().saturating_sub(length as usize - 1));
                prop_assert!(values.into_iter().flatten().all(|value| within(value, low, high)));
            }
            let strengths = values(Indicator::relative_strength(length), &cents);
            prop_assert!(strengths.into_iter().flatten().all(|value| within(value, 0.0, 100.0)));
        }
    }
}
