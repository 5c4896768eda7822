//! `/metrics`: the metrics for Prometheus.

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use tracing::error;

use crate::{error::ApiError, server::state::AppState};

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

pub fn router() -> Router<AppState> {
    Router::new().route("/metrics", get(read))
}

async fn read(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    state.metrics.feed_is_at(&state.feed.latest());
    let text = state.metrics.write().map_err(|cause| {
        error!(%cause, "the metrics cannot be written");
        ApiError::Internal
    })?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}
