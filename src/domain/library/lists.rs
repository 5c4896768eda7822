//! Lists of the library, a page at a time, and its counts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Document};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct DocumentPage {
    pub documents: Vec<Document>,
    /// Of all that fit, on every page of the list.
    pub total: u64,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswerPage {
    /// Without their statements.
    pub answers: Vec<Answer>,
    pub total: u64,
    pub next_cursor: Option<String>,
}

/// Counts of the library.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct LibraryStats {
    pub documents: u64,
    pub pages: u64,
    /// Passages that are indexed.
    pub segments: u64,
    /// Bytes of the originals.
    pub bytes: u64,
    pub tasks_live: u64,
    pub tasks_failed: u64,
    /// `words` while no model for search by meaning is there, else `hybrid`.
    pub search: String,
}
