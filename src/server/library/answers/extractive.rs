//! Answers without a language model: from each of the best passages, the lines with the most words of the question.
//!
//! A question's telling words are those besides the company's name and years, which stand in every report: where a passage
//! has any of them, those without are not quoted. Titles and heads of tables say nothing by themselves, so no quotation ends
//! with one.

use super::check::{Passage, slice};
use crate::{
    domain::library::{
        Statement, Support,
        words::{self, marks, terms},
    },
    server::library::{
        bounds::{QUOTE_CHARS_MAX, QUOTE_CHARS_MIN},
        segment::{Line, kind},
    },
};

/// Passages that are quoted…
pub const QUOTED_MAX: usize = 5;
/// …and beside figures that were read from a table.
pub const QUOTED_BESIDE_FIGURES: usize = 2;
/// Lines of a quotation.
const LINES_MAX: usize = 4;

/// The telling words of a question.
pub fn telling(question: &str, issuer: Option<&str>) -> Vec<String> {
    let company = issuer.map(terms).unwrap_or_default();
    let of_company =
        |term: &String| company.iter().any(|word| word == term || Some(word.as_str()) == term.strip_suffix('s'));
    terms(question).into_iter().filter(|term| !of_company(term) && words::years(term).is_empty()).collect()
}

/// A statement a passage, for so many of them: its own words.
pub fn statements(telling: &[String], passages: &[Passage], most: usize) -> Vec<Statement> {
    let is_telling = |passage: &&Passage| !marks(&passage.hit.text, telling).is_empty();
    let any_tells = passages.iter().any(|passage| is_telling(&passage));
    let quoted = passages.iter().filter(|passage| !any_tells || is_telling(passage));
    quoted.take(most).filter_map(|passage| statement(telling, passage)).collect()
}

fn statement(telling: &[String], passage: &Passage) -> Option<Statement> {
    let hit = &passage.hit;
    let (begin, end) = best_lines(&hit.text, &marks(&hit.text, telling), &hit.marks, 0);
    let citation = slice(passage, begin, end)?;
    Some(Statement {
        text: citation.quote.split_whitespace().collect::<Vec<_>>().join(" "),
        citations: vec![citation],
        support: Support::Cited,
        unsupported_numbers: Vec::new(),
        calculation: None,
    })
}

/// Points of a telling word; of another word of the question, one.
const TELLING_POINTS: isize = 4;

/// Byte range of up to four consecutive lines with the most different words of the question, telling ones before others; of
/// equal ranges the shortest. Each line after the first has to add more than `line_cost` points.
pub fn best_lines(text: &str, telling: &[(u32, u32)], others: &[(u32, u32)], line_cost: isize) -> (usize, usize) {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let says_something = !matches!(kind(line.trim_end()), Line::Heading | Line::Head | Line::Empty);
        lines.push((at + line.len() - line.trim_start().len(), at + line.trim_end().len(), says_something));
        at += line.len();
    }
    let points = |begin: usize, end: usize| {
        let (telling, others) = (count(text, telling, begin..end), count(text, others, begin..end));
        telling * TELLING_POINTS + others
    };
    let mut best: Option<((isize, isize), (usize, usize))> = None;
    for (index, (begin, ..)) in lines.iter().enumerate() {
        for (more, (_, end, says_something)) in (0_isize..).zip(lines.iter().skip(index).take(LINES_MAX)) {
            let length = text.get(*begin..*end).map_or(0, |part| part.chars().count());
            if !says_something || !(QUOTE_CHARS_MIN..=QUOTE_CHARS_MAX).contains(&length) {
                continue;
            }
            // On a tie, the shorter range wins.
            let score = (points(*begin, *end) - more * line_cost, -(length as isize));
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, (*begin, *end)));
            }
        }
    }
    // A line longer than a quotation may be is cut at its end.
    best.map(|(_, lines)| lines).unwrap_or_else(|| {
        let end = text.char_indices().nth(QUOTE_CHARS_MAX).map_or(text.len(), |(end, _)| end);
        (0, text[..end].trim_end().len())
    })
}

/// How many different words are marked within a range.
fn count(text: &str, marks: &[(u32, u32)], range: std::ops::Range<usize>) -> isize {
    let inside = marks.iter().filter(|(from, to)| *from as usize >= range.start && *to as usize <= range.end);
    let mut words: Vec<String> =
        inside.filter_map(|(from, to)| text.get(*from as usize..*to as usize)).map(str::to_lowercase).collect();
    words.sort_unstable();
    words.dedup();
    words.len() as isize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::library::{Hit, Scores};

    const QUESTION: &str = "What was Boeing's revenue in 2022?";

    fn passage(text: &str) -> Passage {
        let hit = Hit {
            segment: 1,
            document: "d".to_owned(),
            title: "t".to_owned(),
            page: 2,
            start: 50,
            end: 50 + text.len() as u32,
            text: text.to_owned(),
            context: String::new(),
            marks: marks(text, &terms(QUESTION)),
            scores: Scores::default(),
        };
        Passage { handle: "S1".to_owned(), hit }
    }

    fn quoted(texts: &[&str]) -> Vec<Statement> {
        let passages: Vec<Passage> = texts.iter().map(|text| passage(text)).collect();
        statements(&telling(QUESTION, Some("THE BOEING COMPANY")), &passages, QUOTED_MAX)
    }

    #[test]
    fn the_row_that_is_asked_for_is_quoted() {
        let text = "Results of operations of the company in the years\nRevenues   $ 66,608   $ 62,286\nCost of products   53,969";
        let made = quoted(&[text]);
        assert_eq!(made[0].text, "Revenues $ 66,608 $ 62,286");
        let citation = &made[0].citations[0];
        assert_eq!(&text[citation.start as usize - 50..citation.end as usize - 50], citation.quote);
    }

    #[test]
    fn a_passage_without_what_is_asked_for_is_not_quoted_beside_one_that_has_it() {
        let income = "Net income of Boeing in 2022   1,386   1,935";
        let made = quoted(&[income, "Revenue of the year was 66,608 million dollars."]);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].text, "Revenue of the year was 66,608 million dollars.");
        assert_eq!(quoted(&[income]).len(), 1, "where none has it, the nearest is shown");
    }

    #[test]
    fn a_title_or_a_head_alone_is_no_quotation() {
        let text = "Revenue Recognition of Boeing 2022\n(Dollars in millions of revenue)   2022   2021\nSales   5   4\nWe sell aircraft.";
        let whole = "Revenue Recognition of Boeing 2022 (Dollars in millions of revenue) 2022 2021 Sales 5 4";
        assert_eq!(quoted(&[text])[0].text, whole);
    }
}
