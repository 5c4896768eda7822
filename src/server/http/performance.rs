//! `/api/performance`, `/api/lots` and `/api/flows`: what the account really did.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        money::Money,
        performance::{
            flow::{ClientFlowId, FlowReceipt, FlowsPage, InvalidClientFlowId, NewFlow},
            lots::{InvalidLotMethod, LotMethod, LotsPage},
            range::{InvalidRange, Range},
            report::{DaysPage, Performance, PerformanceView},
        },
        ticker::Ticker,
    },
    error::ApiError,
    server::{caller::Caller, ledger::FLOWS_MAX, performance::CLOSED_LOTS_MAX, state::AppState},
};

const CLOSED_DEFAULT: usize = CLOSED_LOTS_MAX;
const CLOSED_MAX: usize = 10_000;
const FLOWS_DEFAULT: usize = 100;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/performance", get(figures))
        .route("/api/performance/days", get(days))
        .route("/api/lots", get(lots))
        .route("/api/flows", get(flows).post(record_flow))
}

/// `?range=3m&benchmark=SPY`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RangeParameters {
    /// `1w`, `1m`, `3m`, `ytd`, `1y`, `all`, or two dates of the market, both included: `2026-11-01,2026-11-30`. `all`
    /// without it.
    #[param(value_type = Option<String>, example = "3m")]
    pub range: Option<String>,
    /// A ticker; that of `BENCHMARK` without it.
    #[param(value_type = Option<Ticker>)]
    pub benchmark: Option<String>,
}

impl RangeParameters {
    /// The answers to these parameters.
    ///
    /// # Errors
    /// If one of them is wrong, or the database does not respond.
    pub async fn view(&self, state: &AppState, caller: Caller) -> Result<PerformanceView, ApiError> {
        let range = match &self.range {
            None => Range::default(),
            Some(text) => text.parse().map_err(|error| wrong_range(&error))?,
        };
        let benchmark = self.benchmark.as_deref().map(str::parse).transpose()?;
        state.performance.view(caller.account, range, benchmark).await
    }
}

/// Figures of the account over a range of days: returns, risk, trades, comparison with a benchmark, and what earned the gain.
/// Each figure has a `value`, or `why` it has none, and the number of samples `n`. The amounts add up to the cent:
/// `closing_value = opening_value + net_flows + gain`, and each list of gains adds up to `gain`.
#[utoipa::path(
    get, path = "/api/performance", tag = "Performance", params(RangeParameters),
    responses((status = 200, body = Performance))
)]
pub async fn figures(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<RangeParameters>,
) -> Result<Json<Performance>, ApiError> {
    Ok(Json(parameters.view(&state, caller).await?.performance))
}

/// The days of a range, oldest first, the last one still going on: what the account was worth, its flows, and the returns of
/// the account, of the benchmark, and of what was held at the start. Days are those of the market, and are kept for good.
#[utoipa::path(
    get, path = "/api/performance/days", tag = "Performance", params(RangeParameters),
    responses((status = 200, body = DaysPage))
)]
pub async fn days(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<RangeParameters>,
) -> Result<Json<DaysPage>, ApiError> {
    let PerformanceView { performance: Performance { range, benchmark, .. }, days, .. } =
        parameters.view(&state, caller).await?;
    Ok(Json(DaysPage { range, benchmark, days }))
}

/// `?method=fifo&ticker=NVDA&limit=1000`, all optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LotsParameters {
    /// Which shares a sale takes; `average` without it.
    #[param(value_type = Option<LotMethod>)]
    method: Option<String>,
    /// Only lots of this ticker.
    #[param(value_type = Option<Ticker>)]
    ticker: Option<String>,
    /// The largest number of closed lots that is answered.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<String>,
}

/// The lots since the latest reset: what is held, and what was sold, purchase by purchase. A lot's cost includes the commission
/// of its purchase, and proceeds are without that of the sale. By every method the gains realised and the cost that is left
/// add up to the same, to the cent; `average` is the method of the portfolio. Quantities are in shares of today, after splits.
#[utoipa::path(
    get, path = "/api/lots", tag = "Performance", params(LotsParameters), responses((status = 200, body = LotsPage))
)]
pub async fn lots(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<LotsParameters>,
) -> Result<Json<LotsPage>, ApiError> {
    let method = read_method(parameters.method.as_deref())?;
    let ticker = parameters.ticker.map(|text| text.parse()).transpose()?;
    let limit = read_limit(parameters.limit.as_deref(), CLOSED_DEFAULT, CLOSED_MAX)?;
    state.performance.lots(caller.account, method, ticker, limit).await.map(Json)
}

/// A method of lots in a query; the average without it.
///
/// # Errors
/// If there is no such method.
pub fn read_method(text: Option<&str>) -> Result<LotMethod, ApiError> {
    match text {
        None => Ok(LotMethod::default()),
        Some(text) => text.parse().map_err(|error| wrong_method(&error)),
    }
}

/// `?limit=100&cursor=…`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FlowsParameters {
    /// Most flows to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 100)]
    limit: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Deposits and withdrawals since the account was opened or last reset, newest first. The last one of all is the opening cash.
#[utoipa::path(
    get, path = "/api/flows", tag = "Performance", params(FlowsParameters), responses((status = 200, body = FlowsPage))
)]
pub async fn flows(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<FlowsParameters>,
) -> Result<Json<FlowsPage>, ApiError> {
    let limit = read_limit(parameters.limit.as_deref(), FLOWS_DEFAULT, FLOWS_MAX)?;
    let before = match parameters.cursor.as_deref() {
        None => None,
        Some(cursor) => Some(cursor.parse().map_err(|_| wrong_cursor())?),
    };
    state.ledger.flows(caller.account, limit, before).await.map(Json)
}

/// Deposit money, or withdraw some with an amount below 0. A withdrawal takes cash that no open order holds. Neither is a gain:
/// returns are calculated between flows. A repeated `client_flow_id` returns the first flow, with status 200 and
/// `"replayed": true`, and moves nothing.
#[utoipa::path(
    post, path = "/api/flows", tag = "Performance",
    request_body(content = NewFlow, example = json!({
        "amount": 2500, "note": "Savings of November", "client_flow_id": "my-deposit-1"
    })),
    responses(
        (status = 201, description = "The flow.", body = FlowReceipt),
        (status = 200, description = "It was recorded before.", body = FlowReceipt),
    )
)]
pub async fn record_flow(
    State(state): State<AppState>,
    caller: Caller,
    body: JsonObject,
) -> Result<(StatusCode, Json<FlowReceipt>), ApiError> {
    let receipt = state.performance.record_flow(caller.account, read_flow(body)?).await?;
    let status = if receipt.replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(receipt)))
}

fn read_flow(mut body: JsonObject) -> Result<NewFlow, ApiError> {
    let amount: Money =
        body.take_value("amount", |reason| invalid_parameter("amount", &reason))?.ok_or_else(|| missing("amount"))?;
    let note = body.take_string("note", invalid_parameter("note", "it has to be a string"))?;
    let client_flow_id: Option<ClientFlowId> =
        body.take_value("client_flow_id", |reason| invalid_parameter("client_flow_id", &reason))?;
    body.finish()?;
    Ok(NewFlow { amount, note, client_flow_id })
}

fn wrong_range(error: &InvalidRange) -> ApiError {
    invalid_parameter("range", &error.to_string())
}

fn wrong_method(error: &InvalidLotMethod) -> ApiError {
    invalid_parameter("method", &error.to_string())
}

fn wrong_cursor() -> ApiError {
    invalid_parameter("cursor", "it has to be a next_cursor")
}

/// The errors of the operations here, for the API's description.
pub fn errors(method: &str, path: &str) -> Vec<ApiError> {
    match (method, path) {
        ("get", "/api/lots") => vec![ApiError::InvalidTicker, wrong_method(&InvalidLotMethod)],
        ("get", "/api/flows") => vec![wrong_cursor()],
        ("post", _) => vec![
            ApiError::MalformedJson { reason: "it has no field \"memo\"".to_owned() },
            missing("amount"),
            invalid_parameter("client_flow_id", &InvalidClientFlowId.to_string()),
            ApiError::FlowIdReused { client_flow_id: "my-deposit-1".to_owned() },
            ApiError::WithdrawalTooLarge {
                amount: Money::from_cents(1_000_000),
                available: Money::from_cents(854_290),
            },
        ],
        _ => vec![ApiError::InvalidTicker, wrong_range(&InvalidRange)],
    }
}
