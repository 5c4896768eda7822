//! How long a request's body may take to arrive, and its answer to begin.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use tokio::time::timeout;
use tower_http::timeout::{DeadlineBody, TimeoutError};
use tracing::error;

use crate::{error::ApiError, server::config::Patience};

/// Lets `answer` answer the request. Refuses a body that takes too long, whoever reads it, and gives up on an answer that
/// does. A stream's answer has begun when its head is there.
pub async fn keep<F: Future<Output = Response>>(
    patience: Patience,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let is_late = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| with_deadline(body, patience, Arc::clone(&is_late)));
    let answer = timeout(patience.answer, answer(request)).await;
    if is_late.load(Ordering::Relaxed) {
        // Whatever the reader made of the half that it got, this is the reason.
        return ApiError::RequestTimeout.into_response();
    }
    answer.unwrap_or_else(|_| {
        error!(request.patience_seconds = patience.answer.as_secs(), "a request was not answered in time");
        ApiError::Internal.into_response()
    })
}

fn with_deadline(body: Body, patience: Patience, is_late: Arc<AtomicBool>) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(DeadlineBody::new(patience.body, body).map_err(move |cause| {
        if cause.is::<TimeoutError>() {
            is_late.store(true, Ordering::Relaxed);
        }
        cause
    }))
}
