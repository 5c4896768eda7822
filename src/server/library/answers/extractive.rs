//! Answers without a language model: from each of the best passages, the lines with the most words of the question.

use super::check::{Passage, slice};
use crate::{
    domain::library::{Statement, Support},
    server::library::bounds::{QUOTE_CHARS_MAX, QUOTE_CHARS_MIN},
};

/// Passages that are quoted…
pub const QUOTED_MAX: usize = 5;
/// …and beside figures that were read from a table.
pub const QUOTED_BESIDE_FIGURES: usize = 2;
/// Lines of a quotation.
const LINES_MAX: usize = 4;

/// A statement a passage, for so many of them: its own words.
pub fn statements(passages: &[Passage], most: usize) -> Vec<Statement> {
    passages.iter().take(most).filter_map(statement).collect()
}

fn statement(passage: &Passage) -> Option<Statement> {
    let (begin, end) = best_lines(passage)?;
    let citation = slice(passage, begin, end)?;
    Some(Statement {
        text: citation.quote.split_whitespace().collect::<Vec<_>>().join(" "),
        citations: vec![citation],
        support: Support::Cited,
        unsupported_numbers: Vec::new(),
        calculation: None,
    })
}

/// Up to four consecutive lines with the most different words of the question, relative to their length.
fn best_lines(passage: &Passage) -> Option<(usize, usize)> {
    let text = &passage.hit.text;
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        lines.push((at, at + line.trim_end().len()));
        at += line.len();
    }
    let words = |begin: usize, end: usize| {
        let inside = passage.hit.marks.iter().filter(|(from, to)| *from as usize >= begin && *to as usize <= end);
        let mut words: Vec<String> =
            inside.filter_map(|(from, to)| text.get(*from as usize..*to as usize)).map(str::to_lowercase).collect();
        words.sort_unstable();
        words.dedup();
        words.len()
    };
    let mut best: Option<((usize, isize), (usize, usize))> = None;
    for (index, (begin, _)) in lines.iter().enumerate() {
        for (_, end) in lines.iter().skip(index).take(LINES_MAX) {
            let length = text.get(*begin..*end).map_or(0, |part| part.trim().chars().count());
            if !(QUOTE_CHARS_MIN..=QUOTE_CHARS_MAX).contains(&length) {
                continue;
            }
            // On a tie, the shorter range wins.
            let score = (words(*begin, *end), -(length as isize));
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, (*begin, *end)));
            }
        }
    }
    // A line longer than a quotation may be is cut at its end.
    best.map(|(_, lines)| lines).or_else(|| {
        let end = text.char_indices().nth(QUOTE_CHARS_MAX).map_or(text.len(), |(end, _)| end);
        Some((0, text[..end].trim_end().len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::library::{
        Hit, Scores,
        words::{marks, terms},
    };

    #[test]
    fn the_row_that_is_asked_for_is_quoted() {
        let text = "Results of operations of the company in the years\nRevenues   $ 66,608   $ 62,286\nCost of products   53,969";
        let hit = Hit {
            segment: 1,
            document: "d".to_owned(),
            title: "t".to_owned(),
            page: 2,
            start: 50,
            end: 50 + text.len() as u32,
            text: text.to_owned(),
            context: String::new(),
            marks: marks(text, &terms("What was revenue?")),
            scores: Scores::default(),
        };
        let made = statements(&[Passage { handle: "S1".to_owned(), hit }], QUOTED_MAX);
        assert_eq!(made[0].text, "Revenues $ 66,608 $ 62,286");
        let citation = &made[0].citations[0];
        assert_eq!(&text[citation.start as usize - 50..citation.end as usize - 50], citation.quote);
    }
}
