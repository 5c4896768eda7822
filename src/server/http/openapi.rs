//! `/api/openapi.json`: the API's description, generated from the code's own types and handlers.
//!
//! Errors are described by example: each operation lists its possible errors, with the actual bodies.

use std::collections::BTreeMap;

use axum::{Router, http::header, response::IntoResponse, routing::get};
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        Content, Ref, RefOr, Response,
        example::{Example, ExampleBuilder},
        path::Operation,
        response::ResponseBuilder,
    },
};

use super::{
    alerts, candles, chat, corporate_actions, events, exports, health, library, market, orders, performance,
    performance_exports, portfolio, problem::Problem, quotes, serve::HEAD_BYTES_MAX, settings, stream, tokens, tools,
    watchlist,
};
use crate::{
    domain::{
        candle::Interval,
        equity::HistoryRange,
        event::InvalidEventKind,
        money::{InvalidQuantity, Money},
        ticker::Ticker,
    },
    error::ApiError,
    server::state::AppState,
};

pub fn router() -> Router<AppState> {
    // Generated once: it never changes while the program runs.
    let document = document();
    Router::new().route(
        "/api/openapi.json",
        get(async move || ([(header::CONTENT_TYPE, "application/json")], document.clone()).into_response()),
    )
}

/// A ticker in a path or a query, in any case.
pub type TickerText = Ticker;

/// The body of a request to watch a ticker.
#[derive(ToSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRequest {
    ticker: Ticker,
}

/// The body of a request to write a position off.
#[derive(ToSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WriteOffRequest {
    ticker: Ticker,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "FinAlly",
        description = "The AI trading workstation: live prices and a simulated portfolio. Money, prices and quantities \
            are JSON numbers; instants are RFC 3339 in UTC, except in candles and in the price stream, where they are \
            Unix seconds; percentages are in percent. A failure is answered as problem details (RFC 9457).",
        license(name = "MIT"),
    ),
    paths(
        health::read,
        portfolio::read,
        portfolio::trade,
        portfolio::write_off,
        portfolio::trades,
        portfolio::history,
        portfolio::reset,
        orders::submit,
        orders::preview,
        orders::list,
        orders::read,
        orders::change,
        orders::cancel,
        orders::cancel_all,
        alerts::create,
        alerts::list,
        alerts::read,
        alerts::change,
        alerts::delete,
        alerts::firings,
        alerts::mark_read,
        corporate_actions::read,
        performance::figures,
        performance::days,
        performance::lots,
        performance::flows,
        performance::record_flow,
        watchlist::read,
        watchlist::add,
        watchlist::remove,
        candles::read,
        quotes::read,
        quotes::indicator,
        exports::trades,
        performance_exports::lots,
        performance_exports::days,
        performance_exports::flows,
        chat::send,
        chat::read,
        chat::clear,
        market::read,
        settings::read,
        settings::change,
        tools::list,
        tokens::list,
        tokens::make,
        tokens::revoke,
        stream::prices,
        events::events,
        library::documents::list,
        library::documents::read,
        library::documents::edit,
        library::documents::delete,
        library::upload::upload,
        library::upload::read_folder,
        library::original::read,
        library::pages::page,
        library::pages::segments,
        library::pages::segment,
        library::tasks::list,
        library::tasks::cancel,
        library::tasks::retry,
        library::answers::ask,
        library::answers::list,
        library::answers::read,
        library::answers::cancel,
        library::answers::events,
        library::search::search,
        library::search::stats,
    ),
    components(schemas(Problem, Interval, HistoryRange))
)]
struct Description;

/// The document as JSON text.
pub fn document() -> String {
    let mut api = Description::openapi();
    for (path, item) in &mut api.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                describe_errors(operation, errors(method, path));
            }
        }
    }
    let components = api.components.get_or_insert_default();
    components.responses.insert("AnyRequest".to_owned(), RefOr::T(response_of(&any_request_errors())));
    // Invariant: the document is made of strings, numbers and maps.
    api.to_pretty_json().expect("the document is JSON")
}

/// One response per status, with an example for each error.
fn describe_errors(operation: &mut Operation, errors: Vec<ApiError>) {
    let mut by_status: BTreeMap<u16, Vec<ApiError>> = BTreeMap::new();
    for error in errors {
        by_status.entry(error.status().as_u16()).or_default().push(error);
    }
    for (status, errors) in by_status {
        let mut response = response_of(&errors);
        // If a status also has a success response, that one is kept too.
        if let Some(RefOr::T(answer)) = operation.responses.responses.remove(&status.to_string()) {
            response.description = format!("{} {}", answer.description, response.description);
            response.content.extend(answer.content);
            response.headers.extend(answer.headers);
        }
        operation.responses.responses.insert(status.to_string(), RefOr::T(response));
    }
}

/// A response with examples of these errors. An example is named by its error's code; further ones of the same code by
/// the error's name.
fn response_of(errors: &[ApiError]) -> Response {
    let mut examples: BTreeMap<String, RefOr<Example>> = BTreeMap::new();
    for error in errors {
        let problem = Problem::new(error, "01a201f9-f0d4-72bc-8d89-23dfab3c6b26".to_owned());
        // Invariant: a problem is strings and a number.
        let value = serde_json::to_value(problem).expect("a problem is JSON");
        let name = if examples.contains_key(error.code()) { name_of(error) } else { error.code().to_owned() };
        examples.insert(name, RefOr::T(ExampleBuilder::new().value(Some(value)).build()));
    }
    let codes: Vec<_> = examples.keys().map(|code| format!("`{code}`")).collect();
    let mut content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    content.examples.extend(examples);
    ResponseBuilder::new().description(codes.join(", ")).content("application/problem+json", content).build()
}

/// The error's own name, such as `llm_out_of_tokens`.
fn name_of(error: &ApiError) -> String {
    match serde_json::to_value(error) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        _ => error.code().to_owned(),
    }
}

/// Errors that any request can get.
fn any_request_errors() -> Vec<ApiError> {
    vec![
        ApiError::NotFound,
        ApiError::MethodNotAllowed { method: "PUT".to_owned(), allowed: "GET, HEAD, POST".to_owned() },
        ApiError::HeadTooLarge { limit_bytes: HEAD_BYTES_MAX },
        ApiError::RequestTimeout,
        ApiError::Internal,
    ]
}

/// Errors of an operation, with realistic values for the examples.
fn errors(method: &str, path: &str) -> Vec<ApiError> {
    // Invariants: the symbols and numbers below are valid.
    let aapl: Ticker = "AAPL".parse().expect("a ticker");
    let hundred = "100".parse().expect("a quantity");
    let malformed = || ApiError::MalformedJson { reason: "the field \"ticker\" stands twice".to_owned() };
    let missing = |field: &str| ApiError::MissingField { field: field.to_owned() };
    let invalid = |parameter: &str, reason: &str| ApiError::InvalidParameter {
        parameter: parameter.to_owned(),
        reason: reason.to_owned(),
    };
    let mut errors = match (method, path) {
        ("post", "/api/portfolio/trade") => vec![
            malformed(),
            missing("quantity"),
            ApiError::InvalidTicker,
            ApiError::InvalidSide,
            ApiError::from(InvalidQuantity::NotPositive),
            invalid("client_order_id", "it has to be a string"),
            ApiError::OrderIdReused { client_order_id: "my-order-1".to_owned() },
            ApiError::InsufficientCash {
                ticker: aapl,
                quantity: hundred,
                cost: Money::from_cents(1_942_800),
                available: Money::from_cents(854_290),
                held: Money::ZERO,
            },
            ApiError::InsufficientShares { ticker: aapl, quantity: hundred, held: None, on_orders: None },
            ApiError::NoPrice { ticker: aapl },
            ApiError::PriceMoved {
                ticker: aapl,
                expected: "190.42".parse().expect("a price"),
                now: "194.28".parse().expect("a price"),
            },
            ApiError::UnknownTicker { ticker: aapl, can_be_made_up: false },
            ApiError::TooManyPositions { ticker: aapl },
            ApiError::StalePrice { ticker: aapl, age_seconds: Some(600) },
            ApiError::MarketClosed {
                opens: Some("on Monday, 30 November 2026 at 9:30 in New York (2026-11-30 14:30 UTC)".to_owned()),
            },
        ],
        (_, path) if path.starts_with("/api/orders") => orders::errors(method, path),
        (_, "/api/lots" | "/api/flows" | "/api/performance" | "/api/performance/days") => {
            performance::errors(method, path)
        }
        (_, path) if path.starts_with("/api/alerts") => alerts::errors(method, path),
        ("post", "/api/portfolio/write-off") => vec![
            malformed(),
            missing("ticker"),
            ApiError::InvalidTicker,
            ApiError::NotHeld { ticker: aapl },
            ApiError::PriceIsLive { ticker: aapl, now: "190.42".parse().expect("a price") },
            ApiError::StalePrice { ticker: aapl, age_seconds: Some(600) },
            ApiError::NoPrice { ticker: aapl },
        ],
        ("get", "/api/portfolio/trades") => vec![invalid("limit", "it has to be a whole number from 1 to 500")],
        ("get", "/api/exports/trades.csv" | "/api/exports/flows.csv") => {
            vec![invalid("decimal", "it can be \".\" or \",\"")]
        }
        ("get", "/api/exports/lots.csv") => {
            vec![ApiError::InvalidTicker, invalid("decimal", "it can be \".\" or \",\"")]
        }
        ("get", "/api/exports/days.csv") => {
            vec![ApiError::InvalidTicker, invalid("decimal", "it can be \".\" or \",\"")]
        }
        ("get", "/api/corporate-actions") => vec![invalid("limit", "it has to be a whole number from 1 to 500")],
        ("get", "/api/portfolio/history") => vec![invalid("range", "a range is 1h, 1d, 1w or all")],
        ("post", "/api/watchlist") => {
            let unknown = ApiError::UnknownTicker { ticker: "ZZZZQ".parse().expect("a ticker"), can_be_made_up: false };
            vec![malformed(), missing("ticker"), ApiError::InvalidTicker, unknown, ApiError::WatchlistFull]
        }
        ("delete", "/api/watchlist/{ticker}") => {
            vec![ApiError::InvalidTicker, ApiError::NotWatched { ticker: aapl }]
        }
        ("get", "/api/prices/{ticker}/candles") => vec![
            ApiError::InvalidTicker,
            invalid("interval", "an interval is 1s, 1m, 5m, 1h or 1d"),
            ApiError::NotFollowed { ticker: aapl },
        ],
        ("post", "/api/chat") => vec![
            malformed(),
            missing("message"),
            ApiError::InvalidMessage,
            invalid("client_message_id", "it has to be a string"),
            ApiError::MessageIdReused { client_message_id: "my-message-1".to_owned() },
            ApiError::ReplyCancelled,
            ApiError::CopilotBusy,
            ApiError::ReplyCutOff,
            ApiError::LlmNotConfigured,
            ApiError::LlmInvalidReply,
            ApiError::LlmOutOfTokens,
            ApiError::PartlyDone,
            ApiError::LlmUnavailable { reason: "the model's server answered 503 Service Unavailable".to_owned() },
            ApiError::LlmTimeout { seconds: 30 },
        ],
        ("get", "/api/chat") => vec![invalid("limit", "it has to be a whole number from 1 to 200")],
        ("patch", "/api/settings") => vec![
            malformed(),
            missing("autonomy"),
            invalid("autonomy", "it has to be \"advise\", \"propose\" or \"auto\""),
        ],
        ("post", "/api/tokens") => vec![
            malformed(),
            missing("name"),
            invalid("scopes", "it has to list some of \"read\", \"propose\", \"trade\" and \"admin\""),
            ApiError::TooManyTokens,
        ],
        ("get", "/api/tokens" | "/api/tools") => Vec::new(),
        ("get", "/api/prices/{ticker}") => vec![
            ApiError::InvalidTicker,
            ApiError::UnknownTicker { ticker: aapl, can_be_made_up: false },
            ApiError::NoPrice { ticker: aapl },
        ],
        ("get", "/api/prices/{ticker}/indicator") => vec![
            ApiError::InvalidTicker,
            missing("study"),
            invalid("period", "it has to be a whole number from 1 to 250"),
            ApiError::NotFollowed { ticker: aapl },
        ],
        ("delete", "/api/tokens/{id}") => vec![ApiError::NotFound],
        ("get", "/api/stream/prices") => {
            vec![ApiError::InvalidTicker, invalid("changes", "it can only be \"only\""), ApiError::TooManyStreams]
        }
        ("get", "/api/events") => vec![
            invalid("after", "it has to be the number of an event"),
            invalid("types", &InvalidEventKind.to_string()),
            ApiError::TooManyStreams,
        ],
        _ => library::errors::errors(method, path),
    };
    let takes_a_body = matches!(
        (method, path),
        (
            "post",
            "/api/portfolio/trade"
                | "/api/orders"
                | "/api/orders/preview"
                | "/api/alerts"
                | "/api/alerts/firings/read"
                | "/api/portfolio/write-off"
                | "/api/flows"
                | "/api/watchlist"
                | "/api/chat"
                | "/api/tokens"
        ) | ("post", "/api/library/documents" | "/api/library/answers")
            | ("patch", "/api/settings" | "/api/orders/{id}" | "/api/alerts/{id}" | "/api/library/documents/{id}")
    );
    if takes_a_body {
        let limit_bytes = super::json_body::BODY_BYTES_MAX;
        let body = [ApiError::BodyTooLarge { limit_bytes }, ApiError::UnsupportedMediaType, ApiError::RequestTimeout];
        errors.extend(body);
    }
    if path != "/api/health" {
        errors.extend([ApiError::SignInNeeded, ApiError::TokenInvalid]);
        errors.push(ApiError::NotAllowed { scope: "trade".to_owned() });
    }
    let wrong_host = ApiError::WrongHost { host: Some("nas.local".to_owned()) };
    errors.extend([ApiError::CrossSite, wrong_host, ApiError::TooManyRequests { retry_after_seconds: 1 }]);
    errors.push(if method == "get" { ApiError::BusyReading } else { ApiError::Busy });
    errors.push(ApiError::Internal);
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_describes_its_errors_with_examples() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let trade = &document["paths"]["/api/portfolio/trade"]["post"]["responses"];
        let refusals = &trade["422"]["content"]["application/problem+json"]["examples"];
        assert_eq!(
            refusals["insufficient_cash"]["value"]["detail"],
            "Buying 100 AAPL costs $19,428.00; you have $8,542.90."
        );
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["responses"]["500"].is_object(), "{method} {path}");
                assert!(!operation["description"].as_str().or(operation["summary"].as_str()).unwrap().is_empty());
            }
        }
    }

    /// Names of all errors, taken from serde's message about an unknown variant.
    fn error_names() -> Vec<String> {
        let refusal = serde_json::from_str::<ApiError>("\"no such error\"").unwrap_err().to_string();
        refusal.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_error_has_an_example() {
        let api = Description::openapi();
        let described: Vec<String> = api
            .paths
            .paths
            .keys()
            .flat_map(|path| ["get", "post", "patch", "delete"].map(|method| errors(method, path)))
            .chain([any_request_errors()])
            .flatten()
            .map(|error| name_of(&error))
            .collect();
        // The page creates these two itself.
        let missing: Vec<String> = error_names()
            .into_iter()
            .filter(|name| !described.contains(name) && !["unreachable", "told"].contains(&name.as_str()))
            .collect();
        assert!(error_names().len() > 40 && missing.is_empty(), "{missing:?}");
        let document: Value = serde_json::from_str(&document()).unwrap();
        let chat = &document["paths"]["/api/chat"]["post"]["responses"]["502"]["content"]["application/problem+json"];
        let detail = chat["examples"]["llm_out_of_tokens"]["value"]["detail"].as_str().unwrap();
        assert!(detail.contains("LLM_MAX_TOKENS"), "{detail}");
        let any = &document["components"]["responses"]["AnyRequest"]["content"]["application/problem+json"]["examples"];
        assert_eq!(any["method_not_allowed"]["value"]["status"], 405);
    }

    #[test]
    fn words_are_described_as_they_are_written() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            for word in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(!word.contains(|letter: char| letter.is_ascii_uppercase()), "{name}: {word}");
            }
        }
        assert_eq!(document["components"]["schemas"]["OrderType"]["enum"][3], "stop_limit");
        let role = &document["components"]["schemas"]["OrderView"]["properties"]["role"];
        assert!(role.to_string().contains("take_profit"), "{role}");
    }

    #[test]
    fn no_reference_leads_nowhere() {
        let text = document();
        let document: Value = serde_json::from_str(&text).unwrap();
        for reference in text.split("\"$ref\": \"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
