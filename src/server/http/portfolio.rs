//! `/api/portfolio`: what there is, and trading.

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};

use serde::Deserialize;

use super::{
    json_body::{JsonObject, missing},
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        equity::{EquityHistory, HistoryRange},
        money::InvalidQuantity,
        order::{OrderRequest, OrderSource, TradeReceipt, TradesPage},
        portfolio::Portfolio,
    },
    error::ApiError,
    server::{ledger::Reset, state::AppState},
};

const TRADES_DEFAULT: usize = 100;
const TRADES_MAX: usize = 500;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/portfolio", get(read))
        .route("/portfolio/trade", post(trade))
        .route("/portfolio/trades", get(trades))
        .route("/portfolio/history", get(history))
        .route("/portfolio/reset", post(reset))
}

async fn read(State(state): State<AppState>) -> Json<Portfolio> {
    Json(state.portfolio())
}

async fn trade(State(state): State<AppState>, body: JsonObject) -> Result<Json<TradeReceipt>, ApiError> {
    let order = read_order(body)?;
    state.execution.execute(order, OrderSource::Manual).await.map(Json)
}

/// `?limit=100&before=…`, both optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TradesParameters {
    limit: Option<String>,
    before: Option<String>,
}

async fn trades(
    State(state): State<AppState>,
    Parameter(parameters): Parameter<TradesParameters>,
) -> Result<Json<TradesPage>, ApiError> {
    let limit = read_limit(parameters.limit.as_deref(), TRADES_DEFAULT, TRADES_MAX)?;
    state.ledger.trades(limit, parameters.before.as_deref()).await.map(Json)
}

/// `?range=1d`, which is the default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryParameters {
    range: Option<String>,
}

async fn history(
    State(state): State<AppState>,
    Parameter(parameters): Parameter<HistoryParameters>,
) -> Result<Json<EquityHistory>, ApiError> {
    let range = match parameters.range.as_deref() {
        None => HistoryRange::default(),
        Some(text) => text.parse().map_err(|reason| invalid_parameter("range", &format!("{reason}")))?,
    };
    state.ledger.equity(range, (state.clock)()).await.map(Json)
}

async fn reset(State(state): State<AppState>) -> Result<Json<Portfolio>, ApiError> {
    state.ledger.submit(Reset { at: (state.clock)() }).await?;
    Ok(Json(state.portfolio()))
}

fn read_order(mut body: JsonObject) -> Result<OrderRequest, ApiError> {
    let ticker = body.take_string("ticker", ApiError::InvalidTicker)?.ok_or_else(|| missing("ticker"))?;
    let side = body.take_string("side", ApiError::InvalidSide)?.ok_or_else(|| missing("side"))?;
    let not_a_number = ApiError::from(InvalidQuantity::NotANumber);
    let quantity = body.take_number("quantity", not_a_number)?.ok_or_else(|| missing("quantity"))?;
    let not_a_string = ApiError::InvalidParameter {
        parameter: "client_order_id".to_owned(),
        reason: "it has to be a string".to_owned(),
    };
    let client_order_id = body.take_string("client_order_id", not_a_string)?;
    body.finish()?;
    Ok(OrderRequest {
        ticker: ticker.parse()?,
        side: side.parse()?,
        quantity: quantity.parse()?,
        client_order_id: client_order_id.map(|id| id.parse()).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_ticker(r#"{"side":"buy","quantity":1}"#, "missing_field")]
    #[case::no_quantity(r#"{"ticker":"V","side":"buy"}"#, "missing_field")]
    #[case::null_side(r#"{"ticker":"V","side":null,"quantity":1}"#, "missing_field")]
    #[case::bad_ticker(r#"{"ticker":"TOOLONG","side":"buy","quantity":1}"#, "invalid_ticker")]
    #[case::number_as_ticker(r#"{"ticker":5,"side":"buy","quantity":1}"#, "invalid_ticker")]
    #[case::bad_side(r#"{"ticker":"V","side":"hold","quantity":1}"#, "invalid_side")]
    #[case::side_in_capitals(r#"{"ticker":"V","side":"BUY","quantity":1}"#, "invalid_side")]
    #[case::zero(r#"{"ticker":"V","side":"buy","quantity":0}"#, "invalid_quantity")]
    #[case::negative(r#"{"ticker":"V","side":"buy","quantity":-1}"#, "invalid_quantity")]
    #[case::text_as_quantity(r#"{"ticker":"V","side":"buy","quantity":"1"}"#, "invalid_quantity")]
    #[case::true_as_quantity(r#"{"ticker":"V","side":"buy","quantity":true}"#, "invalid_quantity")]
    #[case::seven_decimals(r#"{"ticker":"V","side":"buy","quantity":1.0000001}"#, "invalid_quantity")]
    #[case::beyond_f64(r#"{"ticker":"V","side":"buy","quantity":1.00000000000000000001}"#, "invalid_quantity")]
    #[case::huge(r#"{"ticker":"V","side":"buy","quantity":1e999}"#, "invalid_quantity")]
    #[case::over_a_billion(r#"{"ticker":"V","side":"buy","quantity":1000000001}"#, "invalid_quantity")]
    #[case::number_as_id(r#"{"ticker":"V","side":"buy","quantity":1,"client_order_id":7}"#, "invalid_parameter")]
    #[case::empty_id(r#"{"ticker":"V","side":"buy","quantity":1,"client_order_id":""}"#, "invalid_parameter")]
    #[case::unknown_field(r#"{"ticker":"V","side":"buy","quantity":1,"price":1}"#, "malformed_json")]
    fn an_order_that_is_not_one_says_why(#[case] body: &str, #[case] code: &str) {
        let body: JsonObject = serde_json::from_str(body).unwrap();
        assert_eq!(read_order(body).unwrap_err().code(), code);
    }

    #[test]
    fn an_order_is_read_whatever_the_ticker_s_case() {
        let body = r#"{"quantity":1e1,"side":"sell","ticker":" brk.b ","client_order_id":"a-1"}"#;
        let order = read_order(serde_json::from_str(body).unwrap()).unwrap();
        assert_eq!(order.to_string(), "sell 10 BRK.B");
    }
}
