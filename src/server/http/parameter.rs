//! Reading a request's query, strictly: an unknown or malformed parameter is told, not ignored.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The parameters of a query.
pub struct Parameter<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameter<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(error) => Err(invalid_parameter("query", &error.body_text())),
        }
    }
}

pub fn invalid_parameter(parameter: &str, reason: &str) -> ApiError {
    ApiError::InvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() }
}

/// How many entries of a list are asked for: `default` unless told, from 1 to `max`.
///
/// # Errors
/// When the text is not such a number.
pub fn read_limit(text: Option<&str>, default: usize, max: usize) -> Result<usize, ApiError> {
    match text {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=max).contains(limit))
            .ok_or_else(|| invalid_parameter("limit", &format!("it has to be a whole number from 1 to {max}"))),
    }
}
