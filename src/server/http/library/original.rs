//! A document's original as a download, which the browser never shows as a page of this site.

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::stream::try_unfold;
use tokio::{fs::File, io::AsyncReadExt};
use tracing::error;

use crate::{error::ApiError, server::state::AppState};

const PIECE_BYTES: usize = 64 * 1_024;

/// Characters of a file name that need no escaping (RFC 8187).
const PLAIN: &[u8] = b"!#$&+-.^_`|~";

/// The original of a document, as uploaded: an attachment, in a sandbox.
#[utoipa::path(
    get, path = "/api/library/documents/{id}/original", tag = "Library", params(("id" = String, Path)),
    responses((
        status = 200, description = "The file, in the media type that its first bytes have.",
        content(
            (Vec<u8> = "application/pdf"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            (String = "text/html"), (String = "text/markdown"), (String = "text/csv"), (String = "text/plain"),
            (Vec<u8> = "application/octet-stream")
        )
    ))
)]
pub async fn read(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let (document, path) = state.library.original(id).await?;
    let file = File::open(&path).await.map_err(|cause| {
        error!(%cause, "an original cannot be opened");
        ApiError::BusyReading
    })?;
    let pieces = try_unfold(file, async |mut file| {
        let mut piece = vec![0; PIECE_BYTES];
        let length = file.read(&mut piece).await?;
        piece.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then(|| (Bytes::from(piece), file)))
    });
    let name = if document.source.is_empty() { format!("{}.txt", document.title) } else { document.source };
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    let text = |text: &str| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, text(&attachment(&name)));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(document.bytes));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let media_type = if document.media_type.is_empty() { "application/octet-stream" } else { &document.media_type };
    headers.insert(header::CONTENT_TYPE, text(media_type));
    Ok(response)
}

fn attachment(name: &str) -> String {
    use std::fmt::Write;
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let mut header = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            header.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(header, "%{byte:02X}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_escaped() {
        assert_eq!(attachment("a/Zürich \"1\".pdf"), "attachment; filename*=UTF-8''Z%C3%BCrich%20%221%22.pdf");
    }
}
