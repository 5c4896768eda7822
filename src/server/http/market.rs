//! `/api/market`: the source of prices, how current they are, and when orders are filled.

use axum::{Router, extract::State, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::Json;
use crate::{
    domain::{instant::UtcInstant, market_status::Data, session::Session},
    server::state::AppState,
};

/// Number of sessions returned in advance.
const DAYS: usize = 5;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/market", get(read))
}

/// The market: its source, its hours, and its prices' state.
#[derive(Serialize, ToSchema)]
pub struct Market {
    /// `simulator` or `massive`
    source: &'static str,
    /// The current session; null while the exchange is closed. Orders are filled in a `regular` or `continuous` one.
    session: Option<Session>,
    /// The next regular session; null for a market that never closes.
    next: Option<Session>,
    /// The next regular sessions in order, half days included.
    days: Vec<Session>,
    data: Data,
    /// Start of the prices' present state; for stale prices, the time of their last confirmation.
    since: UtcInstant,
    /// A fault of the prices, or the exchange's closing, in sentences; omitted if prices are normal.
    #[serde(skip_serializing_if = "str::is_empty")]
    note: String,
}

/// The source of prices, how current they are, and when orders are filled.
#[utoipa::path(get, path = "/api/market", tag = "Prices", responses((status = 200, body = Market)))]
pub async fn read(State(state): State<AppState>) -> Json<Market> {
    let (tick, hours, now) = (state.feed.latest(), state.feed.hours, (state.clock)());
    let days = hours.next_sessions(now, DAYS);
    Json(Market {
        source: state.feed.source(),
        session: hours.session_at(now),
        next: days.first().cloned(),
        days,
        data: tick.status.data,
        since: tick.since,
        note: tick.status.note.clone(),
    })
}
