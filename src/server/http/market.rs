//! `/api/market`: where prices come from, how current they are, and when orders are filled.

use axum::{Router, extract::State, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::Json;
use crate::{
    domain::{instant::UtcInstant, market_status::Data, session::Session},
    server::state::AppState,
};

/// The sessions that are told ahead.
const DAYS: usize = 5;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/market", get(read))
}

/// The market: its source, its hours, and its prices' state.
#[derive(Serialize, ToSchema)]
pub struct Market {
    /// `simulator` or `massive`
    source: &'static str,
    /// The session of this moment; null while the exchange is closed. Orders are filled in a `regular` or a `continuous` one.
    session: Option<Session>,
    /// The next regular session that opens; null for a market that never closes.
    next: Option<Session>,
    /// The regular sessions to come, the next one first, half days among them.
    days: Vec<Session>,
    data: Data,
    /// Since when the prices have been like this; of stale ones, when they were last confirmed.
    since: UtcInstant,
    /// A fault of the prices, or that the exchange is closed, in sentences; missing when prices are as they should be.
    #[serde(skip_serializing_if = "str::is_empty")]
    note: String,
}

/// Where prices come from, how current they are, and when orders are filled.
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
