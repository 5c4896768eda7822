//! Searches and their results.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names;

/// Search method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ToSchema)]
pub enum Mode {
    /// By words and meaning combined.
    #[default]
    Hybrid,
    Words,
    /// By meaning only.
    Dense,
}

names!(Mode { Hybrid => "hybrid", Words => "words", Dense => "dense" });

/// Filters of a search. Unset filters match everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Filters {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// First year of the periods, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i32>,
    /// Last year of the periods, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
    /// Names of the filters that were read from the question itself; `found=false` turns them off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
    /// Nothing is to be read from the question itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_given: bool,
}

impl Filters {
    pub fn is_empty(&self) -> bool {
        let Self { document, ticker, issuer, form, tag, from, to, found: _, as_given: _ } = self;
        let texts = [document, ticker, issuer, form, tag];
        texts.iter().all(|text| text.is_none()) && from.is_none() && to.is_none()
    }
}

/// Scores of a passage. Larger is better; comparable only within one search.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Scores {
    /// BM25 of the words, with the sign inverted.
    pub words: Option<f64>,
    /// Cosine similarity of the embeddings.
    pub dense: Option<f64>,
    /// Score by which results are ordered.
    pub total: f64,
}

/// A passage in a search result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// The passage's id.
    pub segment: u64,
    pub document: String,
    pub title: String,
    pub page: u32,
    pub start: u32,
    pub end: u32,
    pub text: String,
    pub context: String,
    /// Byte ranges of `text` that match words of the question.
    pub marks: Vec<(u32, u32)>,
    pub scores: Scores,
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    pub hits: Vec<Hit>,
    /// Search method that was used.
    #[schema(value_type = String, example = "words")]
    pub mode_used: Mode,
    /// Reason why it differs from the requested method, in words.
    pub note: Option<String>,
    pub filters: Filters,
}
