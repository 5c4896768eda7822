//! Protocol of the reading process: one JSON object per line on its standard output.

use serde::{Deserialize, Serialize};

/// Format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Pdf,
    Docx,
    Html,
    Markdown,
    Csv,
    Text,
}

impl Format {
    pub const ALL: [Self; 6] = [Self::Pdf, Self::Docx, Self::Html, Self::Markdown, Self::Csv, Self::Text];

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::Csv => "text/csv",
            Self::Text => "text/plain",
        }
    }

    pub fn from_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }
}

/// A message of the reading process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Piece {
    /// Sent first.
    Head { pages: u32, title: Option<String> },
    /// Reading of a page begins; identifies a page that ends the process.
    Begin { page: u32 },
    /// A page was read. `dropped` counts characters that a reader of the original would not have seen.
    Page { page: u32, text: String, dropped: u32, unreadable: u32 },
    /// A page could not be read, for this cause.
    Broken { page: u32, cause: String },
    /// The document as a whole cannot be read.
    Refused { code: String, cause: String },
    /// Sent last, once all pages were read.
    End,
}
