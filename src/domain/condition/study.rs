//! Indicators of conditions: those of the chart, over enough candles to settle.

use super::operand::{Basis, Indicator, PERIOD_MAX, Study};
use crate::domain::{candle::Candle, indicator::Indicator as Running};

/// Recursive averages start from the mean of the first candles. After eight periods that start's weight is below a
/// thousandth: (1 − 2/(n+1))^8n for the exponential average, (1 − 1/n)^8n for Wilder's.
const SETTLING_PERIODS: usize = 8;

impl Indicator {
    /// Most completed candles that the indicator's value depends on.
    pub fn candles_needed(&self) -> usize {
        let period = self.period as usize;
        match self.study {
            Study::Sma => period,
            Study::Ema => period * SETTLING_PERIODS,
            // Each change needs two closes.
            Study::Rsi => period * SETTLING_PERIODS + 1,
        }
    }

    /// The indicator's value: dollars, or 0 to 100 for the relative strength index. `closed` are the latest completed
    /// candles, oldest first; `forming` follows them. `None` if there are too few.
    pub fn value(&self, closed: &[Candle], forming: Option<&Candle>) -> Option<f64> {
        let mut running = match self.study {
            Study::Sma => Running::simple_average(self.period as usize),
            Study::Ema => Running::exponential_average(self.period),
            Study::Rsi => Running::relative_strength(self.period),
        };
        let skipped = closed.len().saturating_sub(self.candles_needed());
        let forming = forming.filter(|_| self.on == Basis::Live);
        closed[skipped..].iter().chain(forming).map(|candle| running.push(candle.close)).last().flatten()
    }
}

/// Most candles that any indicator needs.
pub const CANDLES_NEEDED_MAX: usize = PERIOD_MAX as usize * SETTLING_PERIODS + 1;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{candle::Interval, money::Price};

    fn candles(cents: &[i64]) -> Vec<Candle> {
        let candle = |(minute, cents): (usize, &i64)| {
            Candle::new(minute as i64 * 60, Price::from_units(cents * 100).unwrap(), 1)
        };
        cents.iter().enumerate().map(candle).collect()
    }

    fn indicator(study: Study, period: u32, on: Basis) -> Indicator {
        Indicator { study, ticker: "V".parse().unwrap(), period, interval: Interval::Minute, on }
    }

    #[rstest]
    #[case::closed(Study::Sma, Basis::Closed, Some(3.0))]
    #[case::live(Study::Sma, Basis::Live, Some(3.0 + 2.0))]
    #[case::exponential(Study::Ema, Basis::Closed, Some(3.0))]
    #[case::strength(Study::Rsi, Basis::Closed, Some(100.0))]
    fn a_value_is_of_closed_candles_or_of_the_forming_one_too(
        #[case] study: Study,
        #[case] on: Basis,
        #[case] expected: Option<f64>,
    ) {
        let closed = candles(&[100, 200, 300, 400]);
        let forming = candles(&[800])[0];
        assert_eq!(indicator(study, 3, on).value(&closed, Some(&forming)), expected);
    }

    #[test]
    fn too_few_candles_have_no_value() {
        let closed = candles(&[100, 200]);
        for study in Study::ALL {
            assert_eq!(indicator(*study, 3, Basis::Closed).value(&closed, None), None);
        }
        assert!(indicator(Study::Rsi, PERIOD_MAX, Basis::Closed).candles_needed() <= CANDLES_NEEDED_MAX);
    }

    #[test]
    fn more_candles_than_are_needed_change_nothing() {
        let wave: Vec<i64> = (0..400).map(|n| 10_000 + (n * 37) % 501).collect();
        let closed = candles(&wave);
        for study in Study::ALL {
            let indicator = indicator(*study, 14, Basis::Closed);
            let needed = &closed[closed.len() - indicator.candles_needed()..];
            assert_eq!(indicator.value(needed, None), indicator.value(&closed, None));
            assert!(indicator.value(&closed, None).is_some());
        }
    }
}
