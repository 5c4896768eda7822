//! All routes, and what every request passes through.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
    response::IntoResponse,
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    csrf::{CsrfLayer, ProtectionError},
};

use super::{
    candles, deadlines, docs, health,
    host::{self, AllowedHosts},
    json_body::BODY_BYTES_MAX,
    limits::{self, RequestRates},
    metrics, observe, openapi, page, portfolio, problem, request_id, security_headers, stream, watchlist,
};
use crate::{
    error::ApiError,
    server::{config::Config, state::AppState},
};

/// The whole server.
pub fn router(state: AppState, config: &Config) -> Router {
    let api = Router::new()
        .merge(health::router())
        .merge(portfolio::router())
        .merge(watchlist::router())
        .merge(candles::router())
        .merge(openapi::router())
        .merge(docs::router())
        .merge(stream::router())
        .fallback(async || ApiError::NotFound);
    let recorded = state.metrics.clone();
    // From the outside in. Inside of the routes, so that a refusal is told with the route it was for.
    let guards = ServiceBuilder::new()
        .layer(from_fn(observe::tell_route))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(from_fn_with_state(AllowedHosts::new(config), host::check))
        .layer(CsrfLayer::new().with_rejection_response(|_: ProtectionError| ApiError::CrossSite.into_response()))
        .layer(from_fn_with_state(RequestRates::new(&config.limits), limits::check_rate))
        .layer(from_fn_with_state(config.patience, deadlines::keep));
    let routes = Router::new()
        .merge(page::router(&state))
        .merge(metrics::router())
        .nest("/api", api)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(guards)
        .with_state(state);
    // Around the routes as a whole: a route's own layers do not see the headers of axum's "method not allowed".
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(problem::render))
        .layer(map_response(security_headers::add))
        .layer(from_fn_with_state(recorded, observe::record))
        .layer(from_fn(request_id::assign))
}
