//! A call of a tool: its input becomes a request for the operation, which goes straight to the handler.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    error::ApiError,
    server::{
        caller::{Caller, Scope},
        http::problem::Problem,
    },
};

/// Longest answer of an operation that is read.
const RESPONSE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The operation behind a tool.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    /// With names in braces.
    pub path: &'static str,
    /// Parameters by name; every other field belongs to the body.
    pub places: Vec<(String, Place)>,
    pub has_body: bool,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
}

/// Why a call has no answer.
#[derive(Debug)]
pub enum Failure {
    UnknownTool,
    /// The caller lacks this scope.
    NotAllowed(Scope),
    /// The operation's refusal, as problem details.
    Refused(Box<Problem>),
}

impl Failure {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown_tool",
            Self::NotAllowed(_) => "not_allowed",
            Self::Refused(problem) => problem.code(),
        }
    }

    fn refused(error: &ApiError) -> Self {
        Self::Refused(Box::new(Problem::new(error, Uuid::now_v7().to_string())))
    }
}

impl Operation {
    /// # Errors
    /// If the operation refuses the input.
    pub async fn call(&self, routes: Router, caller: Caller, input: Map<String, Value>) -> Result<Value, Failure> {
        let request = self.request(caller, input).map_err(|error| Failure::refused(&error))?;
        // A router never fails.
        let response = routes.oneshot(request).await.unwrap_or_else(|never| match never {});
        if let Some(error) = response.extensions().get::<ApiError>() {
            return Err(Failure::refused(error));
        }
        let is_success = response.status().is_success();
        let body = to_bytes(response.into_body(), RESPONSE_BYTES_MAX).await;
        match body {
            Ok(body) if is_success && body.is_empty() => Ok(json!({ "done": true })),
            Ok(body) if is_success => serde_json::from_slice(&body).map_err(|_| Failure::refused(&ApiError::Internal)),
            // Of axum itself, as for a path that is not UTF-8.
            Ok(_) | Err(_) => Err(Failure::refused(&ApiError::NotFound)),
        }
    }

    fn request(&self, caller: Caller, mut input: Map<String, Value>) -> Result<Request<Body>, ApiError> {
        let mut path = self.path.to_owned();
        let mut query = String::new();
        for (name, place) in &self.places {
            let value = input.remove(name).filter(|value| !value.is_null());
            match (place, value) {
                (Place::Path, None) => return Err(ApiError::MissingField { field: name.clone() }),
                (Place::Path, Some(value)) => {
                    let text = text_of(name, &value)?;
                    if text.is_empty() {
                        return Err(ApiError::MissingField { field: name.clone() });
                    }
                    path = path.replace(&format!("{{{name}}}"), &encoded(&text));
                }
                (Place::Query, None) => {}
                (Place::Query, Some(value)) => {
                    let sign = if query.is_empty() { '?' } else { '&' };
                    query.push_str(&format!("{sign}{name}={}", encoded(&text_of(name, &value)?)));
                }
            }
        }
        if !self.has_body
            && let Some((field, _)) = input.iter().next()
        {
            return Err(ApiError::MalformedJson { reason: format!("it has no field {field:?}") });
        }
        let body = if self.has_body { Value::Object(input).to_string() } else { String::new() };
        let request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{path}{query}"))
            .header(header::CONTENT_TYPE, "application/json")
            .extension(caller)
            .body(Body::from(body));
        // Only a text that is too long for an address fails.
        request.map_err(|_| ApiError::MalformedJson { reason: "a parameter is too long".to_owned() })
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A parameter as it stands in an address.
fn text_of(name: &str, value: &Value) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(ApiError::InvalidParameter {
            parameter: name.to_owned(),
            reason: "it has to be a text, a number, true or false".to_owned(),
        }),
    }
}
