//! The task that takes a document in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names;

/// The steps of taking a document in, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
pub enum Stage {
    /// The address is asked for its content.
    Fetch,
    /// The pages' text is read.
    Extract,
    /// Passages are made and their words indexed; the document is searchable afterwards.
    Index,
    /// Passages are embedded for search by meaning.
    Embed,
}

names!(Stage { Fetch => "fetch", Extract => "extract", Index => "index", Embed => "embed" });

/// How a task stands.
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
    /// Whether nothing more happens by itself.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A task: what is done of a document, and what went wrong.
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
    /// What of the stage is done: bytes of `fetch`, pages of `extract`, passages of `index` and `embed`.
    pub done: u64,
    /// Nothing while it is not known.
    pub total: Option<u64>,
    /// The attempt of this stage, from 1.
    pub attempt: u32,
    pub error_code: Option<String>,
    /// A sentence that names the page and the cause.
    pub error_text: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    pub updated_at: String,
}
