//! `/api/prices/{ticker}`: a ticker's price of now, and indicators over its candles.

use axum::{Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    json::Json,
    openapi::TickerText,
    parameter::{Parameter, TickerInPath, invalid_parameter},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        indicator::Indicator,
        quote::Quote,
        ticker::Ticker,
    },
    error::ApiError,
    server::{caller::Caller, market::candles::CANDLES_MAX, state::AppState},
};

/// Largest period of an indicator, in candles.
const PERIOD_MAX: usize = 250;

/// Candles that an exponential mean is started from, in periods: what came before weighs less than a thousandth.
const WARM_UP_PERIODS: usize = 8;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/prices/{ticker}", get(read)).route("/api/prices/{ticker}/indicator", get(indicator))
}

/// The price of any ticker, watched, held or neither.
#[utoipa::path(
    get, path = "/api/prices/{ticker}", tag = "Prices",
    params(("ticker" = TickerText, Path, example = "NVDA")),
    responses((status = 200, body = Quote))
)]
pub async fn read(
    State(state): State<AppState>,
    _: Caller,
    TickerInPath(ticker): TickerInPath,
) -> Result<Json<Quote>, ApiError> {
    let tick = state.execution.price(ticker).await;
    match tick.quotes.get(ticker) {
        Some(quote) => Ok(Json(*quote)),
        None if tick.is_unknown(ticker) => Err(ApiError::UnknownTicker { ticker, can_be_made_up: false }),
        None => Err(ApiError::NoPrice { ticker }),
    }
}

/// A value over a ticker's candles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Study {
    /// Mean of the closes.
    Sma,
    Ema,
    Rsi,
    /// Highest and lowest price, the present candle included.
    High,
    Low,
}

impl Study {
    const ALL: [(Self, &str); 5] =
        [(Self::Sma, "sma"), (Self::Ema, "ema"), (Self::Rsi, "rsi"), (Self::High, "high"), (Self::Low, "low")];

    /// Whether the present candle, which is still forming, counts.
    fn counts_present(self) -> bool {
        matches!(self, Self::High | Self::Low)
    }

    /// The value over candles, oldest first; `None` if there are too few.
    fn value(self, period: usize, candles: &[Candle]) -> Option<f64> {
        let lately = candles.len().checked_sub(period).map(|start| &candles[start..])?;
        let closes = candles.iter().map(|candle| candle.close);
        // Invariant: a period is at most [`PERIOD_MAX`].
        let length = period as u32;
        let mut indicator = match self {
            Self::High => return lately.iter().map(|candle| candle.high).max().map(|price| price.dollars()),
            Self::Low => return lately.iter().map(|candle| candle.low).min().map(|price| price.dollars()),
            Self::Sma => Indicator::simple_average(period),
            Self::Ema => Indicator::exponential_average(length),
            Self::Rsi => Indicator::relative_strength(length),
        };
        closes.map(|close| indicator.push(close)).last()?
    }
}

/// `?study=low&period=20&interval=1d`; the study is required.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct IndicatorParameters {
    /// `sma`, `ema` or `rsi` of closed candles, or the `high` or `low` of the latest candles, the present one included.
    #[param(example = "low")]
    study: Option<String>,
    /// Number of candles.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 250, default = 20)]
    period: Option<String>,
    /// Length of a candle.
    #[param(value_type = Option<Interval>, default = "1d")]
    interval: Option<String>,
}

/// An indicator's value of now.
#[derive(Serialize, ToSchema)]
pub struct IndicatorValue {
    ticker: Ticker,
    #[schema(example = "low")]
    study: &'static str,
    period: usize,
    interval: Interval,
    /// Dollars, or from 0 to 100 for `rsi`; null while there are too few candles.
    #[schema(example = 771.2)]
    value: Option<f64>,
}

/// An indicator of a watched or held ticker: an average, the relative strength, or the high or low of the latest candles.
#[utoipa::path(
    get, path = "/api/prices/{ticker}/indicator", tag = "Prices",
    params(("ticker" = TickerText, Path, example = "NVDA"), IndicatorParameters),
    responses((status = 200, body = IndicatorValue))
)]
pub async fn indicator(
    State(state): State<AppState>,
    caller: Caller,
    TickerInPath(ticker): TickerInPath,
    Parameter(parameters): Parameter<IndicatorParameters>,
) -> Result<Json<IndicatorValue>, ApiError> {
    let IndicatorParameters { study, period, interval } = parameters;
    let wrong_study = || invalid_parameter("study", "it has to be \"sma\", \"ema\", \"rsi\", \"high\" or \"low\"");
    let named = study.ok_or_else(|| ApiError::MissingField { field: "study".to_owned() })?;
    let (study, name) = Study::ALL.into_iter().find(|(_, name)| *name == named).ok_or_else(wrong_study)?;
    let period = match period.as_deref().map(str::parse) {
        None => 20,
        Some(Ok(period)) if (1..=PERIOD_MAX).contains(&period) => period,
        Some(_) => return Err(invalid_parameter("period", "it has to be a whole number from 1 to 250")),
    };
    let interval = match interval.map(|text| text.parse()) {
        None => Interval::Day,
        Some(Ok(interval)) => interval,
        Some(Err(reason)) => return Err(invalid_parameter("interval", &format!("{reason}"))),
    };
    let count = (period * WARM_UP_PERIODS + 2).min(CANDLES_MAX);
    let candles = state.candles(caller.account, ticker, interval, count).await;
    let candles = candles.ok_or(ApiError::NotFollowed { ticker })?;
    let closed = &candles[..candles.len().saturating_sub(usize::from(!study.counts_present()))];
    Ok(Json(IndicatorValue { ticker, study: name, period, interval, value: study.value(period, closed) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Price;

    fn candles(closes: &[i64]) -> Vec<Candle> {
        let price = |dollars: i64| Price::from_units(dollars * 10_000).unwrap();
        let candle =
            |close: &i64| Candle { high: price(close + 1), low: price(close - 1), ..Candle::new(0, price(*close), 1) };
        closes.iter().map(candle).collect()
    }

    #[test]
    fn studies_are_of_the_latest_candles() {
        let candles = candles(&[10, 50, 20, 30, 40]);
        assert_eq!(Study::Low.value(3, &candles), Some(19.0));
        assert_eq!(Study::High.value(3, &candles), Some(41.0));
        assert_eq!(Study::High.value(4, &candles), Some(51.0));
        assert_eq!(Study::Sma.value(3, &candles), Some(30.0));
        assert_eq!(Study::Ema.value(1, &candles), Some(40.0));
        // Rises of 40, 10, 10 and a fall of 30, in the mean of four: 60 ÷ 90.
        assert!((Study::Rsi.value(4, &candles).unwrap() - 100.0 * 60.0 / 90.0).abs() < 1e-9);
    }

    #[test]
    fn too_few_candles_have_no_value() {
        let candles = candles(&[10, 20]);
        for (study, _) in Study::ALL {
            assert_eq!(study.value(3, &candles), None, "{study:?}");
        }
    }
}
