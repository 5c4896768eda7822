//! Checks a model's statements: each quotation against its passage, each number against the quotations.
//!
//! A citation stores the document's own slice, never the model's words.

use serde::Deserialize;

use super::{
    calc::{Calculated, calculate},
    decimal::Decimal,
    fold,
    numbers::{Number, numbers, scales},
};
use crate::{
    domain::library::{Citation, Hit, Statement, Support},
    server::library::{
        bounds::{CITATIONS_PER_STATEMENT_MAX, QUOTE_CHARS_MAX, QUOTE_CHARS_MIN, STATEMENT_CHARS_MAX},
        extract::clean,
    },
};

/// A passage that the model was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Name of the passage in the prompt: `S1`, `S2` and so on.
    pub handle: String,
    pub hit: Hit,
}

/// A line in the form in which the model writes it.
#[derive(Debug, Deserialize)]
struct Draft {
    text: String,
    #[serde(default)]
    cites: Vec<Cite>,
    #[serde(default)]
    calc: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cite {
    s: String,
    quote: String,
}

/// Parses a line and checks it; `None` if the line is not a statement.
pub fn statement(line: &str, passages: &[Passage]) -> Option<Statement> {
    let line = line.trim().trim_end_matches(',');
    let draft: Draft = serde_json::from_str(line).ok()?;
    let text = clean(&draft.text).0.replace('\n', " ");
    let text: String = text.trim().chars().take(STATEMENT_CHARS_MAX).collect();
    if text.is_empty() {
        return None;
    }
    let mut citations: Vec<Citation> = Vec::new();
    for cite in draft.cites.iter().take(CITATIONS_PER_STATEMENT_MAX) {
        citations.extend(citation(cite, passages).filter(|citation| !citations.contains(citation)));
    }
    Some(compose(text, citations, draft.calc.as_deref(), passages))
}

/// A statement with what of it rests on its citations, and with its calculation, if that does.
pub fn compose(text: String, citations: Vec<Citation>, calc: Option<&str>, passages: &[Passage]) -> Statement {
    let calculated = calc.and_then(calculate).filter(|made| rests_on(made, &citations));
    let unsupported = unsupported(&text, &citations, passages, calculated.as_ref());
    let support = match (citations.is_empty(), unsupported.is_empty()) {
        (true, _) => Support::NotCited,
        (false, true) => Support::Cited,
        (false, false) => Support::NumberNotFound,
    };
    let calculation = calculated.and_then(|made| {
        let formula = clean(calc?).0;
        Some(format!("{} = {}", formula.trim(), made.result.rounded(6)))
    });
    Statement { text, citations, support, unsupported_numbers: unsupported, calculation }
}

/// The document's own words for a quotation; `None` if they are not in the passage.
fn citation(cite: &Cite, passages: &[Passage]) -> Option<Citation> {
    let passage = passages.iter().find(|passage| passage.handle == cite.s.trim())?;
    let (begin, end) = fold::find(&passage.hit.text, &cite.quote)?;
    slice(passage, begin, end)
}

/// Cites a byte range of a passage; `None` if the range is too short or too long.
pub fn slice(passage: &Passage, begin: usize, end: usize) -> Option<Citation> {
    let hit = &passage.hit;
    let quote = hit.text.get(begin..end)?;
    if !(QUOTE_CHARS_MIN..=QUOTE_CHARS_MAX).contains(&quote.chars().count()) {
        return None;
    }
    Some(Citation {
        source: passage.handle.clone(),
        document: hit.document.clone(),
        title: hit.title.clone(),
        page: hit.page,
        start: hit.start + u32::try_from(begin).ok()?,
        end: hit.start + u32::try_from(end).ok()?,
        quote: quote.to_owned(),
        context: hit.context.clone(),
    })
}

/// Whether every number of a calculation occurs in a quotation; 1 and 100 are always allowed, as for percentages.
fn rests_on(made: &Calculated, citations: &[Citation]) -> bool {
    let quoted: Vec<Number> = citations.iter().flat_map(|citation| numbers(&citation.quote)).collect();
    made.operands.iter().all(|operand| {
        *operand == Decimal::ONE || *operand == Decimal::HUNDRED || quoted.iter().any(|number| number.value == *operand)
    })
}

/// Numbers of a statement that occur in no quotation, are not the result of its calculation, and are not a year of its
/// passages.
fn unsupported(
    text: &str,
    citations: &[Citation],
    passages: &[Passage],
    calculated: Option<&Calculated>,
) -> Vec<String> {
    let quoted: Vec<(Number, Vec<i32>)> = citations
        .iter()
        .flat_map(|citation| {
            let passage = passages.iter().find(|passage| passage.handle == citation.source);
            let scales =
                scales(&passage.map_or(String::new(), |Passage { hit, .. }| format!("{} {}", hit.context, hit.text)));
            numbers(&citation.quote).into_iter().map(move |number| (number, scales.clone()))
        })
        .collect();
    let cited = passages.iter().filter(|passage| citations.iter().any(|citation| citation.source == passage.handle));
    let years: Vec<Number> = cited
        .flat_map(|passage| numbers(&passage.hit.text).into_iter().chain(years_of_context(&passage.hit.context)))
        .filter(Number::is_year)
        .collect();
    let is_supported = |number: &Number| {
        quoted.iter().any(|(source, scales)| number.stands_as(source, scales))
            || (number.is_year() && years.iter().any(|year| year.value == number.value))
            || calculated.is_some_and(|made| made.result.abs().rounded(number.value.decimals()) == number.value)
    };
    let mut missing: Vec<String> = Vec::new();
    for number in numbers(text).into_iter().filter(|number| !is_supported(number)) {
        if !missing.contains(&number.written) {
            missing.push(number.written);
        }
    }
    missing
}

/// Years of a context line. `FY2022` counts as a year here; elsewhere its letters make it a name.
fn years_of_context(context: &str) -> Vec<Number> {
    numbers(&context.replace("FY", " "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::domain::library::Scores;

    const TEXT: &str =
        "(Dollars in millions)   2022   2021\nRevenues   $ 66,608   $ 62,286\nRevenues rose because of deliveries.";

    fn passages() -> Vec<Passage> {
        let hit = Hit {
            segment: 7,
            document: "d".to_owned(),
            title: "Boeing 2022".to_owned(),
            page: 30,
            start: 100,
            end: 100 + TEXT.len() as u32,
            text: TEXT.to_owned(),
            context: "Boeing · 10-K · FY2022".to_owned(),
            marks: Vec::new(),
            scores: Scores::default(),
        };
        vec![Passage { handle: "S1".to_owned(), hit }]
    }

    fn check(text: &str, quotes: &[&str], calc: Option<&str>) -> Statement {
        let cites: Vec<_> = quotes.iter().map(|quote| json!({ "s": "S1", "quote": quote })).collect();
        statement(&json!({ "text": text, "cites": cites, "calc": calc }).to_string(), &passages()).unwrap()
    }

    #[test]
    fn what_is_shown_is_the_document_s_own_slice() {
        let made = check("Revenues were $66,608 million in 2022.", &["Revenues $ 66,608 $ 62,286"], None);
        assert_eq!(made.support, Support::Cited);
        let citation = &made.citations[0];
        assert_eq!(citation.quote, "Revenues   $ 66,608   $ 62,286");
        let (start, end) = (citation.start as usize - 100, citation.end as usize - 100);
        assert_eq!(&TEXT[start..end], citation.quote);
    }

    #[test]
    fn a_difference_is_the_server_s_own() {
        let row = "Revenues   $ 66,608   $ 62,286";
        let made = check("Revenues rose by $4,322 million, or 6.9%.", &[row], Some("66,608 - 62,286"));
        assert_eq!(made.calculation.as_deref(), Some("66,608 - 62,286 = 4322"));
        assert_eq!((made.support, made.unsupported_numbers), (Support::NumberNotFound, vec!["6.9".to_owned()]));
        let made = check("Revenues rose by 6.9%.", &[row], Some("(66608 - 62286) / 62286 * 100"));
        assert_eq!(made.support, Support::Cited);
    }

    #[rstest]
    #[case::invented_quote("Revenues fell.", "Revenues fell because of strikes.", Support::NotCited)]
    #[case::altered_digit_in_the_quote("Revenues were 66,808.", "Revenues   $ 66,808   $ 62,286", Support::NotCited)]
    #[case::altered_digit_in_the_text(
        "Revenues were 66,808.",
        "Revenues   $ 66,608   $ 62,286",
        Support::NumberNotFound
    )]
    #[case::another_unit("Revenues were $66,608 billion.", "Revenues   $ 66,608   $ 62,286", Support::NumberNotFound)]
    #[case::context("It is Boeing's.", "Boeing · 10-K · FY2022", Support::NotCited)]
    #[case::words_left_out("Revenues rose.", "Revenues because of deliveries.", Support::NotCited)]
    #[case::too_short("It is 2022.", "2022", Support::NotCited)]
    #[case::year_of_the_head("In 2021 revenues rose.", "Revenues rose because of deliveries.", Support::Cited)]
    #[case::year_of_nothing("In 2019 revenues rose.", "Revenues rose because of deliveries.", Support::NumberNotFound)]
    fn lies_are_flagged(#[case] text: &str, #[case] quote: &str, #[case] support: Support) {
        assert_eq!(check(text, &[quote], None).support, support);
    }

    #[test]
    fn a_handle_that_was_not_given_cites_nothing() {
        let line = json!({ "text": "Revenues rose.", "cites": [{ "s": "S9", "quote": "Revenues rose because of deliveries." }] });
        assert_eq!(statement(&line.to_string(), &passages()).unwrap().support, Support::NotCited);
    }

    #[test]
    fn a_calculation_over_numbers_that_are_not_quoted_is_none() {
        let made = check("Revenues rose by 100,000.", &["Revenues   $ 66,608   $ 62,286"], Some("166,608 - 66,608"));
        assert_eq!((made.support, made.calculation), (Support::NumberNotFound, None));
    }

    #[rstest]
    #[case("")]
    #[case("```json")]
    #[case("Here is the answer:")]
    #[case("[1]")]
    #[case(r#"{"text": "cut of"#)]
    #[case(r#"{"text": " "}"#)]
    fn a_line_that_is_no_statement_is_none(#[case] line: &str) {
        assert_eq!(statement(line, &passages()), None);
    }

    proptest! {
        #[test]
        fn a_shown_quotation_is_a_slice_of_the_page(from in 0usize..110, length in 0usize..110, noise in "[ \\n]{0,3}") {
            let characters: Vec<char> = TEXT.chars().collect();
            let quote: String = characters.iter().skip(from).take(length).collect();
            let made = check("Something.", &[&format!("{noise}{quote}{noise}")], None);
            for citation in made.citations {
                let (start, end) = (citation.start as usize - 100, citation.end as usize - 100);
                prop_assert_eq!(TEXT.get(start..end), Some(citation.quote.as_str()));
            }
        }
    }
}
