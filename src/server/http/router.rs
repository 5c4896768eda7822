//! All routes, and what every request passes through.

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    candles, docs, health, json_body::BODY_BYTES_MAX, openapi, page, portfolio, problem, request_id, stream, watchlist,
};
use crate::{error::ApiError, server::state::AppState};

/// The whole server.
pub fn router(state: AppState) -> Router {
    let api = Router::new()
        .merge(health::router())
        .merge(portfolio::router())
        .merge(watchlist::router())
        .merge(candles::router())
        .merge(openapi::router())
        .merge(docs::router())
        .merge(stream::router())
        .fallback(async || ApiError::NotFound);
    let routes = Router::new()
        .merge(page::router(&state))
        .nest("/api", api)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state);
    // Around the routes as a whole: a route's own layers do not see the headers of axum's "method not allowed".
    Router::new()
        .fallback_service(routes)
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(middleware::from_fn(problem::render))
        .layer(middleware::from_fn(request_id::assign))
}
