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
    Started(Started),
    Sources(Sources),
    Statement(Statement),
    Done(Totals),
    Error(Failure),
    Cancelled {},
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    pub id: String,
    pub question: String,
}

/// What an answer is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// As [`Answer::kind`].
    pub kind: String,
    pub filters: Filters,
    /// How it was searched, in words, where that is not as asked for.
    pub note: Option<String>,
    pub sources: Vec<Source>,
}

/// Counts of an answer that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub usage: AnswerUsage,
    /// Statements that are cited in full.
    pub cited: u32,
    /// The others.
    pub unsupported: u32,
}

/// Why an answer is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: String,
    /// A sentence for whoever asked.
    pub message: String,
    /// It may work when it is asked again.
    pub retryable: bool,
    pub request_id: String,
}

impl AnswerEvent {
    /// The name of the server-sent event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Sources(_) => "sources",
            Self::Statement(_) => "statement",
            Self::Done(_) => "done",
            Self::Error(_) => "error",
            Self::Cancelled {} => "cancelled",
        }
    }

    /// Whether it is the last event.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Error(_) | Self::Cancelled {})
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
