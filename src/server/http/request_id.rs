//! Request ids: the caller's if well-formed, else a new one. The id is in a response header, in every problem, and in
//! every log line of the request.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id accepted from a caller.
const LENGTH_MAX: usize = 64;

/// Only letters, digits, `.`, `_` and `-`, so that it can be logged verbatim.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id of the request with these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        headers.get(HEADER).filter(|value| is_well_formed(value)).cloned().map_or_else(Self::make, Self)
    }

    fn make() -> Self {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::now_v7().hyphenated().encode_lower(&mut text);
        // Invariant: a UUID's text is ASCII.
        Self(HeaderValue::from_str(text).expect("a UUID is a header value"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Invariant: both ways to make one give ASCII.
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

impl From<RequestId> for HeaderValue {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

fn is_well_formed(value: &HeaderValue) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LENGTH_MAX).contains(&value.len()) && value.as_bytes().iter().all(is_plain)
}
