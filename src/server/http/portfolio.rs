//! `/api/portfolio`: the portfolio and trading.

use std::{fmt::Display, str::FromStr};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};

use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    openapi::WriteOffRequest,
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        equity::{EquityHistory, HistoryRange},
        money::InvalidQuantity,
        order::{OrderRequest, TradeReceipt, TradesPage},
        portfolio::Portfolio,
    },
    error::ApiError,
    server::{caller::Caller, ledger::TRADES_MAX, state::AppState},
};

const TRADES_DEFAULT: usize = 100;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/portfolio", get(read))
        .route("/api/portfolio/trade", post(trade))
        .route("/api/portfolio/write-off", post(write_off))
        .route("/api/portfolio/trades", get(trades))
        .route("/api/portfolio/history", get(history))
        .route("/api/portfolio/reset", post(reset))
}

/// The portfolio: one consistent state, valued at one tick. `total_value = cash_balance + Σ market_value`.
#[utoipa::path(get, path = "/api/portfolio", tag = "Portfolio", responses((status = 200, body = Portfolio)))]
pub async fn read(State(state): State<AppState>, caller: Caller) -> Json<Portfolio> {
    Json(state.portfolio(caller.account))
}

/// Place a market order. It is filled at once at the server's price, or refused; the response comes when the trade is
/// on disk. A buy costs at least one cent. With `expected_price`, a fill that deviates by more than
/// `max_slippage_percent` (default 0.5) is refused with `price_moved`. A repeated `client_order_id` returns the first
/// result, with `"replayed": true`, and trades nothing.
#[utoipa::path(
    post, path = "/api/portfolio/trade", tag = "Portfolio",
    request_body(content = OrderRequest, example = json!({
        "ticker": "NVDA", "side": "buy", "quantity": 2.5, "client_order_id": "my-order-1"
    })),
    responses((status = 200, description = "The trade, and the account right after it.", body = TradeReceipt))
)]
pub async fn trade(
    State(state): State<AppState>,
    caller: Caller,
    body: JsonObject,
) -> Result<Json<TradeReceipt>, ApiError> {
    let order = read_order(body)?;
    state.execution.execute(caller, order).await.map(Json)
}

/// Write off a position whose market has no price any more, such as a delisted one: it is closed at the last known
/// price (`stale` and `price_at` of the position). This is a correction of the books, not an order; it appears among
/// the trades with `"correction": "write_off"`. A position with a price is refused with `price_is_live`.
#[utoipa::path(
    post, path = "/api/portfolio/write-off", tag = "Portfolio",
    request_body(content = WriteOffRequest, example = json!({ "ticker": "XOM" })),
    responses((status = 200, description = "The correction, and the account right after it.", body = TradeReceipt))
)]
pub async fn write_off(
    State(state): State<AppState>,
    caller: Caller,
    mut body: JsonObject,
) -> Result<Json<TradeReceipt>, ApiError> {
    let ticker = body.take_string("ticker", ApiError::InvalidTicker)?.ok_or_else(|| missing("ticker"))?;
    body.finish()?;
    state.write_off(caller.account, ticker.parse()?).await.map(Json)
}

/// `?limit=100&before=…`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TradesParameters {
    /// Most trades to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 100)]
    limit: Option<String>,
    /// `next_before` of the previous page.
    before: Option<String>,
}

/// The trades since the latest reset, newest first.
#[utoipa::path(
    get, path = "/api/portfolio/trades", tag = "Portfolio", params(TradesParameters),
    responses((status = 200, body = TradesPage))
)]
pub async fn trades(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<TradesParameters>,
) -> Result<Json<TradesPage>, ApiError> {
    let limit = read_limit(parameters.limit.as_deref(), TRADES_DEFAULT, TRADES_MAX)?;
    state.ledger.trades(caller.account, limit, parameters.before.as_deref()).await.map(Json)
}

/// `?range=1d`, the default.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryParameters {
    /// Time range up to now.
    #[param(value_type = Option<HistoryRange>, default = "1d")]
    range: Option<String>,
}

/// The equity curve since the latest reset, oldest first, at most 2,000 points; longer ones are down-sampled with
/// Largest-Triangle-Three-Buckets, which preserves the shape.
#[utoipa::path(
    get, path = "/api/portfolio/history", tag = "Portfolio", params(HistoryParameters),
    responses((status = 200, body = EquityHistory))
)]
pub async fn history(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<HistoryParameters>,
) -> Result<Json<EquityHistory>, ApiError> {
    let range = match parameters.range.as_deref() {
        None => HistoryRange::default(),
        Some(text) => text.parse().map_err(|reason| invalid_parameter("range", &format!("{reason}")))?,
    };
    state.ledger.equity(caller.account, range, (state.clock)()).await.map(Json)
}

/// Start over: $10,000 and no positions. Past trades and the equity curve leave the history; watchlist and chat stay.
#[utoipa::path(
    post, path = "/api/portfolio/reset", tag = "Portfolio",
    responses((status = 200, description = "The fresh portfolio.", body = Portfolio))
)]
pub async fn reset(State(state): State<AppState>, caller: Caller) -> Result<Json<Portfolio>, ApiError> {
    state.reset(caller.account).await?;
    Ok(Json(state.portfolio(caller.account)))
}

/// Parses an order from its body, without deciding about it.
///
/// # Errors
/// The error for the sender.
pub fn read_order(mut body: JsonObject) -> Result<OrderRequest, ApiError> {
    let ticker = body.take_string("ticker", ApiError::InvalidTicker)?.ok_or_else(|| missing("ticker"))?;
    let side = body.take_string("side", ApiError::InvalidSide)?.ok_or_else(|| missing("side"))?;
    let not_a_number = ApiError::from(InvalidQuantity::NotANumber);
    let quantity = body.take_number("quantity", not_a_number)?.ok_or_else(|| missing("quantity"))?;
    let expected_price = read_optional(&mut body, "expected_price")?;
    let max_slippage_percent = read_optional(&mut body, "max_slippage_percent")?;
    if expected_price.is_none() && max_slippage_percent.is_some() {
        return Err(missing("expected_price"));
    }
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
        expected_price,
        max_slippage_percent,
    })
}

/// An optional number.
fn read_optional<T: FromStr<Err: Display>>(body: &mut JsonObject, field: &str) -> Result<Option<T>, ApiError> {
    let not_a_number = invalid_parameter(field, "it has to be a number");
    let number = body.take_number(field, not_a_number)?;
    number.map(|text| text.parse().map_err(|reason: T::Err| invalid_parameter(field, &reason.to_string()))).transpose()
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
    #[case::text_as_price(r#"{"ticker":"V","side":"buy","quantity":1,"expected_price":"1"}"#, "invalid_parameter")]
    #[case::no_price(r#"{"ticker":"V","side":"buy","quantity":1,"expected_price":0}"#, "invalid_parameter")]
    #[case::too_fine_a_price(
        r#"{"ticker":"V","side":"buy","quantity":1,"expected_price":1.00001}"#,
        "invalid_parameter"
    )]
    #[case::slippage_alone(r#"{"ticker":"V","side":"buy","quantity":1,"max_slippage_percent":1}"#, "missing_field")]
    #[case::negative_slippage(
        r#"{"ticker":"V","side":"buy","quantity":1,"expected_price":1,"max_slippage_percent":-1}"#,
        "invalid_parameter"
    )]
    #[case::slippage_beyond_all(
        r#"{"ticker":"V","side":"buy","quantity":1,"expected_price":1,"max_slippage_percent":100.1}"#,
        "invalid_parameter"
    )]
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
