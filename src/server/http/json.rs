//! Answers in JSON.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::error;

use crate::error::ApiError;

/// Room for most answers.
const MOST_BYTES: usize = 768;

/// An answer's body. Like axum's of this name, which writes each piece through a slower kind of buffer, and tells a failure
/// as plain text.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut json = Vec::with_capacity(MOST_BYTES);
        match serde_json::to_writer(&mut json, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response(),
            Err(cause) => {
                error!(%cause, "an answer cannot be written as JSON");
                ApiError::Internal.into_response()
            }
        }
    }
}
