//! Settings of fills: the fill model, slippage and commission.

use super::variables::{ConfigError, Variables};
use crate::domain::{
    fixed_point::parse_decimal,
    money::Money,
    orders::{
        costs::{Commission, SlippageBps},
        rules::{FillModel, FillRules},
    },
};

/// Upper bounds: a hundred dollars per order, ten dollars per share, ten percent.
const PER_ORDER_CENTS_MAX: i64 = 10_000;
const PER_SHARE_UNITS_MAX: i64 = 100_000;
const PERCENT_COUNT_MAX: i64 = 100_000;

/// Reads the settings.
///
/// # Errors
/// The first variable with a bad value.
pub fn read(vars: &Variables<'_>) -> Result<FillRules, ConfigError> {
    let model = vars.parse("FILL_MODEL", FillModel::Plain, "is neither plain nor strict", "plain")?;
    let bps: u32 = vars.parse("SLIPPAGE_BPS", 0, "is not a whole number of basis points", "5")?;
    let slippage = SlippageBps::new(bps).ok_or_else(|| ConfigError {
        variable: "SLIPPAGE_BPS",
        problem: format!("is {bps}, and has to be from 0 to {}", SlippageBps::MAX),
        example: "5",
    })?;
    let commission = Commission {
        per_order: Money::from_cents(amount(vars, "COMMISSION_PER_ORDER", 2, PER_ORDER_CENTS_MAX, "1.00")?),
        per_share_units: amount(vars, "COMMISSION_PER_SHARE", 4, PER_SHARE_UNITS_MAX, "0.005")?,
        percent_count: amount(vars, "COMMISSION_PERCENT", 4, PERCENT_COUNT_MAX, "0.1")?,
    };
    Ok(FillRules { model, slippage, commission })
}

/// A number with the given decimal places as a count of its smallest unit; zero if not set.
fn amount(
    vars: &Variables<'_>,
    variable: &'static str,
    decimals: u32,
    max: i64,
    example: &'static str,
) -> Result<i64, ConfigError> {
    let Some(text) = vars.get(variable) else {
        return Ok(0);
    };
    match parse_decimal(&text, decimals) {
        Ok(count) if (0..=max).contains(&count) => Ok(count),
        Ok(_) | Err(_) => {
            let max = max / 10_i64.pow(decimals);
            let problem =
                format!("has to be a number from 0 to {max}, with at most {decimals} decimal places: {text:?}");
            Err(ConfigError { variable, problem, example })
        }
    }
}
