//! `/api/prices/{ticker}/candles`: what a ticker's price did.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use serde::{Deserialize, Serialize};

use super::parameter::{Parameter, invalid_parameter, read_limit};
use crate::{
    domain::{
        candle::{Candle, Interval},
        ticker::Ticker,
    },
    error::ApiError,
    server::{market::candles::CANDLES_MAX, state::AppState},
};

const LIMIT_DEFAULT: usize = 500;

pub fn router() -> Router<AppState> {
    Router::new().route("/prices/{ticker}/candles", get(read))
}

/// `?interval=1m&limit=500`, both optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    interval: Option<String>,
    limit: Option<String>,
}

/// Oldest first, the last one still forming.
#[derive(Serialize)]
struct CandleSeries {
    ticker: Ticker,
    interval: Interval,
    candles: Vec<Candle>,
}

async fn read(
    State(state): State<AppState>,
    Path(ticker): Path<String>,
    Parameter(parameters): Parameter<Parameters>,
) -> Result<Json<CandleSeries>, ApiError> {
    let ticker: Ticker = ticker.parse()?;
    let interval = match parameters.interval.as_deref() {
        None => Interval::Minute,
        Some(text) => text.parse().map_err(|reason| invalid_parameter("interval", &format!("{reason}")))?,
    };
    let limit = read_limit(parameters.limit.as_deref(), LIMIT_DEFAULT, CANDLES_MAX)?;
    if !state.ledger.wanted().borrow().contains(&ticker) {
        return Err(ApiError::NotFollowed { ticker });
    }
    let candles = state.feed.candles(ticker, interval, limit).unwrap_or_default();
    Ok(Json(CandleSeries { ticker, interval, candles }))
}
