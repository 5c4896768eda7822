//! The money-weighted rate of return: the yearly rate r at which all flows come out even,
//! `Σ amount_i · (1 + r)^(−days_i ÷ 365) = 0`, as `XIRR` of spreadsheets has it.
//!
//! It is searched for in −1 < r < 10⁶, over `x = ln(1 + r)`. Flows whose signs change once in the order of time have exactly
//! one such rate (Descartes' rule of signs); others are searched for all their roots, and have a rate only if there is one.

use super::{Figure, Missing};

/// Days of a year, by convention.
const DAYS_A_YEAR: f64 = 365.0;
/// The largest `|ln(1 + r)|` that is looked at: r is below 10⁶.
const LOG_MAX: f64 = 13.815_510_557_964_274;
/// The stretches of `ln(1 + r)` that are searched for a root each.
const STRETCHES: usize = 512;
/// Bisections of a bracket: it is then narrower than two neighbouring numbers.
const BISECTIONS: usize = 100;

/// An amount at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatedAmount {
    /// Since the first flow.
    pub days: f64,
    /// Paid in is negative; paid out, and the value that is left at the end, positive.
    pub amount: f64,
}

/// The yearly rate of flows that are in the order of time, the last of which is the value that is left.
///
/// # Errors
/// When no rate fits, or more than one.
pub fn money_weighted(flows: &[DatedAmount]) -> Figure {
    let signs: Vec<bool> = flows.iter().filter(|flow| flow.amount != 0.0).map(|flow| flow.amount > 0.0).collect();
    let changes = signs.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let present_value =
        |x: f64| flows.iter().map(|flow| flow.amount * (-x * flow.days / DAYS_A_YEAR).exp()).sum::<f64>();
    let x = match changes {
        0 => return Err(Missing::NoRate),
        1 => root(&present_value, -LOG_MAX, LOG_MAX).ok_or(Missing::NoRate)?,
        _ => only_root(&present_value)?,
    };
    Ok(x.exp_m1())
}

/// The rate over `days` days instead of a year.
pub fn over(rate: f64, days: f64) -> f64 {
    (rate.ln_1p() * days / DAYS_A_YEAR).exp_m1()
}

fn only_root(function: &impl Fn(f64) -> f64) -> Figure {
    let at = |index: usize| LOG_MAX * (2.0 * index as f64 / STRETCHES as f64 - 1.0);
    let mut roots = (0..STRETCHES).filter_map(|index| root(function, at(index), at(index + 1)));
    let first = roots.next().ok_or(Missing::NoRate)?;
    // A root on the border of two stretches is one.
    if roots.any(|next| (next - first).abs() > 1e-9) { Err(Missing::NotUnique) } else { Ok(first) }
}

/// A root between two places where the function has different signs.
fn root(function: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> Option<f64> {
    let at_low = function(low);
    if at_low == 0.0 {
        return Some(low);
    }
    if (at_low > 0.0) == (function(high) > 0.0) {
        return None;
    }
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        if (function(middle) > 0.0) == (at_low > 0.0) { low = middle } else { high = middle }
    }
    Some(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn flows(amounts: &[(f64, f64)]) -> Vec<DatedAmount> {
        amounts.iter().map(|&(days, amount)| DatedAmount { days, amount }).collect()
    }

    #[rstest]
    #[case::ten_percent(&[(0.0, -100.0), (365.0, 110.0)], Ok(0.1))]
    #[case::half_a_year(&[(0.0, -100.0), (182.5, 110.0)], Ok(0.21))]
    #[case::all_is_lost(&[(0.0, -100.0), (365.0, 0.0)], Err(Missing::NoRate))]
    #[case::nothing_paid_in(&[(0.0, 5.0), (365.0, 5.0)], Err(Missing::NoRate))]
    #[case::two_rates(&[(0.0, -100.0), (365.0, 230.0), (730.0, -132.0)], Err(Missing::NotUnique))]
    #[case::one_of_two_changes(&[(0.0, -100.0), (365.0, 50.0), (730.0, -50.0), (1095.0, 120.0)], Ok(0.074_313))]
    fn a_rate_is_found_where_there_is_one(#[case] amounts: &[(f64, f64)], #[case] rate: Figure) {
        match (money_weighted(&flows(amounts)), rate) {
            (Ok(found), Ok(rate)) => assert!((found - rate).abs() < 1e-5, "{found}"),
            (found, rate) => assert_eq!(found, rate),
        }
    }

    #[test]
    fn a_rate_over_half_a_year_is_the_root_of_it() {
        assert!((over(0.21, 182.5) - 0.1).abs() < 1e-12);
    }
}
