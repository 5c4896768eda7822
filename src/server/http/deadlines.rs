//! How long a request's body may take to arrive, and its answer to begin; and how large a body may be.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use tower_http::timeout::{DeadlineBody, TimeoutError};
use tracing::error;

use super::json_body::BODY_BYTES_MAX;
use crate::{error::ApiError, server::config::Patience};

/// Why a body was not read to its end: its reader may tell only that it was not.
#[derive(Default)]
struct Broken {
    is_late: AtomicBool,
    is_too_large: AtomicBool,
}

/// Lets `answer` answer the request. Refuses a body that takes too long or is too large, whoever reads it, and gives up on
/// an answer that takes too long. A stream's answer has begun when its head is there.
pub async fn keep<F: Future<Output = Response>>(
    patience: Patience,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let broken = Arc::new(Broken::default());
    let request = request.map(|body| bounded(body, patience, Arc::clone(&broken)));
    let answer = timeout(patience.answer, answer(request)).await;
    // Whatever the reader made of the half that it got, these are the reasons.
    if broken.is_late.load(Ordering::Relaxed) {
        return ApiError::RequestTimeout.into_response();
    }
    if broken.is_too_large.load(Ordering::Relaxed) {
        return ApiError::BodyTooLarge { limit_bytes: BODY_BYTES_MAX }.into_response();
    }
    answer.unwrap_or_else(|_| {
        error!(request.patience_seconds = patience.answer.as_secs(), "a request was not answered in time");
        ApiError::Internal.into_response()
    })
}

fn bounded(body: Body, patience: Patience, broken: Arc<Broken>) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let body = Limited::new(DeadlineBody::new(patience.body, body), BODY_BYTES_MAX);
    Body::new(body.map_err(move |cause| {
        if cause.is::<TimeoutError>() {
            broken.is_late.store(true, Ordering::Relaxed);
        }
        if cause.is::<LengthLimitError>() {
            broken.is_too_large.store(true, Ordering::Relaxed);
        }
        cause
    }))
}
