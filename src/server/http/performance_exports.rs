//! `/api/exports/{lots|days|flows}.csv`: what the account really did, as files.

use axum::{Router, body::Body, extract::State, response::Response, routing::get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    exports::{Form, file, write_line},
    parameter::Parameter,
    performance::{RangeParameters, read_method},
};
use crate::{
    domain::{
        performance::{flow::Flow, lots::LotMethod, report::DayLine},
        ticker::Ticker,
    },
    error::ApiError,
    server::{caller::Caller, ledger::FLOWS_MAX, state::AppState},
};

const LOT_COLUMNS: [&str; 11] = [
    "method",
    "state",
    "ticker",
    "quantity",
    "opened_at_utc",
    "closed_at_utc",
    "cost_basis",
    "proceeds",
    "gain",
    "opened_by",
    "closed_by",
];

const DAY_COLUMNS: [&str; 11] = [
    "date",
    "open",
    "low",
    "high",
    "close",
    "flows",
    "gain",
    "return_percent",
    "benchmark_percent",
    "holding_percent",
    "exposure_percent",
];

const FLOW_COLUMNS: [&str; 7] = ["recorded_at_utc", "kind", "amount", "value_before", "cash_after", "note", "id"];

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/exports/lots.csv", get(lots))
        .route("/api/exports/days.csv", get(days))
        .route("/api/exports/flows.csv", get(flows))
}

/// `?method=fifo&ticker=NVDA&separator=;&decimal=,`, all optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LotsFile {
    /// Which shares a sale takes; `average` without it.
    #[param(value_type = Option<LotMethod>)]
    method: Option<String>,
    /// Only lots of this ticker.
    #[param(value_type = Option<Ticker>)]
    ticker: Option<String>,
    /// As for trades.
    separator: Option<String>,
    /// As for trades.
    decimal: Option<String>,
}

/// All lots by a method, the open ones first, as separated values; see `/api/exports/trades.csv` for the format.
#[utoipa::path(
    get, path = "/api/exports/lots.csv", tag = "Performance", params(LotsFile),
    responses((status = 200, description = "A file.", content_type = "text/csv", body = String))
)]
pub async fn lots(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<LotsFile>,
) -> Result<Response, ApiError> {
    let form = Form::read(parameters.separator.as_deref(), parameters.decimal.as_deref())?;
    let method = read_method(parameters.method.as_deref())?;
    let ticker = parameters.ticker.map(|text| text.parse()).transpose()?;
    let lots = state.performance.all_lots(caller.account, method, ticker).await?;
    let mut text = String::new();
    write_line(&mut text, form, &LOT_COLUMNS);
    let figure = |value: &dyn ToString| form.figure(value.to_string());
    for lot in &lots.open {
        let (quantity, cost) = (figure(&lot.quantity), figure(&lot.cost_basis));
        let (ticker, opened) = (lot.ticker.to_string(), lot.opened_at.to_rfc3339());
        let fields = [method.as_str(), "open", &ticker, &quantity, &opened, "", &cost, "", "", &lot.trade_id, ""];
        write_line(&mut text, form, &fields);
    }
    for lot in &lots.closed {
        let (quantity, cost) = (figure(&lot.quantity), figure(&lot.cost_basis));
        let (proceeds, gain) = (figure(&lot.proceeds), figure(&lot.gain));
        let (ticker, opened, closed) = (lot.ticker.to_string(), lot.opened_at.to_rfc3339(), lot.closed_at.to_rfc3339());
        let fields = [
            method.as_str(),
            "closed",
            &ticker,
            &quantity,
            &opened,
            &closed,
            &cost,
            &proceeds,
            &gain,
            &lot.opened_by,
            &lot.closed_by,
        ];
        write_line(&mut text, form, &fields);
    }
    Ok(file("attachment; filename=\"finally-lots.csv\"", Body::from(text)))
}

/// `?range=all&benchmark=SPY&separator=;&decimal=,`, all optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DaysFile {
    /// As for `/api/performance/days`.
    range: Option<String>,
    /// A ticker.
    #[param(value_type = Option<Ticker>)]
    benchmark: Option<String>,
    /// As for trades.
    separator: Option<String>,
    /// As for trades.
    decimal: Option<String>,
}

/// The days of a range, oldest first, as separated values; see `/api/exports/trades.csv` for the format.
#[utoipa::path(
    get, path = "/api/exports/days.csv", tag = "Performance", params(DaysFile),
    responses((status = 200, description = "A file.", content_type = "text/csv", body = String))
)]
pub async fn days(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<DaysFile>,
) -> Result<Response, ApiError> {
    let form = Form::read(parameters.separator.as_deref(), parameters.decimal.as_deref())?;
    let asked = RangeParameters { range: parameters.range, benchmark: parameters.benchmark };
    let days = asked.view(&state, caller).await?.days;
    let mut text = String::new();
    write_line(&mut text, form, &DAY_COLUMNS);
    days.iter().for_each(|day| write_line(&mut text, form, &day_fields(day, form)));
    Ok(file("attachment; filename=\"finally-days.csv\"", Body::from(text)))
}

/// In the order of the columns; percentages with six decimals.
fn day_fields(day: &DayLine, form: Form) -> [String; 11] {
    let money = |amount: crate::domain::money::Money| form.figure(amount);
    let percent = |value: Option<f64>| value.map_or_else(String::new, |value| form.figure(format!("{value:.6}")));
    [
        day.date.clone(),
        money(day.open),
        money(day.low),
        money(day.high),
        money(day.close),
        money(day.flows),
        money(day.gain),
        percent(day.return_percent),
        percent(day.benchmark),
        percent(day.holding),
        percent(day.exposure),
    ]
}

/// `?separator=;&decimal=,`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FlowsFile {
    /// As for trades.
    separator: Option<String>,
    /// As for trades.
    decimal: Option<String>,
}

/// All deposits and withdrawals, newest first, as separated values; see `/api/exports/trades.csv` for the format.
#[utoipa::path(
    get, path = "/api/exports/flows.csv", tag = "Performance", params(FlowsFile),
    responses((status = 200, description = "A file.", content_type = "text/csv", body = String))
)]
pub async fn flows(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<FlowsFile>,
) -> Result<Response, ApiError> {
    let form = Form::read(parameters.separator.as_deref(), parameters.decimal.as_deref())?;
    let mut text = String::new();
    write_line(&mut text, form, &FLOW_COLUMNS);
    let mut before = None;
    loop {
        let page = state.ledger.flows(caller.account, FLOWS_MAX, before).await?;
        page.flows.iter().for_each(|flow| write_line(&mut text, form, &flow_fields(flow, form)));
        before = page.next_cursor.and_then(|cursor| cursor.parse().ok());
        if before.is_none() {
            break;
        }
    }
    Ok(file("attachment; filename=\"finally-flows.csv\"", Body::from(text)))
}

fn flow_fields(flow: &Flow, form: Form) -> [String; 7] {
    [
        flow.recorded_at.to_rfc3339(),
        flow.kind.as_str().to_owned(),
        form.figure(flow.amount),
        form.figure(flow.value_before),
        form.figure(flow.cash_after),
        flow.note.as_deref().map(plain).unwrap_or_default(),
        flow.id.clone(),
    ]
}

/// A text that no spreadsheet takes for a formula: such a one gets an apostrophe in front.
///
/// OWASP, *CSV Injection*.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_quoted_and_is_no_formula() {
        let form = Form::read(None, None).unwrap();
        let mut text = String::new();
        write_line(&mut text, form, &[plain("=1+1"), "say \"hi\", then".to_owned(), "a\nb".to_owned()]);
        assert_eq!(text, "'=1+1,\"say \"\"hi\"\", then\",\"a\nb\"\r\n");
    }
}
