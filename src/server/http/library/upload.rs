//! Intake of documents: files as multipart, a text or an address as JSON, and the configured folder.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Multipart, Request, State, multipart::Field},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::documents::check_tags;
use crate::{
    domain::library::{Document, Origin, Task},
    error::ApiError,
    server::{
        http::{
            json::Json,
            json_body::{JsonObject, missing},
            parameter::invalid_parameter,
        },
        library::{
            Accepted, Described, Upload,
            bounds::{FILES_PER_UPLOAD_MAX, TEXT_BODY_BYTES_MAX, TITLE_CHARS_MAX},
        },
        state::AppState,
    },
};

/// Longest text field of a form.
const FIELD_BYTES_MAX: usize = 4_096;

/// An accepted document, and the task that reads it.
#[derive(Serialize, ToSchema)]
pub struct AcceptedDocument {
    document: Document,
    task: Option<Task>,
    /// Whether the library already had the same content; the document is the existing one.
    duplicate: bool,
}

/// Outcome of an upload, one per file.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum UploadItem {
    Accepted(Box<AcceptedDocument>),
    Refused {
        /// The file's name.
        name: String,
        code: &'static str,
        detail: String,
    },
}

/// Outcome of an upload: the first accepted document, and each file's outcome in order.
#[derive(Serialize, ToSchema)]
pub struct Uploaded {
    document: Document,
    task: Option<Task>,
    duplicate: bool,
    items: Vec<UploadItem>,
}

/// A text or an address.
#[derive(Serialize, ToSchema)]
pub struct TextOrAddress {
    /// An http or https address of a public server; instead of `text`.
    url: Option<String>,
    title: Option<String>,
    text: Option<String>,
    ticker: Option<String>,
    tags: Option<Vec<String>>,
}

/// Result of a scan of the folder.
#[derive(Serialize, ToSchema)]
pub struct FolderLook {
    added: u64,
    /// Number of files that the library already had.
    known: u64,
    /// Files that were not taken in, with the reason; at most a hundred.
    skipped: Vec<SkippedFile>,
}

#[derive(Serialize, ToSchema)]
pub struct SkippedFile {
    name: String,
    detail: String,
}

impl From<Accepted> for AcceptedDocument {
    fn from(accepted: Accepted) -> Self {
        Self { document: accepted.document, task: accepted.task, duplicate: accepted.is_duplicate }
    }
}

/// Add documents: files as `multipart/form-data` (PDF, DOCX, HTML, Markdown, CSV or text, up to 50 MiB each, with the
/// optional fields `title`, `ticker` and `tags`), or JSON with a `text` and its `title`, or with a `url`. Repeated
/// content returns the existing document, with `"duplicate": true`.
#[utoipa::path(
    post, path = "/api/library/documents", tag = "Library",
    request_body(content(
        (TextOrAddress = "application/json", example = json!({ "title": "A note", "text": "Revenue was $66.6 billion." })),
        (Vec<u8> = "multipart/form-data")
    )),
    responses(
        (status = 202, description = "It is being taken in.", body = Uploaded),
        (status = 200, description = "The library had it.", body = Uploaded)
    )
)]
pub async fn upload(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let media_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        let form =
            Multipart::from_request(request, &state).await.map_err(|_| malformed("it is no form with a boundary"))?;
        return take_files(&state, form).await;
    }
    let is_json = media_type.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(ApiError::UnsupportedMediaType);
    }
    let body = to_bytes(request.into_body(), TEXT_BODY_BYTES_MAX).await;
    let body = body.map_err(|_| ApiError::BodyTooLarge { limit_bytes: TEXT_BODY_BYTES_MAX })?;
    let body = serde_json::from_slice(&body).map_err(|cause: serde_json::Error| malformed(&cause.to_string()))?;
    let accepted = take_json(&state, body).await?;
    answer(vec![(String::new(), Ok(accepted))])
}

fn malformed(reason: &str) -> ApiError {
    ApiError::MalformedJson { reason: reason.to_owned() }
}

async fn take_json(state: &AppState, mut body: JsonObject) -> Result<Accepted, ApiError> {
    let is_text = |field: &str| invalid_parameter(field, "it has to be a string");
    let url = body.take_string("url", is_text("url"))?;
    let text = body.take_string("text", is_text("text"))?;
    let title = body.take_string("title", is_text("title"))?.map(|title| check_title(&title)).transpose()?;
    let ticker = body.take_string("ticker", ApiError::InvalidTicker)?.map(|ticker| ticker.parse()).transpose()?;
    let tags = body.take_strings("tags", invalid_parameter("tags", "they have to be a list of strings"))?;
    body.finish()?;
    let tags = check_tags(&tags.unwrap_or_default())?;
    let described = Described { title, ticker, tags };
    match (url, text) {
        (Some(url), None) => state.library.accept_address(&url, described).await,
        (None, Some(text)) if text.trim().is_empty() => Err(invalid_parameter("text", "it is empty")),
        (None, Some(text)) => state.library.accept_text(&text, described).await,
        (None, None) => Err(missing("text")),
        (Some(_), Some(_)) => Err(invalid_parameter("text", "it cannot stand beside a url")),
    }
}

fn check_title(title: &str) -> Result<String, ApiError> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > TITLE_CHARS_MAX || title.chars().any(char::is_control) {
        return Err(invalid_parameter("title", &format!("it has to be a text of 1 to {TITLE_CHARS_MAX} characters")));
    }
    Ok(title.to_owned())
}

/// Streams each file to the disk; they are taken in once the form is complete.
async fn take_files(state: &AppState, mut form: Multipart) -> Result<Response, ApiError> {
    let cut_off = |_| malformed("the form did not arrive whole");
    let (mut described, mut files) = (Described::default(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(cut_off)? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            describe(&mut described, field).await?;
            continue;
        };
        if files.len() == FILES_PER_UPLOAD_MAX {
            return Err(malformed(&format!("it has more than {FILES_PER_UPLOAD_MAX} files")));
        }
        let received = receive(state, name.clone(), field).await;
        files.push((name, received));
    }
    if files.is_empty() {
        return Err(missing("file"));
    }
    // A title belongs to a single document.
    if files.len() > 1 {
        described.title = None;
    }
    let mut outcomes = Vec::new();
    for (name, received) in files {
        let outcome = match received {
            Ok(upload) => state.library.accept(upload, described.clone()).await,
            Err(error) => Err(error),
        };
        outcomes.push((name, outcome));
    }
    answer(outcomes)
}

/// Receives a file. Its failure is reported for that file only; the rest of it is read and discarded.
async fn receive(state: &AppState, name: String, mut field: Field<'_>) -> Result<Upload, ApiError> {
    let name: String = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|character| !character.is_control())
        .take(TITLE_CHARS_MAX)
        .collect();
    let declared = field.content_type().map(str::to_owned);
    let mut upload = state.library.begin(Origin::File, name, declared).await;
    loop {
        let piece = field.chunk().await.map_err(|_| malformed("the form did not arrive whole"))?;
        let Some(piece) = piece else { return upload };
        let written = match &mut upload {
            Ok(upload) => upload.write(&piece).await,
            Err(_) => Ok(()),
        };
        if let Err(error) = written {
            upload = Err(error);
        }
    }
}

async fn describe(described: &mut Described, mut field: Field<'_>) -> Result<(), ApiError> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|_| malformed("the form did not arrive whole"))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(invalid_parameter(&name, "it is too long"));
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid_parameter(&name, "it is no text"))?;
    let text = text.trim();
    match name.as_str() {
        _ if text.is_empty() => {}
        "ticker" => described.ticker = Some(text.parse()?),
        "title" => described.title = Some(check_title(text)?),
        "tags" => {
            let tags: Vec<String> =
                text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
            let all: Vec<String> = described.tags.iter().cloned().chain(tags).collect();
            described.tags = check_tags(&all)?;
        }
        _ => return Err(malformed(&format!("it has no field {name:?}"))),
    }
    Ok(())
}

/// 202 if something was taken in, 200 if the library had everything; the first error if nothing was accepted.
fn answer(outcomes: Vec<(String, Result<Accepted, ApiError>)>) -> Result<Response, ApiError> {
    let is_new = |(_, outcome): &(String, Result<Accepted, ApiError>)| {
        outcome.as_ref().is_ok_and(|accepted| !accepted.is_duplicate)
    };
    let status = if outcomes.iter().any(is_new) { StatusCode::ACCEPTED } else { StatusCode::OK };
    let first = outcomes.iter().find_map(|(_, outcome)| outcome.as_ref().ok()).cloned();
    let Some(first) = first else {
        let error = outcomes.into_iter().find_map(|(_, outcome)| outcome.err());
        return Err(error.unwrap_or(ApiError::Internal));
    };
    let items = outcomes.into_iter().map(|(name, outcome)| match outcome {
        Ok(accepted) => UploadItem::Accepted(Box::new(accepted.into())),
        Err(error) => UploadItem::Refused { name, code: error.code(), detail: error.to_string() },
    });
    let items = items.collect();
    let Accepted { document, task, is_duplicate } = first;
    Ok((status, Json(Uploaded { document, task, duplicate: is_duplicate, items })).into_response())
}

/// Take in new files of the folder `LIBRARY_FOLDER`.
#[utoipa::path(
    post, path = "/api/library/folder", tag = "Library",
    responses((status = 202, description = "What is new is being taken in.", body = FolderLook))
)]
pub async fn read_folder(State(state): State<AppState>) -> Result<Response, ApiError> {
    let report = state.library.read_folder().await?;
    let skipped = report.skipped.into_iter().map(|(name, detail)| SkippedFile { name, detail }).collect();
    let look = FolderLook { added: report.added, known: report.known, skipped };
    Ok((StatusCode::ACCEPTED, Json(look)).into_response())
}
