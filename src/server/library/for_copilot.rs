//! Passages for the copilot's prompt, where a question calls for them.

use serde::Serialize;

use super::{
    Library, Question,
    answers::{extractive::best_lines, holds_part},
    bounds::COPILOT_PASSAGES_MAX,
};
use crate::domain::library::{
    Citation, Filters, Hit, Mode,
    words::{marks, terms},
};

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
    /// Id of its document.
    #[serde(skip)]
    pub document: String,
    /// Byte of the page at which it begins.
    #[serde(skip)]
    pub start: u32,
}

impl LibraryPassage {
    fn of(number: usize, hit: Hit) -> Self {
        Self {
            handle: format!("S{number}"),
            title: hit.title,
            page: hit.page,
            context: hit.context,
            text: hit.text,
            document: hit.document,
            start: hit.start,
        }
    }

    /// Cites the lines of the passage that have the most words of `statement`; its beginning if none has.
    pub fn cite(&self, statement: &str) -> Citation {
        let marks = marks(&self.text, &terms(statement));
        let (begin, end) = best_lines(&self.text, &marks, &[], LINE_COST);
        let place = |offset: usize| self.start + u32::try_from(offset).unwrap_or(u32::MAX - self.start);
        Citation {
            source: self.handle.clone(),
            document: self.document.clone(),
            title: self.title.clone(),
            page: self.page,
            start: place(begin),
            end: place(end),
            quote: self.text[begin..end].to_owned(),
            context: self.context.clone(),
        }
    }
}

/// A citation has a further line only where that has two more of the statement's words.
const LINE_COST: isize = 6;

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
        (1..).zip(found.hits).map(|(number, hit)| LibraryPassage::of(number, hit)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::server::library::bounds::QUOTE_CHARS_MAX;

    fn passage(text: &str) -> LibraryPassage {
        LibraryPassage {
            handle: "S1".to_owned(),
            title: "Report".to_owned(),
            page: 4,
            context: String::new(),
            text: text.to_owned(),
            document: "d".to_owned(),
            start: 100,
        }
    }

    #[test]
    fn the_lines_that_say_it_are_cited() {
        let text = "Results of the company in the years 2022 and 2021\nRevenue   $ 66,608   $ 62,286\nCost of products   53,969";
        let cited = passage(text).cite("Revenue was $66,608 million in the year.");
        assert_eq!(cited.quote, "Revenue   $ 66,608   $ 62,286");
        assert_eq!(&text[cited.start as usize - 100..cited.end as usize - 100], cited.quote);
        assert_eq!(passage("Short.").cite("It is short.").quote, "Short.");
    }

    proptest! {
        #[test]
        fn any_passage_can_be_cited_with_its_own_words(text in "[a-z0-9 é\n]{1,60}|[a-zé ]{390,420}", statement in "\\PC{0,30}") {
            let cited = passage(&text).cite(&statement);
            let range = cited.start as usize - 100..cited.end as usize - 100;
            prop_assert_eq!(text.get(range), Some(cited.quote.as_str()));
            prop_assert!(cited.quote.chars().count() <= QUOTE_CHARS_MAX);
        }
    }
}
