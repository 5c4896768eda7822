//! Problem details (RFC 9457): how REST tells a failure.
//!
//! A handler returns an [`ApiError`]; its response carries the error aside until [`render`], which knows the request's
//! id, writes the body. What is the server's fault is logged where it happens, with its cause.

use std::any::Any;

use axum::{
    body::to_bytes,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use super::{json::Json, json_body::BODY_BYTES_MAX, request_id::RequestId};
use crate::error::ApiError;

/// The body of every failure under `/api`.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// A name for this kind of problem; not an address.
    #[schema(example = "urn:finally:problem:insufficient_cash")]
    r#type: String,
    title: &'static str,
    status: u16,
    /// A sentence that a person can act on.
    detail: String,
    /// The stable word that programs look at.
    code: &'static str,
    /// What the server's log has it under; also in the header `x-request-id`.
    request_id: String,
}

impl Problem {
    pub fn new(error: &ApiError, request_id: String) -> Self {
        Self {
            r#type: format!("urn:finally:problem:{}", error.code()),
            title: error.title(),
            status: error.status().as_u16(),
            detail: error.to_string(),
            code: error.code(),
            request_id,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of each failure that a handler answered with, or that axum did by itself.
pub fn render(response: Response, method: &Method, id: &RequestId) -> Response {
    let Some(error) = error_of(&response, method) else {
        return response;
    };
    let problem = Problem::new(&error, id.to_string());
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = error.retry_after_seconds() {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let body = Json(problem).into_response().into_body();
    Response::from_parts(parts, body)
}

/// The longest failure of a server function: its request's body may be named in it.
const FUNCTION_FAILURE_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// A server function writes its failure by itself, always as a 500; here it becomes a failure like any other.
pub async fn of_server_function(response: Response) -> Response {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let body = to_bytes(response.into_body(), FUNCTION_FAILURE_BYTES_MAX).await;
    let failure = body
        .map_err(|cause| cause.to_string())
        .and_then(|body| serde_json::from_slice::<ApiError>(&body).map_err(|cause| cause.to_string()));
    match failure {
        Ok(failure) => failure.into_response(),
        Err(cause) => {
            error!(%cause, "a server function's failure cannot be read");
            ApiError::Internal.into_response()
        }
    }
}

/// A handler's panic is a defect: it is logged, and the caller is told no more than that.
pub fn of_panic(panic: &(dyn Any + Send)) -> Response {
    let cause = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    error!(panic.cause = cause.unwrap_or("unknown"), "a request's handler panicked");
    ApiError::Internal.into_response()
}

fn error_of(response: &Response, method: &Method) -> Option<ApiError> {
    if let Some(error) = response.extensions().get::<ApiError>() {
        return Some(error.clone());
    }
    // axum answers a wrong method by itself, and says which are right.
    (response.status() == StatusCode::METHOD_NOT_ALLOWED).then(|| ApiError::MethodNotAllowed {
        method: method.to_string(),
        allowed: response
            .headers()
            .get(header::ALLOW)
            .and_then(|value| value.to_str().ok())
            .map(|allowed| allowed.replace(',', ", "))
            .unwrap_or_default(),
    })
}
