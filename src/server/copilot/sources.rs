//! Citations of a reply: the passages of the library that it names, each with the lines that it rests on.

use crate::{
    domain::{chat::RecordedMessage, library::Citation},
    server::library::LibraryPassage,
};

/// Began a list of sources in the text of replies that earlier versions stored.
const EARLIER_MARK: &str = "Read in the library: ";

/// A citation for each passage that a reply names by its handle, or for each passage where it names none. The lines are
/// those with the most words of the sentences that name the passage, or of the question.
pub fn citations(message: &str, question: &str, passages: &[LibraryPassage]) -> Vec<Citation> {
    let named: Vec<Citation> = passages
        .iter()
        .filter_map(|passage| Some(passage.cite(&sentences_with(message, &format!("[{}]", passage.handle))?)))
        .collect();
    if named.is_empty() { passages.iter().map(|passage| passage.cite(question)).collect() } else { named }
}

/// Whether a reply was made from documents.
pub fn is_cited(reply: &RecordedMessage) -> bool {
    !reply.citations.is_empty() || reply.message.contains(EARLIER_MARK)
}

/// The sentences of a text that have a handle, one after the other; `None` if none has it.
fn sentences_with(text: &str, handle: &str) -> Option<String> {
    let mut found = String::new();
    for line in text.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            // A handle may stand before or behind the full stop.
            let end =
                [". ", "? ", "! "].iter().filter_map(|stop| rest.find(stop)).min().map_or(rest.len(), |at| at + 2);
            let after = rest[end..].trim_start();
            let end = if after.starts_with(handle) { rest.len() - after.len() + handle.len() } else { end };
            let (sentence, next) = rest.split_at(end);
            if sentence.contains(handle) {
                found.push_str(&sentence.replace(handle, " "));
                found.push(' ');
            }
            rest = next;
        }
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TEXT: &str =
        "Results of the company in the years 2022 and 2021\nRevenue   $ 66,608   $ 62,286\nCost of products   53,969";

    fn passage(handle: &str, page: u32) -> LibraryPassage {
        LibraryPassage {
            handle: handle.to_owned(),
            title: "Boeing 2022".to_owned(),
            page,
            context: String::new(),
            text: TEXT.to_owned(),
            document: "d".to_owned(),
            start: 100,
        }
    }

    #[rstest]
    #[case::named("Cash is $5. Revenue was $66,608 million [S2]. Costs rose.", &[("S2", 55, "Revenue   $ 66,608   $ 62,286")])]
    #[case::behind_the_stop("It rose. The cost of products was 53,969. [S2]", &[("S2", 55, "Cost of products   53,969")])]
    #[case::both("Revenue rose [S1].\nCost of products rose [S2].", &[
        ("S1", 24, "Revenue   $ 66,608   $ 62,286"),
        ("S2", 55, "Cost of products   53,969"),
    ])]
    #[case::none("It rose.", &[("S1", 24, "Revenue   $ 66,608   $ 62,286"), ("S2", 55, "Revenue   $ 66,608   $ 62,286")])]
    #[case::invented("It rose [S9].", &[("S1", 24, "Revenue   $ 66,608   $ 62,286"), ("S2", 55, "Revenue   $ 66,608   $ 62,286")])]
    fn passages_are_cited_with_the_lines_that_a_reply_rests_on(
        #[case] message: &str,
        #[case] expected: &[(&str, u32, &str)],
    ) {
        let made = citations(message, "What was revenue?", &[passage("S1", 24), passage("S2", 55)]);
        let told: Vec<_> = made.iter().map(|made| (made.source.as_str(), made.page, made.quote.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_reply_without_passages_has_no_citation() {
        assert_eq!(citations("Revenue rose [S1].", "What?", &[]), []);
    }
}
