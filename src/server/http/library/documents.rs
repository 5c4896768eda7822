//! `/api/library/documents`: the list, one document, changes to it, and its deletion.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{limit, named, next_cursor};
use crate::{
    domain::library::{Document, DocumentPage, DocumentState, Filters},
    error::ApiError,
    server::{
        http::{
            json::Json,
            json_body::JsonObject,
            parameter::{Parameter, invalid_parameter},
        },
        library::{
            Edit, Wanted,
            bounds::{FIELD_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX},
        },
        state::AppState,
    },
};

/// Filters of the list of documents; all optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DocumentsParameters {
    /// Words of the title, file name, issuer, ticker, form or period.
    query: Option<String>,
    ticker: Option<String>,
    tag: Option<String>,
    /// `reading`, `searchable`, `done`, `failed` or `cancelled`
    state: Option<String>,
    /// Most documents to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Changes to a document: an omitted field stays, and an empty text removes it.
#[derive(ToSchema, Serialize)]
pub struct DocumentChange {
    title: Option<String>,
    issuer: Option<String>,
    ticker: Option<String>,
    form: Option<String>,
    period: Option<String>,
    tags: Option<Vec<String>>,
}

/// The documents, newest first, each with its latest task.
#[utoipa::path(
    get, path = "/api/library/documents", tag = "Library", params(DocumentsParameters),
    responses((status = 200, body = DocumentPage))
)]
pub async fn list(
    State(state): State<AppState>,
    Parameter(parameters): Parameter<DocumentsParameters>,
) -> Result<Json<DocumentPage>, ApiError> {
    let limit = limit(parameters.limit.as_deref())?;
    let names = "reading, searchable, done, failed or cancelled";
    let wanted = Wanted {
        query: parameters.query,
        state: named("state", parameters.state.as_deref(), DocumentState::from_name, names)?,
        filters: Filters { ticker: parameters.ticker, tag: parameters.tag, ..Filters::default() },
    };
    let (documents, total) = state.library.documents(wanted, parameters.cursor, limit).await?;
    let last = documents.last().map(|document| document.id.as_str());
    let next_cursor = next_cursor(documents.len(), limit, last).map(str::to_owned);
    Ok(Json(DocumentPage { documents, total, next_cursor }))
}

/// A document with its latest task.
#[utoipa::path(
    get, path = "/api/library/documents/{id}", tag = "Library", params(("id" = String, Path)),
    responses((status = 200, body = Document))
)]
pub async fn read(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Document>, ApiError> {
    state.library.document(id).await.map(Json)
}

/// Change a document's description. Fields set by a person are not overwritten later; a task writes a new issuer, form
/// or period into the passages' context.
#[utoipa::path(
    patch, path = "/api/library/documents/{id}", tag = "Library", params(("id" = String, Path)),
    request_body(content = DocumentChange, example = json!({ "ticker": "BA", "tags": ["annual report"] })),
    responses((status = 200, body = Document))
)]
pub async fn edit(
    State(state): State<AppState>,
    Path(id): Path<String>,
    mut body: JsonObject,
) -> Result<Json<Document>, ApiError> {
    let mut text = |field: &str, chars_max: usize| -> Result<Option<String>, ApiError> {
        let wrong = || invalid_parameter(field, &format!("it has to be a text of at most {chars_max} characters"));
        let text = body.take_string(field, wrong())?.map(|text| text.trim().to_owned());
        match text {
            Some(text) if text.chars().count() > chars_max || text.chars().any(char::is_control) => Err(wrong()),
            text => Ok(text),
        }
    };
    let edit = Edit {
        title: text("title", TITLE_CHARS_MAX)?,
        issuer: text("issuer", FIELD_CHARS_MAX)?,
        form: text("form", FIELD_CHARS_MAX)?,
        period: text("period", FIELD_CHARS_MAX)?,
        ticker: match text("ticker", FIELD_CHARS_MAX)? {
            None => None,
            Some(text) if text.is_empty() => Some(None),
            Some(text) => Some(Some(text.parse()?)),
        },
        tags: body.take_strings("tags", wrong_tags())?.map(|tags| check_tags(&tags)).transpose()?,
    };
    body.finish()?;
    state.library.edit(id, edit).await.map(Json)
}

/// Delete a document, its passages and its original. Answers that cite it keep their quotations.
#[utoipa::path(
    delete, path = "/api/library/documents/{id}", tag = "Library", params(("id" = String, Path)),
    responses((status = 204, description = "It is deleted."))
)]
pub async fn delete(State(state): State<AppState>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    state.library.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wrong_tags() -> ApiError {
    let reason = format!("they have to be at most {TAGS_MAX} texts of 1 to {TAG_CHARS_MAX} characters");
    invalid_parameter("tags", &reason)
}

/// Tags, trimmed and without duplicates.
///
/// # Errors
/// If there are too many, or one is empty or too long.
pub fn check_tags(tags: &[String]) -> Result<Vec<String>, ApiError> {
    let mut checked: Vec<String> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim()) {
        let length = tag.chars().count();
        if length == 0 || length > TAG_CHARS_MAX || tag.chars().any(char::is_control) {
            return Err(wrong_tags());
        }
        if !checked.iter().any(|known| known == tag) {
            checked.push(tag.to_owned());
        }
    }
    if checked.len() > TAGS_MAX { Err(wrong_tags()) } else { Ok(checked) }
}
