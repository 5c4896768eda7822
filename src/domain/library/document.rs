//! Documents, their pages and their passages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{names, task::Task};

/// Origin of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum Origin {
    File,
    Text,
    Address,
    Folder,
}

names!(Origin { File => "file", Text => "text", Address => "address", Folder => "folder" });

/// State of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum DocumentState {
    /// Queued or being read.
    Reading,
    /// Its words are searchable; its embeddings are not complete yet.
    Searchable,
    Done,
    Failed,
    Cancelled,
}

names!(DocumentState {
    Reading => "reading", Searchable => "searchable", Done => "done", Failed => "failed", Cancelled => "cancelled",
});

/// A document of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    pub id: String,
    #[schema(value_type = String, example = "file")]
    pub origin: Origin,
    /// The file's name, the address or the path in the folder; empty for a pasted text.
    pub source: String,
    pub title: String,
    /// Empty until an address has been fetched.
    pub media_type: String,
    /// The size of the original, in bytes.
    pub bytes: u64,
    /// Issuing company, found in the document or set by a person.
    pub issuer: Option<String>,
    pub ticker: Option<String>,
    /// The kind of filing: `10-K`, `10-Q`, `8-K`, `Earnings release` and the like.
    pub form: Option<String>,
    /// Period that it reports: `FY2022`, `Q2 2024` or a date.
    pub period: Option<String>,
    pub tags: Vec<String>,
    #[schema(value_type = String, example = "done")]
    pub state: DocumentState,
    pub pages: u32,
    pub segments: u32,
    /// Parts that could not be read, in words: "2 of 148 pages could not be read".
    pub note: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    pub updated_at: String,
    /// Incremented by each change.
    pub version: u64,
    /// The latest task, if requested.
    pub task: Option<Task>,
}

/// Text of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    pub document: String,
    /// Page number, from 1.
    pub page: u32,
    /// Number of pages of the document.
    pub pages: u32,
    pub text: String,
    /// Flags of the page: `no_text`, `unreadable`, `hidden_text`.
    pub flags: Vec<String>,
}

/// Main content of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum SegmentKind {
    Prose,
    Table,
}

names!(SegmentKind { Prose => "prose", Table => "table" });

/// A passage: `text` is `page.text[start..end]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Segment {
    pub id: u64,
    pub document: String,
    pub page: u32,
    pub start: u32,
    pub end: u32,
    #[schema(value_type = String, example = "table")]
    pub kind: SegmentKind,
    /// Its context: issuer · form · period, the section's title, the table's head.
    pub context: String,
    pub text: String,
}
