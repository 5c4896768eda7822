//! Problem details (RFC 9457): REST's form of failures.
//!
//! A handler returns an [`ApiError`]; its response carries the error as an extension until [`render`], which knows the
//! request's id, writes the body. Errors of the server itself are logged where they happen, with their cause.

use std::any::Any;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use super::{
    json::Json,
    json_body::BODY_BYTES_MAX,
    observe::Observed,
    plain_page::{self, Reader},
    request_id::RequestId,
    router::is_api,
};
use crate::{domain::orders::view::OrderView, error::ApiError};

/// The body of every failure under `/api`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Identifier of this kind of problem; not an address.
    #[schema(example = "urn:finally:problem:insufficient_cash")]
    r#type: String,
    title: &'static str,
    status: u16,
    /// A sentence that a person can act on.
    detail: String,
    /// Stable code for programs.
    code: &'static str,
    /// Id of the request in the server's log; also in the header `x-request-id`.
    request_id: String,
    /// For `too_late` and `revision_conflict`: the order's present state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    order: Option<OrderView>,
}

impl Problem {
    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn new(error: &ApiError, request_id: String) -> Self {
        Self {
            r#type: format!("urn:finally:problem:{}", error.code()),
            title: error.title(),
            status: error.status().as_u16(),
            detail: error.to_string(),
            code: error.code(),
            request_id,
            order: error.order().cloned(),
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

/// Writes the body of each failure, from a handler or from axum itself.
pub fn render(response: Response, request: &Observed, id: &RequestId) -> Response {
    let path = request.uri.path();
    let Some(error) = error_of(&response, &request.method, path) else {
        return response;
    };
    let (mut parts, _) = response.into_parts();
    parts.status = error.status();
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Some(seconds) = error.retry_after_seconds() {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(challenge) = challenge(&error) {
        parts.headers.insert(header::WWW_AUTHENTICATE, challenge);
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let (content_type, body) = match request.reader {
        Reader::Program => {
            let problem = Problem::new(&error, id.to_string());
            ("application/problem+json", Json(problem).into_response().into_body())
        }
        Reader::Person { comes_from_elsewhere } => {
            let (page, policy) = plain_page::write(&error, &id.to_string(), path, comes_from_elsewhere);
            if let Ok(policy) = HeaderValue::try_from(policy) {
                parts.headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            ("text/html; charset=utf-8", Body::from(page))
        }
    };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Response::from_parts(parts, body)
}

/// `WWW-Authenticate`: the way to sign in (RFC 6750).
fn challenge(error: &ApiError) -> Option<HeaderValue> {
    match error {
        ApiError::SignInNeeded => Some(HeaderValue::from_static("Bearer realm=\"FinAlly\"")),
        ApiError::TokenInvalid => Some(HeaderValue::from_static("Bearer realm=\"FinAlly\", error=\"invalid_token\"")),
        _ => None,
    }
}

/// Longest failure of a server function: it may quote its request's body.
const FUNCTION_FAILURE_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// Converts a server function's failure, which it always writes as a 500, into an ordinary failure.
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

/// Converts a handler's panic, which is a bug: it is logged, and the caller gets no details.
pub fn of_panic(panic: &(dyn Any + Send)) -> Response {
    let cause = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    error!(panic.cause = cause.unwrap_or("unknown"), "a request's handler panicked");
    ApiError::Internal.into_response()
}

fn error_of(response: &Response, method: &Method, path: &str) -> Option<ApiError> {
    if let Some(error) = response.extensions().get::<ApiError>() {
        return Some(error.clone());
    }
    match response.status() {
        // axum answers a wrong method itself, with the allowed ones.
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::MethodNotAllowed {
            method: method.to_string(),
            allowed: response
                .headers()
                .get(header::ALLOW)
                .and_then(|value| value.to_str().ok())
                .map(|allowed| allowed.replace(',', ", "))
                .unwrap_or_default(),
        }),
        status if is_plain_failure(response, path) => Some(of_status(status)),
        _ => None,
    }
}

/// Whether an API failure came from axum's own extractors: as text, or without a body.
fn is_plain_failure(response: &Response, path: &str) -> bool {
    let is_failure = response.status().is_client_error() || response.status().is_server_error();
    is_failure
        && is_api(path)
        && response.headers().get(header::CONTENT_TYPE).is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

fn of_status(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::REQUEST_TIMEOUT => ApiError::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::BodyTooLarge { limit_bytes: BODY_BYTES_MAX },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::UnsupportedMediaType,
        status if status.is_client_error() => {
            ApiError::InvalidParameter { parameter: "request".to_owned(), reason: "it cannot be read".to_owned() }
        }
        _ => ApiError::Internal,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use http_body_util::BodyExt;
    use rstest::rstest;
    use serde_json::Value;

    use super::*;

    #[rstest]
    #[case::bad_request(400, 400, "invalid_parameter")]
    #[case::not_found(404, 404, "not_found")]
    #[case::body_too_large(413, 413, "body_too_large")]
    #[case::wrong_media_type(415, 415, "unsupported_media_type")]
    #[case::unprocessable(422, 400, "invalid_parameter")]
    #[case::broken(500, 500, "internal")]
    #[tokio::test]
    async fn a_failure_told_as_text_becomes_a_problem(#[case] told: u16, #[case] status: u16, #[case] code: &str) {
        let id = RequestId::of(&Default::default());
        for content_type in [None, Some("text/plain; charset=utf-8")] {
            let mut response = Response::builder().status(told);
            if let Some(content_type) = content_type {
                response = response.header(header::CONTENT_TYPE, content_type);
            }
            let response = response.body(Body::from("Invalid URL")).unwrap();
            let request = Observed::begin(&Request::get("/api/anything").body(()).unwrap());
            let answer = render(response, &request, &id);
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
        }
    }

    #[rstest]
    #[case::page("/nowhere", "text/plain", 404)]
    #[case::health("/api/health", "application/json", 503)]
    #[case::success("/api/docs.css", "text/plain", 200)]
    fn other_answers_stay_as_they_are(#[case] path: &str, #[case] content_type: &str, #[case] status: u16) {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, content_type);
        let request = Observed::begin(&Request::get(path).body(()).unwrap());
        let answer = render(response.body(Body::empty()).unwrap(), &request, &RequestId::of(&Default::default()));
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[header::CONTENT_TYPE]),
            (status, &content_type.parse().unwrap())
        );
    }
}
