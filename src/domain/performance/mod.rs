//! What an account really did: returns, risk and lots, by formulas that other programs confirm.
//!
//! Amounts are exact cents up to the ratio; ratios are `f64`, as fractions and not in percent. A figure that has no meaning
//! for its data is a [`Missing`], never zero, NaN or infinite.
//!
//! [`figures`] are checked against `empyrical-reloaded` 0.7.1 and [`rate`] against `pyxirr` 0.10.8 and `scipy` 1.17.1, by
//! `reference.json`, which `scripts/reference/performance.py` writes. [`lots`] have a property: by
//! every method they add up to the ledger's books.
//!
//! # Answers
//! | request                      | answer                                                                   |
//! |------------------------------|--------------------------------------------------------------------------|
//! | `GET /api/performance`       | [`report::Performance`]: figures by [`names::FigureName`], gain by source |
//! | `GET /api/performance/days`  | [`report::DaysPage`]                                                     |
//! | `GET /api/lots`              | [`lots::LotsPage`]                                                       |
//! | `POST /api/flows`            | [`flow::NewFlow`] to [`flow::FlowReceipt`]                               |
//! | `GET /api/flows`             | [`flow::FlowsPage`]                                                      |
//!
//! The page's functions of `crate::api`: `load_performance(range: Range, benchmark: Option<Ticker>)` gives figures and days
//! of the same moment ([`report::PerformanceView`]), `load_lots(method: LotMethod, ticker: Option<Ticker>)` a `LotsPage`,
//! `load_flows(cursor: Option<String>)` a `FlowsPage`, and `record_flow(flow: NewFlow)` a `FlowReceipt` or, as its inner
//! result, a refusal.

mod contribution;
pub mod day;
pub mod drawdown;
pub mod evaluate;
pub mod figures;
pub mod flow;
pub mod history;
pub mod lots;
pub mod names;
pub mod range;
pub mod rate;
pub mod rebuild;
#[cfg(test)]
mod reference;
pub mod report;
mod sales;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a figure has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// There are fewer than two returns, or fewer than the figure takes.
    #[error("not enough data")]
    NotEnoughData,
    /// All returns are the same, so that a ratio to their variation has no value.
    #[error("the returns do not vary")]
    NoVariation,
    /// There was no loss that the figure could be a ratio to.
    #[error("there was no loss")]
    NoLoss,
    /// The account was worth nothing, or less, at the beginning of a period.
    #[error("the account was worth nothing")]
    NothingInvested,
    /// No rate makes the flows and the value come out even.
    #[error("no rate fits the flows")]
    NoRate,
    /// More than one rate makes them come out even.
    #[error("more than one rate fits the flows")]
    NotUnique,
    /// The benchmark, or something that was held at the start, has no prices for these days.
    #[error("there are no prices for these days")]
    NoPrices,
}

/// A figure of an account, or why there is none.
pub type Figure = Result<f64, Missing>;

/// Fewer periods than this are marked as a short basis.
pub const PERIODS_SHORT: usize = 20;
