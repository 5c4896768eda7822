//! `/api/library`: documents, the tasks that take them in, search and answers.

pub mod answers;
pub mod documents;
pub mod errors;
pub mod original;
pub mod pages;
pub mod search;
pub mod tasks;
pub mod upload;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::parameter::{invalid_parameter, read_limit};
use crate::{
    error::ApiError,
    server::{
        library::bounds::{LIST_DEFAULT, LIST_MAX},
        state::AppState,
    },
};

/// Path of uploads, whose bodies have their own limits.
pub const UPLOAD_PATH: &str = "/api/library/documents";

pub fn router() -> Router<AppState> {
    // The upload's own readers limit the size.
    let documents = get(documents::list).merge(post(upload::upload).layer(DefaultBodyLimit::disable()));
    Router::new()
        .route(UPLOAD_PATH, documents)
        .route("/api/library/documents/{id}", get(documents::read).patch(documents::edit).delete(documents::delete))
        .route("/api/library/documents/{id}/original", get(original::read))
        .route("/api/library/documents/{id}/pages/{page}", get(pages::page))
        .route("/api/library/documents/{id}/segments", get(pages::segments))
        .route("/api/library/segments/{id}", get(pages::segment))
        .route("/api/library/tasks", get(tasks::list))
        .route("/api/library/tasks/{id}/cancel", post(tasks::cancel))
        .route("/api/library/tasks/{id}/retry", post(tasks::retry))
        .route("/api/library/folder", post(upload::read_folder))
        .route("/api/library/answers", get(answers::list).post(answers::ask))
        .route("/api/library/answers/{id}", get(answers::read))
        .route("/api/library/answers/{id}/cancel", post(answers::cancel))
        .route("/api/library/answers/{id}/events", get(answers::events))
        .route("/api/library/search", get(search::search))
        .route("/api/library/stats", get(search::stats))
}

/// `?limit=50&cursor=…`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListParameters {
    /// Most entries to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

fn limit(text: Option<&str>) -> Result<usize, ApiError> {
    read_limit(text, LIST_DEFAULT, LIST_MAX)
}

/// Parses the name of an enumeration's value in a query.
fn named<T>(
    parameter: &str,
    text: Option<&str>,
    read: fn(&str) -> Option<T>,
    names: &str,
) -> Result<Option<T>, ApiError> {
    let wrong = || invalid_parameter(parameter, &format!("it can be {names}"));
    text.map(|text| read(text).ok_or_else(wrong)).transpose()
}

/// Cursor after a full page: the id of its last entry.
fn next_cursor(count: usize, limit: usize, last: Option<&str>) -> Option<&str> {
    last.filter(|_| count == limit)
}
