//! Answers to questions: statements, each with its citations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Filters, names};

/// State of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum AnswerState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

names!(AnswerState {
    Queued => "queued", Running => "running", Done => "done", Failed => "failed", Cancelled => "cancelled",
});

/// A quotation: `quote` is `page.text[start..end]` of the document, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// The passage's handle within this answer: `S3`.
    pub source: String,
    pub document: String,
    pub title: String,
    pub page: u32,
    pub start: u32,
    pub end: u32,
    pub quote: String,
    /// Its context: issuer · form · period, section, table head.
    pub context: String,
}

/// Degree of support for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
pub enum Support {
    /// It has a quotation, and each number occurs in one or follows from them.
    Cited,
    /// A number occurs in no quotation and does not follow from them.
    NumberNotFound,
    /// None of its quotations occurs in the sources.
    NotCited,
}

names!(Support { Cited => "cited", NumberNotFound => "number_not_found", NotCited => "not_cited" });

/// One statement of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    pub text: String,
    pub citations: Vec<Citation>,
    #[schema(value_type = String, example = "cited")]
    pub support: Support,
    /// Numbers of the text that were not found in the sources, as written.
    pub unsupported_numbers: Vec<String>,
    /// A calculation over quoted numbers, made by the server: `66608 - 62286 = 4322`.
    pub calculation: Option<String>,
}

/// Resources that an answer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct AnswerUsage {
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
}

/// An answer, complete or in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    pub id: String,
    pub question: String,
    pub filters: Filters,
    #[schema(value_type = String, example = "done")]
    pub state: AnswerState,
    /// `model` if a language model wrote it, `extract` if it consists of quoted passages, `none` if the library has no
    /// answer; absent until known.
    pub kind: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    pub statements: Vec<Statement>,
    pub error_code: Option<String>,
    pub error_text: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    pub finished_at: Option<String>,
}

/// Events of an answer's stream, in this order: `started`, `sources`, any number of `statement`, and one of the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum AnswerEvent {
    Started { id: String, question: String },
    Sources { kind: String, filters: Filters, note: Option<String>, sources: Vec<Source> },
    Statement(Statement),
    Done { usage: AnswerUsage, cited: u32, unsupported: u32 },
    Error { code: String, message: String, retryable: bool, request_id: String },
    Cancelled {},
}

impl AnswerEvent {
    /// The name of the server-sent event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Sources { .. } => "sources",
            Self::Statement(_) => "statement",
            Self::Done { .. } => "done",
            Self::Error { .. } => "error",
            Self::Cancelled {} => "cancelled",
        }
    }

    /// Whether it is the last event.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Error { .. } | Self::Cancelled {})
    }
}

/// A passage that an answer was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Name of the passage: `S1`, `S2` and so on.
    pub handle: String,
    pub segment: u64,
    pub document: String,
    pub title: String,
    pub page: u32,
    pub context: String,
}
