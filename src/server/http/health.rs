//! `/api/health`: whether the parts work.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::Json;
use crate::{domain::market_status::Data, server::state::AppState};

pub fn router() -> Router<AppState> {
    Router::new().route("/api/health", get(read))
}

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`
    status: &'static str,
    version: &'static str,
    /// Build of the page that this server serves; a page of another build is out of date.
    build: String,
    market: MarketHealth,
    /// `ok` or `failed`
    database: &'static str,
    /// Of orders that wait: `ok`, or `behind` when it has not looked at the prices for a while.
    matcher: &'static str,
    /// `built_in`, `mock`, `ready` or `off`
    copilot: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct MarketHealth {
    /// `simulator` or `massive`
    source: &'static str,
    tickers: usize,
    last_tick_age_ms: u64,
    data: Data,
    /// A fault of the prices, or the exchange's closing, in sentences; omitted if prices are normal.
    #[serde(skip_serializing_if = "str::is_empty")]
    note: String,
}

/// Whether the server works.
#[utoipa::path(
    get, path = "/api/health", tag = "Server",
    responses(
        (status = 200, description = "Everything works.", body = Health),
        (status = 503, description = "The database, the market feed or another part has failed.", body = Health),
    )
)]
pub async fn read(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let tick = state.feed.latest();
    let database_works = state.ledger.is_healthy().await;
    let is_matching = state.orders.is_on_time();
    let works = database_works && state.feed.is_healthy() && is_matching && state.parts.all_run();
    let health = Health {
        status: if works { "ok" } else { "degraded" },
        version: env!("CARGO_PKG_VERSION"),
        build: state.build.to_string(),
        market: MarketHealth {
            source: state.feed.source(),
            tickers: tick.quotes.len(),
            last_tick_age_ms: u64::try_from(tick.at.elapsed().as_millis()).unwrap_or(u64::MAX),
            data: tick.status.data,
            note: tick.status.note.clone(),
        },
        database: if database_works { "ok" } else { "failed" },
        matcher: if is_matching { "ok" } else { "behind" },
        copilot: state.copilot.availability().as_str(),
    };
    (if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}
