//! The task that takes a document in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names;

/// Stages of taking a document in, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
pub enum Stage {
    /// Fetches the address.
    Fetch,
    /// Reads the pages' text.
    Extract,
    /// Makes passages and indexes their words; the document is searchable afterwards.
    Index,
    /// Embeds passages for search by meaning.
    Embed,
}

names!(Stage { Fetch => "fetch", Extract => "extract", Index => "index", Embed => "embed" });

/// State of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
pub enum TaskState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

names!(TaskState {
    Queued => "queued", Running => "running", Done => "done", Failed => "failed", Cancelled => "cancelled",
});

impl TaskState {
    /// Whether the state is final unless a person acts.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A task: progress in a document, and its error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    pub id: String,
    /// The document's id.
    pub document: String,
    /// The document's title.
    pub title: String,
    #[schema(value_type = String, example = "extract")]
    pub stage: Stage,
    #[schema(value_type = String, example = "running")]
    pub state: TaskState,
    /// What of the stage is done: bytes of `fetch`, pages of `extract` and `index`, passages of `embed`.
    pub done: u64,
    /// Total of the stage; `None` while unknown.
    pub total: Option<u64>,
    /// Attempt at this stage, from 1.
    pub attempt: u32,
    pub error_code: Option<String>,
    /// Error in a sentence that names the page and the cause.
    pub error_text: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    pub updated_at: String,
}
