//! Observes each response: one line in the log, one count in the metrics.
//!
//! Both use the route's template. A stream is recorded when it begins.

use std::time::Instant;

use axum::{
    extract::MatchedPath,
    http::{Method, Request, Uri},
    response::Response,
};
use tracing::info;

use super::plain_page::Reader;
use crate::server::metrics::Metrics;

/// Route label of unmatched requests.
const UNMATCHED: &str = "unmatched";

/// A request in progress.
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

    /// Logs and counts the response when it begins.
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
