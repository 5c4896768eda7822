//! Figures of a series of simple returns, one a period.
//!
//! Notation: `r` are the returns of n periods, `b` the benchmark's of the same periods, `rf` the risk-free return of a
//! period, A the periods a year, `std` the standard deviation with n − 1 in the denominator.
//!
//! | figure             | formula                                                                |
//! |--------------------|------------------------------------------------------------------------|
//! | total return       | `Π(1 + r) − 1`                                                         |
//! | CAGR               | `Π(1 + r)^(A ÷ n) − 1`                                                 |
//! | volatility         | `std(r) · √A`                                                          |
//! | Sharpe             | `mean(r − rf) ÷ std(r − rf) · √A`                                      |
//! | Sortino            | `mean(r − m) · A ÷ (√mean(min(r − m, 0)²) · √A)`                       |
//! | Calmar             | `CAGR ÷ |maximum drawdown|`                                            |
//! | beta               | `cov(r, b) ÷ var(b)`                                                   |
//! | alpha              | `(1 + mean((r − rf) − β · (b − rf)))^A − 1`                            |
//! | VaR 95 %           | 5th percentile of r, with linear interpolation                         |
//! | expected shortfall | mean of the lowest `⌊(n − 1) · 0.05⌋ + 1` returns                      |
//! | tracking error     | `std(r − b) · √A`                                                      |
//! | information ratio  | `mean(r − b) · A ÷ tracking error`                                     |
//!
//! A follows from the market's clock: trading hours a year (252 × 6.5) by hours a sample. An exchange's session has
//! A = 252; a UTC day of the simulator, whose trading year runs in continuous time, has A = 252 × 6.5 ÷ 24 = 68.25.

use super::{Figure, Missing, drawdown};

/// Sessions of an exchange a year.
pub const SESSIONS_A_YEAR: f64 = 252.0;
/// UTC days a year of a market that packs 252 sessions of 6.5 hours into continuous time.
pub const CONTINUOUS_DAYS_A_YEAR: f64 = 252.0 * 6.5 / 24.0;

/// The part of the returns that is the tail of [`value_at_risk`] and [`expected_shortfall`].
const TAIL: f64 = 0.05;
/// A benchmark whose variance is below this does not vary: what is left are rounding errors.
const VARIANCE_MIN: f64 = 1e-30;

/// `Π(1 + r) − 1`; 0 for no period.
pub fn total_return(returns: &[f64]) -> f64 {
    returns.iter().map(|period| 1.0 + period).product::<f64>() - 1.0
}

/// Compound annual growth rate.
///
/// # Errors
/// Without a period.
pub fn cagr(returns: &[f64], periods_a_year: f64) -> Figure {
    if returns.is_empty() {
        return Err(Missing::NotEnoughData);
    }
    Ok((1.0 + total_return(returns)).powf(periods_a_year / returns.len() as f64) - 1.0)
}

/// Annualised standard deviation.
///
/// # Errors
/// With fewer than two periods.
pub fn volatility(returns: &[f64], periods_a_year: f64) -> Figure {
    Ok(deviation(returns)? * periods_a_year.sqrt())
}

/// Sharpe ratio; `risk_free` is the return of a period.
///
/// # Errors
/// With fewer than two periods, or without variation.
pub fn sharpe(returns: &[f64], risk_free: f64, periods_a_year: f64) -> Figure {
    let excess: Vec<f64> = returns.iter().map(|period| period - risk_free).collect();
    Ok(mean(&excess) / varying(deviation(&excess)?)? * periods_a_year.sqrt())
}

/// Sortino ratio; `required` is the least acceptable return of a period.
///
/// # Errors
/// With fewer than two periods, or where no return is below `required`.
pub fn sortino(returns: &[f64], required: f64, periods_a_year: f64) -> Figure {
    if returns.len() < 2 {
        return Err(Missing::NotEnoughData);
    }
    let excess: Vec<f64> = returns.iter().map(|period| period - required).collect();
    let squares: Vec<f64> = excess.iter().map(|period| period.min(0.0).powi(2)).collect();
    let downside = mean(&squares).sqrt() * periods_a_year.sqrt();
    if downside > 0.0 { Ok(mean(&excess) * periods_a_year / downside) } else { Err(Missing::NoLoss) }
}

/// Calmar ratio.
///
/// # Errors
/// Without a period or a drawdown.
pub fn calmar(returns: &[f64], periods_a_year: f64) -> Figure {
    let growth = cagr(returns, periods_a_year)?;
    match drawdown::of_returns(returns) {
        Some(drawdown) if drawdown.depth < 0.0 => Ok(growth / drawdown.depth.abs()),
        _ => Err(Missing::NoLoss),
    }
}

/// Alpha, annualised, and beta against a benchmark; both series have the same periods.
///
/// # Errors
/// With fewer than two periods, or where the benchmark does not vary.
pub fn alpha_and_beta(
    returns: &[f64],
    benchmark: &[f64],
    risk_free: f64,
    periods_a_year: f64,
) -> Result<(f64, f64), Missing> {
    if returns.len() < 2 || returns.len() != benchmark.len() {
        return Err(Missing::NotEnoughData);
    }
    let (own_mean, other_mean) = (mean(returns), mean(benchmark));
    let covariance = returns.iter().zip(benchmark).map(|(own, other)| (own - own_mean) * (other - other_mean));
    let variance = benchmark.iter().map(|other| (other - other_mean).powi(2)).sum::<f64>() / benchmark.len() as f64;
    if variance < VARIANCE_MIN {
        return Err(Missing::NoVariation);
    }
    let beta = covariance.sum::<f64>() / returns.len() as f64 / variance;
    let alphas: Vec<f64> =
        returns.iter().zip(benchmark).map(|(own, other)| (own - risk_free) - beta * (other - risk_free)).collect();
    Ok(((1.0 + mean(&alphas)).powf(periods_a_year) - 1.0, beta))
}

/// The return that 95 % of the periods were above.
///
/// # Errors
/// Without a period.
pub fn value_at_risk(returns: &[f64]) -> Figure {
    let sorted = sorted(returns)?;
    let place = (sorted.len() - 1) as f64 * TAIL;
    let below = place.floor() as usize;
    let next = sorted[(below + 1).min(sorted.len() - 1)];
    Ok(sorted[below] + (next - sorted[below]) * place.fract())
}

/// Mean of the worst 5 % of the periods (conditional value at risk).
///
/// # Errors
/// Without a period.
pub fn expected_shortfall(returns: &[f64]) -> Figure {
    let sorted = sorted(returns)?;
    let count = ((sorted.len() - 1) as f64 * TAIL).floor() as usize + 1;
    Ok(mean(&sorted[..count]))
}

/// Annualised standard deviation of the difference to a benchmark.
///
/// # Errors
/// With fewer than two periods.
pub fn tracking_error(returns: &[f64], benchmark: &[f64], periods_a_year: f64) -> Figure {
    Ok(deviation(&active(returns, benchmark)?)? * periods_a_year.sqrt())
}

/// Information ratio against a benchmark.
///
/// # Errors
/// With fewer than two periods, or where the difference to the benchmark does not vary.
pub fn information_ratio(returns: &[f64], benchmark: &[f64], periods_a_year: f64) -> Figure {
    let active = active(returns, benchmark)?;
    Ok(mean(&active) / varying(deviation(&active)?)? * periods_a_year.sqrt())
}

fn active(returns: &[f64], benchmark: &[f64]) -> Result<Vec<f64>, Missing> {
    if returns.len() != benchmark.len() {
        return Err(Missing::NotEnoughData);
    }
    Ok(returns.iter().zip(benchmark).map(|(own, other)| own - other).collect())
}

/// The mean.
///
/// # Errors
/// Without a value.
pub fn mean_of(values: &[f64]) -> Figure {
    if values.is_empty() { Err(Missing::NotEnoughData) } else { Ok(mean(values)) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation with n − 1 in the denominator.
fn deviation(values: &[f64]) -> Figure {
    if values.len() < 2 {
        return Err(Missing::NotEnoughData);
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Ok((squares / (values.len() - 1) as f64).sqrt())
}

/// A deviation that can be divided by.
fn varying(deviation: f64) -> Figure {
    if deviation > VARIANCE_MIN.sqrt() { Ok(deviation) } else { Err(Missing::NoVariation) }
}

fn sorted(returns: &[f64]) -> Result<Vec<f64>, Missing> {
    if returns.is_empty() {
        return Err(Missing::NotEnoughData);
    }
    let mut sorted = returns.to_vec();
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::empty(&[])]
    #[case::one_day(&[0.01])]
    fn too_few_periods_have_no_ratio(#[case] returns: &[f64]) {
        let figures = [
            volatility(returns, 252.0),
            sharpe(returns, 0.0, 252.0),
            sortino(returns, 0.0, 252.0),
            information_ratio(returns, returns, 252.0),
            alpha_and_beta(returns, returns, 0.0, 252.0).map(|(alpha, _)| alpha),
        ];
        assert_eq!(figures, [Err(Missing::NotEnoughData); 5]);
    }

    #[test]
    fn a_flat_account_has_no_variation_and_no_loss() {
        let flat = [0.0; 10];
        assert_eq!(sharpe(&flat, 0.0, 252.0), Err(Missing::NoVariation));
        assert_eq!(sharpe(&[0.1; 10], 0.0, 252.0), Err(Missing::NoVariation), "rounding errors are no variation");
        assert_eq!(sortino(&flat, 0.0, 252.0), Err(Missing::NoLoss));
        assert_eq!(calmar(&flat, 252.0), Err(Missing::NoLoss));
        assert_eq!((cagr(&flat, 252.0), volatility(&flat, 252.0)), (Ok(0.0), Ok(0.0)));
    }

    #[test]
    fn a_bankrupt_account_lost_all_of_it() {
        let returns = [0.02, -1.0, 0.0];
        assert_eq!((total_return(&returns), cagr(&returns, 252.0)), (-1.0, Ok(-1.0)));
        assert_eq!(calmar(&returns, 252.0), Ok(-1.0));
    }

    #[test]
    fn a_continuous_day_is_less_of_a_year() {
        assert_eq!(CONTINUOUS_DAYS_A_YEAR, 68.25);
    }

    proptest! {
        /// Twice the returns have twice the volatility and the same Sharpe ratio.
        #[test]
        fn ratios_do_not_know_the_scale(returns in prop::collection::vec(-0.05..0.05_f64, 3..60)) {
            let double: Vec<f64> = returns.iter().map(|period| period * 2.0).collect();
            let (one, two) = (volatility(&returns, 252.0).unwrap(), volatility(&double, 252.0).unwrap());
            prop_assert!((two - 2.0 * one).abs() < 1e-12);
            let (one, two) = (sharpe(&returns, 0.0, 252.0).unwrap(), sharpe(&double, 0.0, 252.0).unwrap());
            prop_assert!((two - one).abs() <= 1e-9 * one.abs().max(1.0));
        }

        /// A period split in two parts that compound to it leaves the total and the drawdown of it as they were.
        #[test]
        fn a_split_period_compounds_to_the_same(returns in prop::collection::vec(-0.2..0.2_f64, 1..40), part in 0.1..0.9_f64) {
            let split: Vec<f64> =
                returns.iter().flat_map(|period| {
                    let first = (1.0 + period).powf(part) - 1.0;
                    [first, (1.0 + period) / (1.0 + first) - 1.0]
                }).collect();
            prop_assert!((total_return(&returns) - total_return(&split)).abs() < 1e-9);
            let (one, two) = (drawdown::of_returns(&returns).unwrap(), drawdown::of_returns(&split).unwrap());
            prop_assert!((one.depth - two.depth).abs() < 1e-9);
        }

        /// A day on which nothing happened changes neither the total nor the drawdown.
        #[test]
        fn a_day_of_nothing_changes_no_total(returns in prop::collection::vec(-0.2..0.2_f64, 1..40), at in 0..40_usize) {
            let mut longer = returns.clone();
            longer.insert(at.min(returns.len()), 0.0);
            prop_assert!((total_return(&returns) - total_return(&longer)).abs() < 1e-12);
            let (one, two) = (drawdown::of_returns(&returns).unwrap(), drawdown::of_returns(&longer).unwrap());
            prop_assert!((one.depth - two.depth).abs() < 1e-12);
        }
    }
}
