//! Errors of the library's operations, for the API's description.

use super::super::parameter::invalid_parameter;
use crate::error::ApiError;

/// Errors of an operation; empty for paths outside the library.
pub fn errors(method: &str, path: &str) -> Vec<ApiError> {
    let malformed = || ApiError::MalformedJson { reason: "the field \"text\" stands twice".to_owned() };
    let limit = || invalid_parameter("limit", "it has to be a whole number from 1 to 100");
    let document = path.strip_prefix("/api/library/").unwrap_or_default();
    match (method, document) {
        ("post", "answers") => vec![
            malformed(),
            ApiError::MissingField { field: "question".to_owned() },
            invalid_parameter("question", "it has to have 1 to 2000 characters"),
            ApiError::TooManyTasks,
        ],
        ("get", "answers") => vec![limit()],
        ("get", "answers/{id}/events") => {
            vec![
                ApiError::NotFound,
                invalid_parameter("after", "it has to be the number of an event"),
                ApiError::TooManyStreams,
            ]
        }
        ("get", "documents" | "tasks") => vec![limit(), invalid_parameter("state", "it can be done or failed")],
        ("post", "documents") => vec![
            malformed(),
            ApiError::MissingField { field: "text".to_owned() },
            ApiError::InvalidTicker,
            invalid_parameter("title", "it has to be a text of 1 to 200 characters"),
            ApiError::UnsupportedFile { name: "picture.png".to_owned() },
            ApiError::FileTooLarge { name: "report.pdf".to_owned() },
            ApiError::LibraryFull,
            ApiError::TooManyTasks,
            ApiError::AddressRefused { reason: "only http and https are fetched".to_owned() },
        ],
        ("post", "folder") => vec![ApiError::NotFound, ApiError::LibraryFull, ApiError::TooManyTasks],
        ("patch", "documents/{id}") => vec![
            malformed(),
            ApiError::NotFound,
            ApiError::InvalidTicker,
            invalid_parameter("tags", "they have to be at most 20 texts of 1 to 40 characters"),
            ApiError::TooManyTasks,
        ],
        ("post", "tasks/{id}/retry") => vec![ApiError::NotFound, ApiError::TooManyTasks, ApiError::DuplicateDocument],
        ("get", "documents/{id}/segments") => vec![ApiError::NotFound, limit()],
        ("get", "search") => vec![
            ApiError::MissingField { field: "q".to_owned() },
            invalid_parameter("mode", "it can be hybrid, words or dense"),
        ],
        ("get", "stats") => Vec::new(),
        (_, rest) if !rest.is_empty() => vec![ApiError::NotFound],
        _ => Vec::new(),
    }
}
