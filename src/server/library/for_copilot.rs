//! Passages for the copilot's prompt, where a question calls for them.

use serde::Serialize;

use super::{Library, Question, answers::holds_part, bounds::COPILOT_PASSAGES_MAX};
use crate::domain::library::{Filters, Mode, words::terms};

/// A passage as a model is given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryPassage {
    /// `S1`, `S2` and so on.
    pub handle: String,
    pub title: String,
    pub page: u32,
    /// Issuer, form, period and section of the passage.
    pub context: String,
    pub text: String,
}

/// Words that ask, or that name what is in documents.
const CALLS: [&str; 14] = [
    "?",
    "what ",
    "which ",
    "why ",
    "how ",
    "according",
    "report",
    "filing",
    "10-k",
    "10-q",
    "document",
    "library",
    "transcript",
    "summar",
];
/// Of a question's words, the best passage has to hold this part…
const PART_MIN: f64 = 0.6;
/// …and so many.
const TERMS_MIN: usize = 2;
/// Or its direction is so close to the question's: the cosine.
const COSINE_MIN: f64 = 0.55;

impl Library {
    /// The passages that answer a question to the copilot; none where the library is empty, does not answer, or holds
    /// nothing that fits well. An order in plain words calls for none.
    pub async fn passages_for(&self, question: &str) -> Vec<LibraryPassage> {
        let lower = question.to_lowercase();
        let has_documents = self.stats().await.is_ok_and(|stats| stats.segments > 0);
        if !has_documents || !CALLS.iter().any(|word| lower.contains(word)) {
            return Vec::new();
        }
        let asked = Question {
            text: question.chars().take(super::bounds::QUESTION_CHARS_MAX).collect(),
            mode: Mode::Hybrid,
            filters: Filters::default(),
            finds_filters: true,
            limit: COPILOT_PASSAGES_MAX,
        };
        // A copilot without passages still answers.
        let Ok(found) = self.search(asked).await else { return Vec::new() };
        let terms = terms(question);
        let fits = found.hits.first().is_some_and(|hit| {
            let is_close = hit.scores.dense.is_some_and(|cosine| cosine >= COSINE_MIN);
            is_close || holds_part(&hit.text, &hit.context, &terms, PART_MIN, TERMS_MIN)
        });
        if !fits {
            return Vec::new();
        }
        let passage = |(number, hit): (usize, crate::domain::library::Hit)| LibraryPassage {
            handle: format!("S{number}"),
            title: hit.title,
            page: hit.page,
            context: hit.context,
            text: hit.text,
        };
        (1..).zip(found.hits).map(passage).collect()
    }
}
