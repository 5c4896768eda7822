//! `/api/docs`: a page for reading and trying the API's description, without resources from other sites.
//!
//! The page consists of three small files; the script reads `/api/openapi.json` and builds the rest from it.

use axum::{
    Router,
    http::{HeaderName, header},
    routing::get,
};

use crate::server::state::AppState;

/// The page's own policy: scripts, styles and requests from this server only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/docs", get(async || file("text/html; charset=utf-8", include_str!("docs/index.html"))))
        .route("/api/docs.js", get(async || file("text/javascript; charset=utf-8", include_str!("docs/docs.js"))))
        .route("/api/docs.css", get(async || file("text/css; charset=utf-8", include_str!("docs/docs.css"))))
}

fn file(media_type: &'static str, text: &'static str) -> ([(HeaderName, &'static str); 3], &'static str) {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, text)
}
