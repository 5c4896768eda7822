//! The answers on performance: figures of a range of days, the days themselves, and who and what earned.
//!
//! Amounts are dollars, exact to the cent; percentages are in percent. In each answer
//! `closing_value = opening_value + net_flows + gain`, `gain = Σ by_ticker.gain = Σ by_source.gain`, and of each day
//! `close = open + flows + its gain`, where `open` is the close of the day before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Figure, Missing, PERIODS_SHORT, names::FigureName};
use crate::domain::{instant::UtcInstant, money::Money, ticker::Ticker};

/// A figure's value, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FigureView {
    /// In the figure's unit: percent, dollars, days, a count or a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Without a value: the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Missing>,
    /// Number of samples that it is calculated from: days, sales or shares sold.
    pub n: usize,
    /// Whether that is a short basis: fewer than 20.
    pub short: bool,
}

impl FigureView {
    pub fn new(figure: Figure, n: usize) -> Self {
        // A ratio of ordinary numbers may still overflow.
        let figure = figure.and_then(|value| if value.is_finite() { Ok(value) } else { Err(Missing::NotEnoughData) });
        Self { value: figure.ok(), why: figure.err(), n, short: n < PERIODS_SHORT }
    }
}

/// The dates of the largest drawdown, each a day's, at its close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrawdownDates {
    /// The day at whose close the account was at its high; the day before the first one if that was the start.
    pub peak: String,
    pub trough: String,
    /// The day on which the high was reached again; `null` if it was not.
    pub recovery: Option<String>,
}

/// Response of `GET /api/performance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Performance {
    /// `1w`, `1m`, `3m`, `ytd`, `1y`, `all`, or two dates.
    pub range: String,
    /// Date of the first day with figures, such as `2026-11-30`; `null` if there is no day.
    pub from: Option<String>,
    /// Date of the last one, which may still be going on.
    pub to: Option<String>,
    /// Number of days, each with a return.
    pub days: usize,
    /// Periods a year: 252 for an exchange's sessions, 68.25 for the simulator's days.
    pub periods_a_year: f64,
    /// The ticker that the account is compared with.
    pub benchmark: Ticker,
    /// At the end of the day before the first one; the opening cash if the account was opened on the first.
    pub opening_value: Money,
    pub closing_value: Money,
    pub deposits: Money,
    /// 0 or less.
    pub withdrawals: Money,
    /// `deposits + withdrawals`
    pub net_flows: Money,
    /// `closing_value − opening_value − net_flows`
    pub gain: Money,
    /// Commissions paid; the gain is after them.
    pub fees: Money,
    /// Dividends received, which are part of the gain.
    pub dividends: Money,
    /// Cost of what was bought, commissions included.
    pub bought: Money,
    /// Proceeds of what was sold, commissions taken off.
    pub sold: Money,
    /// Every name has an entry.
    pub figures: BTreeMap<FigureName, FigureView>,
    /// `null` if there was no drawdown.
    pub drawdown: Option<DrawdownDates>,
    /// The largest contribution first. Adds up to `gain`.
    pub by_ticker: Vec<TickerGain>,
    /// Adds up to `gain`.
    pub by_source: Vec<SourceGain>,
}

/// What a ticker contributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TickerGain {
    pub ticker: Ticker,
    /// Change of its market value, sales and dividends, less purchases.
    pub gain: Money,
    /// In percent of the whole gain; `null` if that is 0.
    pub percent: Option<f64>,
}

/// Who or what earned a part of the gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GainSource {
    /// Shares that a person bought.
    Manual,
    /// Shares that the copilot bought.
    Copilot,
    Dividends,
}

/// What the shares of a source contributed, by lots, first in, first out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceGain {
    pub source: GainSource,
    pub gain: Money,
    /// In percent of the whole gain; `null` if that is 0.
    pub percent: Option<f64>,
}

/// A day of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DayLine {
    /// The market's date, such as `2026-11-30`.
    pub date: String,
    /// The close of the day before; on the first day, the opening cash.
    pub open: Money,
    /// Of a day that is going on: the present value.
    pub close: Money,
    pub low: Money,
    pub high: Money,
    /// Deposits and withdrawals, without the opening cash.
    pub flows: Money,
    /// `close − open − flows`
    pub gain: Money,
    /// Time-weighted, in percent; `null` if the account was worth nothing.
    #[serde(rename = "return")]
    pub return_percent: Option<f64>,
    /// The benchmark's return of the day, in percent; `null` without its price.
    pub benchmark: Option<f64>,
    /// The return, in percent, of what was held at the start of the range; `null` without prices.
    pub holding: Option<f64>,
    /// Positions in percent of the value at the close.
    pub exposure: Option<f64>,
}

/// Response of `GET /api/performance/days`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DaysPage {
    pub range: String,
    pub benchmark: Ticker,
    /// Oldest first.
    pub days: Vec<DayLine>,
}

/// Figures and days of the same moment, for the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerformanceView {
    pub performance: Performance,
    /// Oldest first.
    pub days: Vec<DayLine>,
    /// When they were calculated.
    pub at: UtcInstant,
}
