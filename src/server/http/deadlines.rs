//! Time limits of a request's body and of the start of its response, and the size limit of a body.
//!
//! An upload may be larger than other bodies, and may take longer as long as it keeps progressing.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::{MatchedPath, Request},
    http::Method,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use tower_http::timeout::{DeadlineBody, TimeoutBody, TimeoutError};
use tracing::error;

use super::{json_body::BODY_BYTES_MAX, library::UPLOAD_PATH};
use crate::{
    error::ApiError,
    server::{
        config::Patience,
        library::bounds::{UPLOAD_BYTES_MAX, UPLOAD_SILENCE_MAX, UPLOAD_WALL},
    },
};

/// Limits of a request's body.
struct Bounds {
    bytes: usize,
    /// Longest pause; `None` if only the total time is limited.
    silence: Option<Duration>,
    answer: Duration,
}

impl Bounds {
    fn of(request: &Request, patience: Patience) -> Self {
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        if request.method() == Method::POST && path == Some(UPLOAD_PATH) {
            let bytes = usize::try_from(UPLOAD_BYTES_MAX).unwrap_or(usize::MAX);
            return Self { bytes, silence: Some(UPLOAD_SILENCE_MAX), answer: UPLOAD_WALL };
        }
        Self { bytes: BODY_BYTES_MAX, silence: None, answer: patience.answer }
    }
}

/// Reason why a body was not read to its end; the handler may report the failure only in general.
#[derive(Default)]
struct Broken {
    is_late: AtomicBool,
    is_too_large: AtomicBool,
}

/// Runs `answer` on the request. Refuses a body that takes too long or is too large, whichever handler reads it, and
/// aborts a response that takes too long. A stream's response has begun once its head exists.
pub async fn keep<F: Future<Output = Response>>(
    patience: Patience,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let broken = Arc::new(Broken::default());
    let bounds = Bounds::of(&request, patience);
    let request = request.map(|body| bounded(body, patience, &bounds, Arc::clone(&broken)));
    let answer = timeout(bounds.answer, answer(request)).await;
    // Whatever error the handler made of the partial body, these are the reasons.
    if broken.is_late.load(Ordering::Relaxed) {
        return ApiError::RequestTimeout.into_response();
    }
    if broken.is_too_large.load(Ordering::Relaxed) {
        return ApiError::BodyTooLarge { limit_bytes: bounds.bytes }.into_response();
    }
    answer.unwrap_or_else(|_| {
        error!(request.patience_seconds = bounds.answer.as_secs(), "a request was not answered in time");
        ApiError::Internal.into_response()
    })
}

fn bounded(body: Body, patience: Patience, bounds: &Bounds, broken: Arc<Broken>) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let timed = match bounds.silence {
        Some(silence) => Body::new(Box::pin(TimeoutBody::new(silence, body)).map_err(axum::Error::new)),
        None => Body::new(DeadlineBody::new(patience.body, body)),
    };
    let body = Limited::new(timed, bounds.bytes);
    Body::new(body.map_err(move |cause| {
        if is_or_comes_from::<TimeoutError>(&*cause) {
            broken.is_late.store(true, Ordering::Relaxed);
        }
        if is_or_comes_from::<LengthLimitError>(&*cause) {
            broken.is_too_large.store(true, Ordering::Relaxed);
        }
        cause
    }))
}

/// Whether an error, or one of its sources, is of this type.
fn is_or_comes_from<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<E>() {
            return true;
        }
        next = cause.source();
    }
    false
}
