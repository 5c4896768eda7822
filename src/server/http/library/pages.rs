//! Pages and passages.

use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ListParameters, limit};
use crate::{
    domain::library::{Page, Segment},
    error::ApiError,
    server::{
        http::{
            json::Json,
            parameter::{Parameter, invalid_parameter},
        },
        state::AppState,
    },
};

#[derive(Serialize, ToSchema)]
pub struct SegmentPage {
    segments: Vec<Segment>,
    total: u64,
    next_cursor: Option<String>,
}

/// The text of a page, from 1. It never changes: citations are byte ranges of it.
#[utoipa::path(
    get, path = "/api/library/documents/{id}/pages/{page}", tag = "Library",
    params(("id" = String, Path), ("page" = u32, Path)),
    responses((status = 200, body = Page))
)]
pub async fn page(
    State(state): State<AppState>,
    Path((id, page)): Path<(String, String)>,
) -> Result<Json<Page>, ApiError> {
    let page = page.parse().map_err(|_| ApiError::NotFound)?;
    state.library.page(id, page).await.map(Json)
}

/// The passages of a document, in their order.
#[utoipa::path(
    get, path = "/api/library/documents/{id}/segments", tag = "Library", params(("id" = String, Path), ListParameters),
    responses((status = 200, body = SegmentPage))
)]
pub async fn segments(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Parameter(parameters): Parameter<ListParameters>,
) -> Result<Json<SegmentPage>, ApiError> {
    let limit = limit(parameters.limit.as_deref())?;
    let wrong = |_| invalid_parameter("cursor", "it has to be a next_cursor");
    let after: u32 = parameters.cursor.as_deref().map_or(Ok(0), str::parse).map_err(wrong)?;
    let (segments, total) = state.library.segments(id, u64::from(after), limit).await?;
    let next_cursor = segments.last().filter(|_| segments.len() == limit).map(|segment| segment.id.to_string());
    Ok(Json(SegmentPage { segments, total, next_cursor }))
}

/// A passage of a document: its text, with its place on the page.
#[utoipa::path(
    get, path = "/api/library/segments/{id}", tag = "Library", params(("id" = u64, Path)),
    responses((status = 200, body = Segment))
)]
pub async fn segment(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Segment>, ApiError> {
    let id: u32 = id.parse().map_err(|_| ApiError::NotFound)?;
    state.library.segment(u64::from(id)).await.map(Json)
}
