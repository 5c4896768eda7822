//! Questions to the index, and what they find.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names;

/// How passages are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ToSchema)]
pub enum Mode {
    /// By words and meaning together.
    #[default]
    Hybrid,
    Words,
    /// By meaning alone.
    Dense,
}

names!(Mode { Hybrid => "hybrid", Words => "words", Dense => "dense" });

/// What narrows a search. Nothing set means the whole library.
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
    /// The first year of the periods, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i32>,
    /// The last year of the periods, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
    /// Those of the above that were read from the question itself, by name; they can be turned off with `found=false`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

impl Filters {
    pub fn is_empty(&self) -> bool {
        let Self { document, ticker, issuer, form, tag, from, to, found: _ } = self;
        let texts = [document, ticker, issuer, form, tag];
        texts.iter().all(|text| text.is_none()) && from.is_none() && to.is_none()
    }
}

/// How well a passage fits. Larger is better; only of one search are they comparable.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Scores {
    /// BM25 of the words, sign turned round.
    pub words: Option<f64>,
    /// The cosine of the two embeddings.
    pub dense: Option<f64>,
    /// What the order goes by.
    pub total: f64,
}

/// A passage that was found.
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
    /// Byte ranges of `text` that hold words of the question.
    pub marks: Vec<(u32, u32)>,
    pub scores: Scores,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    pub hits: Vec<Hit>,
    /// How it was really searched.
    #[schema(value_type = String, example = "words")]
    pub mode_used: Mode,
    /// Why that is another mode than the one asked for, in words.
    pub note: Option<String>,
    pub filters: Filters,
}
