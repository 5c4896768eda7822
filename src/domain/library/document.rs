//! Documents, their pages and their passages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{names, task::Task};

/// Where a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum Origin {
    File,
    Text,
    Address,
    Folder,
}

names!(Origin { File => "file", Text => "text", Address => "address", Folder => "folder" });

/// How far a document has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum DocumentState {
    /// It waits, or is being read.
    Reading,
    /// Its words can be searched; its meaning is still being embedded.
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
    /// The company that the document is of, as found in it or as set by a person.
    pub issuer: Option<String>,
    pub ticker: Option<String>,
    /// The kind of filing: `10-K`, `10-Q`, `8-K`, `Earnings release` and the like.
    pub form: Option<String>,
    /// The period it reports: `FY2022`, `Q2 2024` or a date.
    pub period: Option<String>,
    pub tags: Vec<String>,
    #[schema(value_type = String, example = "done")]
    pub state: DocumentState,
    pub pages: u32,
    pub segments: u32,
    /// What could not be read, in words: "2 of 148 pages could not be read".
    pub note: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    pub updated_at: String,
    /// Grows with each change.
    pub version: u64,
    /// The latest task, where one is asked for.
    pub task: Option<Task>,
}

/// The text of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    pub document: String,
    /// From 1.
    pub page: u32,
    /// Of the whole document.
    pub pages: u32,
    pub text: String,
    /// What is to be known of it: `no_text`, `unreadable`, `hidden_text`.
    pub flags: Vec<String>,
}

/// What a passage mostly is.
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
    /// What stands around it: issuer · form · period, the section's title, the table's head.
    pub context: String,
    pub text: String,
}
