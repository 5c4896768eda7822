//! `/api/orders`: orders that may stay open.

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    openapi::TickerText,
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        instant::UtcInstant,
        money::{Money, Price},
        order::Side,
        orders::{
            hold::Hold,
            id::OrderId,
            order::{CancelReason, Order, OrderStatus, Role},
            replace::ReplaceOrder,
            request::{NewOrder, Size},
            terms::{OrderClass, Terms, TimeInForce},
            view::{OrderPreview, OrderView, OrdersPage, StatusFilter},
        },
        ticker::Ticker,
    },
    error::{ApiError, OrderAsItIs},
    server::{
        caller::Caller,
        ledger::orders::{GroupQuery, ORDERS_MAX},
        state::AppState,
    },
};

const LIMIT_DEFAULT: usize = 100;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/orders", get(list).post(submit).delete(cancel_all))
        .route("/api/orders/preview", post(preview))
        .route("/api/orders/{id}", get(read).patch(change).delete(cancel))
}

/// An accepted order.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    #[serde(flatten)]
    order: OrderView,
    /// Whether it was accepted before, under the same `client_order_id`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    replayed: bool,
}

/// The order in a path.
pub struct OrderInPath(OrderId);

impl<S: Send + Sync> FromRequestParts<S> for OrderInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A malformed id identifies no order.
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ApiError::UnknownOrder)?;
        text.parse().map(Self).map_err(|_| ApiError::UnknownOrder)
    }
}

/// Place an order. A market order is filled at once while the market is open; other orders stay open, and are filled by
/// later ticks. A bracket, an OTO and an OCO include their legs. A repeated `client_order_id` returns the first order
/// in its present state, with status 200 and `"replayed": true`.
#[utoipa::path(
    post, path = "/api/orders", tag = "Orders",
    request_body(content = NewOrder, example = json!({
        "ticker": "NVDA", "side": "buy", "type": "limit", "quantity": 5, "limit_price": 120, "time_in_force": "gtc"
    })),
    responses(
        (status = 201, description = "The order with its legs.", body = Taken),
        (status = 200, description = "It was taken before.", body = Taken),
    )
)]
pub async fn submit(
    State(state): State<AppState>,
    caller: Caller,
    body: JsonObject,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    let (order, replayed) = state.orders.submit(caller, read_new(body)?).await?;
    let status = if replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Taken { order, replayed })))
}

/// Estimate an order's cost, hold and remaining buying power, with all reasons for refusing it. Changes nothing.
#[utoipa::path(
    post, path = "/api/orders/preview", tag = "Orders",
    request_body(content = NewOrder, example = json!({
        "ticker": "NVDA", "side": "buy", "type": "limit", "quantity": 5, "limit_price": 120
    })),
    responses((status = 200, body = OrderPreview))
)]
pub async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    body: JsonObject,
) -> Result<Json<OrderPreview>, ApiError> {
    state.orders.preview(caller, read_new(body)?).await.map(Json)
}

/// `?status=open&ticker=NVDA&limit=100&cursor=…`, all optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListParameters {
    /// `open` (the default), `closed` or `all`
    status: Option<String>,
    #[param(value_type = Option<TickerText>)]
    ticker: Option<String>,
    /// Most orders to return; legs are not counted.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 100)]
    limit: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The orders, newest first, each with its legs and fills.
#[utoipa::path(
    get, path = "/api/orders", tag = "Orders", params(ListParameters),
    responses((status = 200, body = OrdersPage))
)]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<ListParameters>,
) -> Result<Json<OrdersPage>, ApiError> {
    let ListParameters { status, ticker, limit, cursor } = parameters;
    let status: Option<Result<StatusFilter, _>> = status.map(|text| text.parse());
    let status = status.transpose().map_err(|reason| invalid_parameter("status", &format!("{reason}")))?;
    let before = match cursor.map(|text| text.parse()) {
        None => i64::MAX,
        Some(Ok(cursor)) => cursor,
        Some(Err(_)) => return Err(invalid_parameter("cursor", "it is not one that a page ended with")),
    };
    let query = GroupQuery {
        status: status.unwrap_or_default(),
        ticker: ticker.map(|text| text.parse()).transpose()?,
        before,
        limit: read_limit(limit.as_deref(), LIMIT_DEFAULT, ORDERS_MAX)?,
    };
    state.orders.orders(caller.account, query).await.map(Json)
}

/// An order with its legs and fills, open or ended; a leg by its own id.
#[utoipa::path(
    get, path = "/api/orders/{id}", tag = "Orders", params(("id" = OrderId, Path)),
    responses((status = 200, body = OrderView))
)]
pub async fn read(
    State(state): State<AppState>,
    caller: Caller,
    OrderInPath(id): OrderInPath,
) -> Result<Json<OrderView>, ApiError> {
    state.orders.order(caller.account, id).await.map(Json)
}

/// Change an open order: its total quantity (the filled part included), prices, trail or time in force. A missing field
/// keeps its value.
#[utoipa::path(
    patch, path = "/api/orders/{id}", tag = "Orders", params(("id" = OrderId, Path)),
    request_body(content = ReplaceOrder, example = json!({ "limit_price": 118.5, "if_revision": 1 })),
    responses((status = 200, description = "The order as it is now.", body = OrderView))
)]
pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    OrderInPath(id): OrderInPath,
    body: JsonObject,
) -> Result<Json<OrderView>, ApiError> {
    state.orders.change(caller, id, read_change(body)?).await.map(Json)
}

/// `?if_revision=3`, optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CancelParameters {
    /// Cancels only if the order is at this revision.
    #[param(value_type = Option<u32>)]
    if_revision: Option<String>,
}

/// Cancel an order, and the orders that depend on it: the legs of a parent that never filled, the other order of a
/// pair. Fills are kept.
#[utoipa::path(
    delete, path = "/api/orders/{id}", tag = "Orders", params(("id" = OrderId, Path), CancelParameters),
    responses((status = 200, description = "The order as it ended.", body = OrderView))
)]
pub async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    OrderInPath(id): OrderInPath,
    Parameter(parameters): Parameter<CancelParameters>,
) -> Result<Json<OrderView>, ApiError> {
    let if_revision = match parameters.if_revision.map(|text| text.parse()) {
        None => None,
        Some(Ok(revision)) => Some(revision),
        Some(Err(_)) => return Err(invalid_parameter("if_revision", "it has to be a whole number")),
    };
    state.orders.cancel(caller, id, if_revision).await.map(Json)
}

/// `?ticker=NVDA`, optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CancelAllParameters {
    #[param(value_type = Option<TickerText>)]
    ticker: Option<String>,
}

/// The cancelled orders.
#[derive(Serialize, ToSchema)]
pub struct Cancelled {
    orders: Vec<OrderView>,
}

/// Cancel all open orders, of one ticker or of all.
#[utoipa::path(
    delete, path = "/api/orders", tag = "Orders", params(CancelAllParameters),
    responses((status = 200, description = "All that were open, as they ended.", body = Cancelled))
)]
pub async fn cancel_all(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<CancelAllParameters>,
) -> Result<Json<Cancelled>, ApiError> {
    let ticker: Option<Ticker> = parameters.ticker.map(|text| text.parse()).transpose()?;
    let orders = state.orders.cancel_all(caller, ticker).await?;
    Ok(Json(Cancelled { orders }))
}

/// The error for an invalid field of a body.
fn wrong(field: &'static str) -> impl FnOnce(String) -> ApiError {
    move |reason| invalid_parameter(field, &reason)
}

fn wrong_price(field: &'static str) -> impl FnOnce(String) -> ApiError {
    move |reason| ApiError::InvalidPrice { field: field.to_owned(), reason }
}

fn wrong_quantity(reason: String) -> ApiError {
    ApiError::InvalidQuantity { reason }
}

/// Parses an order from its body; each refusal names its field.
fn read_new(mut body: JsonObject) -> Result<NewOrder, ApiError> {
    let order = NewOrder {
        ticker: body.take_value("ticker", |_| ApiError::InvalidTicker)?.ok_or_else(|| missing("ticker"))?,
        side: body.take_value("side", |_| ApiError::InvalidSide)?.ok_or_else(|| missing("side"))?,
        order_type: body.take_value("type", wrong("type"))?.ok_or_else(|| missing("type"))?,
        quantity: body.take_value("quantity", wrong_quantity)?,
        notional: body.take_value("notional", wrong("notional"))?,
        limit_price: body.take_value("limit_price", wrong_price("limit_price"))?,
        stop_price: body.take_value("stop_price", wrong_price("stop_price"))?,
        trail_amount: body.take_value("trail_amount", wrong_price("trail_amount"))?,
        trail_percent: body.take_value("trail_percent", wrong_price("trail_percent"))?,
        time_in_force: body.take_value("time_in_force", wrong("time_in_force"))?.unwrap_or_default(),
        expires_at: body.take_value("expires_at", wrong("expires_at"))?,
        extended_hours: body.take_value("extended_hours", wrong("extended_hours"))?.unwrap_or_default(),
        class: body.take_value("class", wrong("class"))?.unwrap_or_default(),
        take_profit: body.take_value("take_profit", wrong("take_profit"))?,
        stop_loss: body.take_value("stop_loss", wrong("stop_loss"))?,
        condition: body.take_value("condition", wrong("condition"))?,
        client_order_id: body.take_value("client_order_id", wrong("client_order_id"))?,
    };
    body.finish()?;
    Ok(order)
}

fn read_change(mut body: JsonObject) -> Result<ReplaceOrder, ApiError> {
    let change = ReplaceOrder {
        quantity: body.take_value("quantity", wrong_quantity)?,
        limit_price: body.take_value("limit_price", wrong_price("limit_price"))?,
        stop_price: body.take_value("stop_price", wrong_price("stop_price"))?,
        trail_amount: body.take_value("trail_amount", wrong_price("trail_amount"))?,
        trail_percent: body.take_value("trail_percent", wrong_price("trail_percent"))?,
        time_in_force: body.take_value("time_in_force", wrong("time_in_force"))?,
        expires_at: body.take_value("expires_at", wrong("expires_at"))?,
        if_revision: body.take_value("if_revision", wrong("if_revision"))?,
        client_order_id: body.take_value("client_order_id", wrong("client_order_id"))?,
    };
    body.finish()?;
    Ok(change)
}

/// Errors of the operations in this module, for the API's description.
pub fn errors(method: &str, path: &str) -> Vec<ApiError> {
    // Invariant: the symbol is valid.
    let nvda: Ticker = "NVDA".parse().expect("a ticker");
    let malformed = || ApiError::MalformedJson { reason: "the field \"ticker\" stands twice".to_owned() };
    let invalid_quantity = || ApiError::InvalidQuantity { reason: "it has to be more than 0".to_owned() };
    let price = || ApiError::InvalidPrice {
        field: "stop_price".to_owned(),
        reason: "a stop to sell has to be below 190.42, and 191.00 is not".to_owned(),
    };
    let needs_cash =
        || ApiError::OrderNeedsCash { cost: Money::from_cents(1_942_800), available: Money::from_cents(854_290) };
    let needs_shares = || ApiError::OrderNeedsShares { needed: "5".parse().expect("a quantity"), available: None };
    let reused = || ApiError::OrderIdReused { client_order_id: "my-order-1".to_owned() };
    let new = || {
        vec![
            malformed(),
            ApiError::MissingField { field: "type".to_owned() },
            ApiError::InvalidTicker,
            ApiError::InvalidSide,
            invalid_quantity(),
            invalid_parameter("time_in_force", "it is one of day, gtc, gtd, ioc, fok"),
            price(),
            ApiError::NoPrice { ticker: nvda },
            ApiError::UnknownTicker { ticker: nvda, can_be_made_up: false },
            ApiError::StalePrice { ticker: nvda, age_seconds: Some(600) },
        ]
    };
    match (method, path) {
        ("post", "/api/orders") => {
            let mut errors = new();
            errors.extend([needs_cash(), needs_shares(), ApiError::TooManyOrders, reused()]);
            errors.push(ApiError::TooManyPositions { ticker: nvda });
            errors
        }
        ("post", _) => new(),
        ("get", "/api/orders") => {
            vec![ApiError::InvalidTicker, invalid_parameter("status", "it is one of open, closed, all")]
        }
        ("delete", "/api/orders") => vec![ApiError::InvalidTicker, ApiError::PartlyDone],
        ("get", _) => vec![ApiError::UnknownOrder],
        ("patch", _) => vec![
            malformed(),
            ApiError::UnknownOrder,
            invalid_quantity(),
            invalid_parameter("time_in_force", "an order that waits does not become ioc or fok"),
            price(),
            needs_cash(),
            needs_shares(),
            reused(),
            ApiError::TooLate { order: example(OrderStatus::Filled) },
            ApiError::RevisionConflict { order: example(OrderStatus::Working) },
        ],
        ("delete", _) => vec![
            ApiError::UnknownOrder,
            invalid_parameter("if_revision", "it has to be a whole number"),
            ApiError::TooLate { order: example(OrderStatus::Canceled(CancelReason::Requested)) },
            ApiError::RevisionConflict { order: example(OrderStatus::Working) },
        ],
        _ => Vec::new(),
    }
}

/// An order for an example.
fn example(status: OrderStatus) -> OrderAsItIs {
    // Invariants: the symbol and the numbers are valid.
    let limit: Price = "120".parse().expect("a price");
    let at = UtcInstant::from_unix_ms(1_795_348_800_000);
    let order = Order {
        id: OrderId::from_u128(0x0193_8f5e_7a6c_7c11_8f3e_0a1b_2c3d_4e5f),
        client_order_id: None,
        ticker: "NVDA".parse().expect("a ticker"),
        side: Side::Buy,
        terms: Terms::Limit { limit },
        size: Size::Shares("5".parse().expect("a quantity")),
        filled: None,
        time_in_force: TimeInForce::Gtc,
        expires_at: None,
        extended_hours: false,
        class: OrderClass::Simple,
        role: Role::Leader,
        parent_id: None,
        status,
        elected_at: None,
        high_water_mark: None,
        hold_price: Some(limit),
        held: Hold::default(),
        condition: None,
        revision: 2,
        source: crate::domain::order::OrderSource::Manual,
        created_at: at,
        updated_at: at,
        working_at: Some(at),
    };
    OrderAsItIs(Box::new(OrderView::of(&order, Vec::new())))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_type(r#"{"ticker":"V","side":"buy","quantity":1}"#, "missing_field", "type")]
    #[case::bad_type(r#"{"ticker":"V","side":"buy","type":"lim","quantity":1}"#, "invalid_parameter", "type")]
    #[case::bad_ticker(r#"{"ticker":"TOOLONG","side":"buy","type":"market","quantity":1}"#, "invalid_ticker", "ticker")]
    #[case::bad_quantity(r#"{"ticker":"V","side":"buy","type":"market","quantity":0}"#, "invalid_quantity", "quantity")]
    #[case::bad_price(
        r#"{"ticker":"V","side":"buy","type":"limit","quantity":1,"limit_price":-1}"#,
        "invalid_price",
        "limit_price"
    )]
    #[case::bad_leg(
        r#"{"ticker":"V","side":"buy","type":"market","quantity":1,"class":"oto","take_profit":{"price":1}}"#,
        "invalid_parameter",
        "take_profit"
    )]
    #[case::unknown(r#"{"ticker":"V","side":"buy","type":"market","quantity":1,"price":1}"#, "malformed_json", "price")]
    #[case::twice(r#"{"ticker":"V","side":"buy","type":"market","quantity":1,"quantity":1}"#, "", "")]
    fn an_order_that_is_not_one_names_its_field(#[case] body: &str, #[case] code: &str, #[case] field: &str) {
        let Ok(body) = serde_json::from_str::<JsonObject>(body) else {
            assert_eq!(code, "", "the body itself is refused");
            return;
        };
        let refusal = read_new(body).unwrap_err();
        assert_eq!(refusal.code(), code);
        assert!(refusal.to_string().contains(field), "{refusal}");
    }

    #[test]
    fn a_bracket_is_read_with_its_legs() {
        let body = r#"{"ticker":"nvda","side":"buy","type":"limit","quantity":2.5,"limit_price":120,"class":"bracket",
            "take_profit":{"limit_price":130},"stop_loss":{"trail_percent":5},"time_in_force":"gtc"}"#;
        let order = read_new(serde_json::from_str(body).unwrap()).unwrap();
        assert!(order.plan().is_ok());
        assert_eq!((order.ticker.as_str(), order.class), ("NVDA", OrderClass::Bracket));
    }
}
