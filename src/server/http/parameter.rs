//! Strict parsing of a request's path and query: unknown and malformed parameters are errors.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::{domain::ticker::Ticker, error::ApiError};

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

/// The ticker in a path.
pub struct TickerInPath(pub Ticker);

impl<S: Send + Sync> FromRequestParts<S> for TickerInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A path that is not UTF-8 once decoded contains no ticker.
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ApiError::InvalidTicker)?;
        Ok(Self(text.parse()?))
    }
}

pub fn invalid_parameter(parameter: &str, reason: &str) -> ApiError {
    ApiError::InvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() }
}

/// Number of requested entries: `default` if absent, from 1 to `max`.
///
/// # Errors
/// If the text is not such a number.
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
