//! Each request's id: taken from the caller when it is well formed, else made; it comes back in a header, stands in
//! every problem, and in every line that is logged on the request's way.

use std::fmt;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, info_span};
use uuid::Uuid;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a caller.
const LENGTH_MAX: usize = 64;

/// Letters, digits, `.`, `_` and `-` only, so that it can be logged as it is.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        headers.get(HEADER).filter(|value| is_well_formed(value)).cloned().map_or_else(Self::make, Self)
    }

    fn make() -> Self {
        // Invariant: a UUID's text is ASCII.
        Self(HeaderValue::from_str(&Uuid::now_v7().to_string()).expect("a UUID is a header value"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Invariant: both ways to make one give ASCII.
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

fn is_well_formed(value: &HeaderValue) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LENGTH_MAX).contains(&value.len()) && value.as_bytes().iter().all(is_plain)
}

/// Gives the request its id, which comes back with the answer.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let span = info_span!("request", request.id = %id);
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(HEADER, id.0);
    response
}
