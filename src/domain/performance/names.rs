//! The figures by name: what each is in, and how it is calculated.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a figure's value is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// In percent: 1.25 is 1.25 %.
    Percent,
    Dollars,
    /// A ratio without a unit.
    Ratio,
    Count,
    /// Days of 24 hours.
    Days,
}

/// A figure of an account over a range of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureName {
    Twr,
    Mwr,
    MwrYearly,
    Cagr,
    Volatility,
    Sharpe,
    Sortino,
    MaxDrawdown,
    Calmar,
    Beta,
    Alpha,
    #[serde(rename = "var_95")]
    Var95,
    #[serde(rename = "cvar_95")]
    Cvar95,
    TrackingError,
    InformationRatio,
    BestDay,
    WorstDay,
    Trades,
    WinRate,
    AverageWin,
    AverageLoss,
    ProfitFactor,
    Expectancy,
    HoldingTime,
    Turnover,
    Exposure,
    BenchmarkReturn,
    HoldingReturn,
}

impl FigureName {
    pub const ALL: [Self; 28] = [
        Self::Twr,
        Self::Mwr,
        Self::MwrYearly,
        Self::Cagr,
        Self::Volatility,
        Self::Sharpe,
        Self::Sortino,
        Self::MaxDrawdown,
        Self::Calmar,
        Self::Beta,
        Self::Alpha,
        Self::Var95,
        Self::Cvar95,
        Self::TrackingError,
        Self::InformationRatio,
        Self::BestDay,
        Self::WorstDay,
        Self::Trades,
        Self::WinRate,
        Self::AverageWin,
        Self::AverageLoss,
        Self::ProfitFactor,
        Self::Expectancy,
        Self::HoldingTime,
        Self::Turnover,
        Self::Exposure,
        Self::BenchmarkReturn,
        Self::HoldingReturn,
    ];

    /// As in the API.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// For people.
    pub fn title(self) -> &'static str {
        self.words().1
    }

    /// How it is calculated, in one sentence.
    pub fn formula(self) -> &'static str {
        self.words().2
    }

    pub fn unit(self) -> Unit {
        match self {
            Self::Sharpe | Self::Sortino | Self::Calmar | Self::Beta | Self::InformationRatio | Self::ProfitFactor => {
                Unit::Ratio
            }
            Self::AverageWin | Self::AverageLoss | Self::Expectancy => Unit::Dollars,
            Self::Trades => Unit::Count,
            Self::HoldingTime => Unit::Days,
            _ => Unit::Percent,
        }
    }

    /// The name in the API, the title, and the formula.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Twr => ("twr", "Time-weighted return", "The product of 1 + return between flows, less 1."),
            Self::Mwr => {
                ("mwr", "Money-weighted return", "The rate at which all flows and the closing value come out even.")
            }
            Self::MwrYearly => ("mwr_yearly", "Money-weighted, a year", "The same rate over 365 days."),
            Self::Cagr => ("cagr", "Growth a year", "(1 + return) to the power of periods a year ÷ days, less 1."),
            Self::Volatility => {
                ("volatility", "Volatility, a year", "Standard deviation of the days' returns × √ periods a year.")
            }
            Self::Sharpe => {
                ("sharpe", "Sharpe ratio", "Mean return ÷ standard deviation × √ periods a year, risk-free rate 0.")
            }
            Self::Sortino => {
                ("sortino", "Sortino ratio", "Mean return ÷ downside deviation from 0 × √ periods a year.")
            }
            Self::MaxDrawdown => {
                ("max_drawdown", "Max drawdown", "The largest fall from a high, at the close of days.")
            }
            Self::Calmar => ("calmar", "Calmar ratio", "Growth a year ÷ max drawdown."),
            Self::Beta => ("beta", "Beta", "Covariance with the benchmark ÷ its variance."),
            Self::Alpha => {
                ("alpha", "Alpha, a year", "Mean of return − beta × benchmark's return, compounded over a year.")
            }
            Self::Var95 => ("var_95", "VaR 95 %, a day", "The return that 95 % of the days were above."),
            Self::Cvar95 => ("cvar_95", "CVaR 95 %, a day", "Mean return of the worst 5 % of the days."),
            Self::TrackingError => (
                "tracking_error",
                "Tracking error",
                "Standard deviation of return − benchmark's return × √ periods a year.",
            ),
            Self::InformationRatio => (
                "information_ratio",
                "Information ratio",
                "Mean of return − benchmark's return, a year, ÷ tracking error.",
            ),
            Self::BestDay => ("best_day", "Best day", "The largest return of a day."),
            Self::WorstDay => ("worst_day", "Worst day", "The smallest return of a day."),
            Self::Trades => ("trades", "Trades", "The number of purchases and sales."),
            Self::WinRate => ("win_rate", "Win rate", "Sales with a gain ÷ all sales."),
            Self::AverageWin => ("average_win", "Average win", "Mean gain of the sales with a gain."),
            Self::AverageLoss => ("average_loss", "Average loss", "Mean loss of the sales with a loss."),
            Self::ProfitFactor => ("profit_factor", "Profit factor", "Sum of gains ÷ sum of losses."),
            Self::Expectancy => ("expectancy", "Expectancy", "Mean gain or loss of a sale."),
            Self::HoldingTime => (
                "holding_time",
                "Holding time",
                "Mean time between purchase and sale of the shares sold, first in, first out.",
            ),
            Self::Turnover => {
                ("turnover", "Turnover", "The lesser of purchases and sales ÷ mean value of the account.")
            }
            Self::Exposure => ("exposure", "Exposure", "Mean of positions ÷ value at the close of days."),
            Self::BenchmarkReturn => ("benchmark_return", "Benchmark", "The benchmark's return over the same days."),
            Self::HoldingReturn => (
                "holding_return",
                "Holding",
                "The return of keeping what was held at the start, cash included, and trading nothing.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api_and_in_order() {
        assert!(FigureName::ALL.is_sorted());
        for name in FigureName::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
        }
    }
}
