//! Each answer, told once: a line in the log, and a count in the metrics.
//!
//! Both name the route by its template. A stream is told when it begins.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use tracing::info;

use crate::server::metrics::Metrics;

/// The route of a request that none matched.
const UNMATCHED: &str = "unmatched";

/// Hands the template of the route that matched out to [`record`], which stands around the routes and cannot see it.
pub async fn tell_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// Logs and counts the answer when it begins.
pub async fn record(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let latency = started.elapsed();
    let route = response.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str);
    metrics.request_answered(route, &method, response.status(), latency);
    info!(
        http.route = route,
        http.status = response.status().as_u16(),
        http.latency_ms = latency.as_micros() as f64 / 1_000.0,
        "{method} {path}"
    );
    response
}
