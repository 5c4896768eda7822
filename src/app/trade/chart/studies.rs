//! The values of a study over the candles shown, kept up to date one candle at a time.

use crate::{
    domain::{candle::Candle, indicator::Indicator},
    interop::lightweight_charts::price_chart::Study,
};

const AVERAGE_LENGTH: usize = 20;
const EXPONENTIAL_LENGTH: u32 = 50;
const STRENGTH_LENGTH: u32 = 14;

/// What a study is called beside its value.
pub fn label(study: Study) -> String {
    match study {
        Study::SimpleAverage => format!("SMA {AVERAGE_LENGTH}"),
        Study::ExponentialAverage => format!("EMA {EXPONENTIAL_LENGTH}"),
        Study::RelativeStrength => format!("RSI {STRENGTH_LENGTH}"),
    }
}

/// What a study is called on its button.
pub fn short_label(study: Study) -> &'static str {
    match study {
        Study::SimpleAverage => "SMA",
        Study::ExponentialAverage => "EMA",
        Study::RelativeStrength => "RSI",
    }
}

fn indicator(study: Study) -> Indicator {
    match study {
        Study::SimpleAverage => Indicator::simple_average(AVERAGE_LENGTH),
        Study::ExponentialAverage => Indicator::exponential_average(EXPONENTIAL_LENGTH),
        Study::RelativeStrength => Indicator::relative_strength(STRENGTH_LENGTH),
    }
}

/// A study's value for each candle.
#[derive(Debug, Clone)]
pub struct StudyValues {
    study: Study,
    /// Has taken in the candles that are over, which is all but the last.
    settled: Indicator,
    settled_count: usize,
    values: Vec<Option<f64>>,
}

impl StudyValues {
    pub fn new(study: Study, candles: &[Candle]) -> Self {
        let room = Vec::with_capacity(candles.len() + 1);
        let mut values = Self { study, settled: indicator(study), settled_count: 0, values: room };
        values.revise(candles, 0);
        values
    }

    /// Follows candles that changed from an index on. A tick costs one step; a change of what was over starts anew.
    pub fn revise(&mut self, candles: &[Candle], from: usize) {
        if from < self.settled_count {
            self.settled = indicator(self.study);
            self.settled_count = 0;
        }
        self.values.truncate(self.settled_count);
        let Some((forming, over)) = candles.split_last() else {
            return;
        };
        for candle in &over[self.settled_count..] {
            self.values.push(self.settled.push(candle.close));
        }
        self.settled_count = over.len();
        self.values.push(self.settled.clone().push(forming.close));
    }

    /// The value at a candle, by its index; nothing where there are too few candles before it.
    pub fn value(&self, index: usize) -> Option<f64> {
        self.values.get(index).copied().flatten()
    }

    /// With the times of `candles`, those that were revised last.
    pub fn points<'a>(&'a self, candles: &'a [Candle]) -> impl Iterator<Item = (i64, f64)> + 'a {
        candles.iter().zip(&self.values).filter_map(|(candle, value)| value.map(|value| (candle.time, value)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::money::Price;

    proptest! {
        #[test]
        fn a_value_is_the_same_whichever_way_its_candles_came(
            cents in prop::collection::vec(1_i64..100_000, 1..120), revised in 0_usize..120, other in 1_i64..100_000
        ) {
            let candle = |(time, cents): (i64, &i64)| Candle::new(time, Price::from_units(cents * 100).unwrap(), 1);
            let mut candles: Vec<Candle> = (0..).zip(&cents).map(candle).collect();
            for study in Study::ALL {
                let mut values = StudyValues::new(study, &[]);
                for count in 1..=candles.len() {
                    // The last candle forms, then is over.
                    let mut forming = candles[..count].to_vec();
                    forming[count - 1].close = Price::from_units(other * 100).unwrap();
                    values.revise(&forming, count - 1);
                    values.revise(&candles[..count], count - 1);
                }
                prop_assert_eq!(&values.values, &StudyValues::new(study, &candles).values);

                let revised = revised % candles.len();
                candles[revised].close = Price::from_units(other * 100).unwrap();
                values.revise(&candles, revised);
                prop_assert_eq!(&values.values, &StudyValues::new(study, &candles).values);
            }
        }
    }
}
