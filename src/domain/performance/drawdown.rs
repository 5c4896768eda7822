//! The largest fall from a high.
//!
//! `min over i of (W_i − max W) ÷ max W`, where W is the value of one unit that was invested at the start, which is W_0.

/// The largest drawdown of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawdown {
    /// As a fraction of the peak: 0 or less.
    pub depth: f64,
    /// The number of periods before the peak: 0 is the start.
    pub peak: usize,
    /// The number of periods before the trough.
    pub trough: usize,
    /// The number of periods before the peak's value was reached again, if it was.
    pub recovery: Option<usize>,
}

/// Of simple returns; nothing without a period.
pub fn of_returns(returns: &[f64]) -> Option<Drawdown> {
    let mut worth = 1.0;
    let worths = returns.iter().map(|period| {
        worth *= 1.0 + period;
        worth
    });
    of_worths(worths.collect())
}

fn of_worths(worths: Vec<f64>) -> Option<Drawdown> {
    if worths.is_empty() {
        return None;
    }
    let (mut peak, mut high) = (0, 1.0);
    let mut deepest = Drawdown { depth: 0.0, peak: 0, trough: 0, recovery: Some(0) };
    let mut deepest_high = 1.0;
    for (index, worth) in worths.into_iter().enumerate() {
        let after = index + 1;
        if worth >= deepest_high && deepest.recovery.is_none() {
            deepest.recovery = Some(after);
        }
        if worth >= high {
            (peak, high) = (after, worth);
        }
        let depth = (worth - high) / high;
        if depth < deepest.depth {
            deepest = Drawdown { depth, peak, trough: after, recovery: None };
            deepest_high = high;
        }
    }
    Some(deepest)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::only_gains(&[0.1, 0.2], 0.0, 0, 0, Some(0))]
    #[case::loss_from_the_start(&[-0.5, 0.5], -0.5, 0, 1, None)]
    #[case::recovered(&[0.25, -0.2, 0.25, -0.1], -0.2, 1, 2, Some(3))]
    #[case::the_deeper_of_two(&[-0.1, 0.2, -0.5, 0.1], -0.5, 2, 3, None)]
    fn the_largest_fall_is_found(
        #[case] returns: &[f64],
        #[case] depth: f64,
        #[case] peak: usize,
        #[case] trough: usize,
        #[case] recovery: Option<usize>,
    ) {
        let drawdown = of_returns(returns).unwrap();
        assert!((drawdown.depth - depth).abs() < 1e-12, "{drawdown:?}");
        assert_eq!((drawdown.peak, drawdown.trough, drawdown.recovery), (peak, trough, recovery));
    }

    #[test]
    fn without_a_period_there_is_none() {
        assert_eq!(of_returns(&[]), None);
    }
}
