//! Each answer, told once: a line in the log, and a count in the metrics.
//!
//! Both name the route by its template. A stream is told when it begins.

use std::time::Instant;

use axum::{
    extract::MatchedPath,
    http::{Method, Request, Uri},
    response::Response,
};
use tracing::info;

use super::plain_page::Reader;
use crate::server::metrics::Metrics;

/// The route of a request that none matched.
const UNMATCHED: &str = "unmatched";

/// A request that is on its way.
pub struct Observed {
    started: Instant,
    pub method: Method,
    pub uri: Uri,
    pub reader: Reader,
}

impl Observed {
    pub fn begin<B>(request: &Request<B>) -> Self {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { started: Instant::now(), method, uri, reader: Reader::of(request) }
    }

    /// Logs and counts the answer when it begins.
    pub fn record(self, response: &Response, metrics: &Metrics) {
        let latency = self.started.elapsed();
        let route = response.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str);
        metrics.request_answered(route, &self.method, response.status(), latency);
        info!(
            http.route = route,
            http.status = response.status().as_u16(),
            http.latency_ms = latency.as_micros() as f64 / 1_000.0,
            "{} {}",
            self.method,
            self.uri.path()
        );
    }
}
