//! `/api/health`: whether the parts work.

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::Serialize;

use crate::server::state::AppState;

pub fn router() -> Router<AppState> {
    Router::new().route("/health", get(read))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    market: MarketHealth,
    database: &'static str,
    copilot: &'static str,
}

#[derive(Serialize)]
struct MarketHealth {
    source: &'static str,
    tickers: usize,
    last_tick_age_ms: u64,
}

async fn read(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let tick = state.feed.latest();
    let database_works = state.ledger.is_healthy().await;
    let works = database_works && state.feed.is_healthy();
    let health = Health {
        status: if works { "ok" } else { "degraded" },
        version: env!("CARGO_PKG_VERSION"),
        market: MarketHealth {
            source: state.feed.source(),
            tickers: tick.quotes.len(),
            last_tick_age_ms: u64::try_from(tick.at.elapsed().as_millis()).unwrap_or(u64::MAX),
        },
        database: if database_works { "ok" } else { "failed" },
        copilot: match (state.copilot.mock, &state.copilot.api_key) {
            (true, _) => "mock",
            (false, Some(_)) => "ready",
            (false, None) => "not_configured",
        },
    };
    (if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}
