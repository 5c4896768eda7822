//! `/api/prices/{ticker}/candles`: a ticker's candles.

use axum::{Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    json::Json,
    openapi::TickerText,
    parameter::{Parameter, TickerInPath, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        ticker::Ticker,
    },
    error::ApiError,
    server::{caller::Caller, market::candles::CANDLES_MAX, state::AppState},
};

const LIMIT_DEFAULT: usize = 500;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/prices/{ticker}/candles", get(read))
}

/// `?interval=1m&limit=500`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CandlesParameters {
    /// Length of a candle.
    #[param(value_type = Option<Interval>, default = "1m")]
    interval: Option<String>,
    /// Most candles to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1800, default = 500)]
    limit: Option<String>,
}

/// Oldest first; the last candle is still forming.
#[derive(Serialize, ToSchema)]
pub struct CandleSeries {
    ticker: Ticker,
    interval: Interval,
    candles: Vec<Candle>,
}

/// A ticker's candles, oldest first, the last one still forming. The ticker has to be watched or held.
#[utoipa::path(
    get, path = "/api/prices/{ticker}/candles", tag = "Prices",
    params(("ticker" = TickerText, Path, example = "AAPL"), CandlesParameters),
    responses((status = 200, body = CandleSeries))
)]
pub async fn read(
    State(state): State<AppState>,
    caller: Caller,
    TickerInPath(ticker): TickerInPath,
    Parameter(parameters): Parameter<CandlesParameters>,
) -> Result<Json<CandleSeries>, ApiError> {
    let interval = match parameters.interval.as_deref() {
        None => Interval::Minute,
        Some(text) => text.parse().map_err(|reason| invalid_parameter("interval", &format!("{reason}")))?,
    };
    let limit = read_limit(parameters.limit.as_deref(), LIMIT_DEFAULT, CANDLES_MAX)?;
    let candles =
        state.candles(caller.account, ticker, interval, limit).await.ok_or(ApiError::NotFollowed { ticker })?;
    Ok(Json(CandleSeries { ticker, interval, candles }))
}
