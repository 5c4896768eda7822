//! Citations of a reply: links to the lines of a document that it rests on, in its text and listed below it.

use leptos::prelude::*;

use crate::{
    app::{
        erase::{Erase, Piece},
        library::Lines,
    },
    domain::library::Citation,
};

/// Text between handles, or a handle of a citation.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    Cited(&'a Citation),
}

/// Splits a text at the handles (`[S1]`) that have a citation; other brackets stay text.
pub fn split<'a>(mut text: &'a str, citations: &'a [Citation]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let next = |text: &str| {
        let handles = citations.iter().filter_map(|citation| {
            let handle = format!("[{}]", citation.source);
            Some((text.find(&handle)?, handle.len(), citation))
        });
        handles.min_by_key(|(begin, ..)| *begin)
    };
    while let Some((begin, length, citation)) = next(text) {
        if begin > 0 {
            parts.push(Part::Text(&text[..begin]));
        }
        parts.push(Part::Cited(citation));
        text = &text[begin + length..];
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    parts
}

/// A link to the cited lines, with their words while it is hovered or has the focus.
pub fn show_citation(citation: &Citation) -> Piece {
    let Citation { document, title, page, start, end, quote, .. } = citation;
    let lines = Lines::of(document, *page, (*start, *end));
    let href = lines.href();
    let quote = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    view! {
        <span class="citation-place">
            <a
                class="citation"
                data-testid="citation"
                href=href
                title=title.clone()
                aria-label=format!("Page {page} of {title}")
                on:click=move |event| lines.open(&event)
            >
                {format!("p. {page}")}
            </a>
            <span class="citation-quote" role="tooltip"><q>{quote}</q></span>
        </span>
    }
    .erase()
}

/// The sources of a reply, below its text; nothing for a reply without any.
pub fn show_sources(citations: &[Citation]) -> Option<Piece> {
    let rows: Vec<_> = citations
        .iter()
        .map(|citation| view! { <li>{show_citation(citation)}" "{citation.title.clone()}</li> })
        .collect();
    let list = move || {
        view! {
            <div class="message-sources" data-testid="chat-sources">
                <p class="label">"Read in the library"</p>
                <ul aria-label="Sources">{rows}</ul>
                <p class="action-note">"It read documents, so it may propose, but not act by itself."</p>
            </div>
        }
        .erase()
    };
    (!citations.is_empty()).then(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation(source: &str) -> Citation {
        Citation {
            source: source.to_owned(),
            document: "d".to_owned(),
            title: "Report".to_owned(),
            page: 4,
            start: 0,
            end: 12,
            quote: "Revenue rose".to_owned(),
            context: String::new(),
        }
    }

    #[test]
    fn handles_with_a_citation_are_cited_and_others_stay_text() {
        let citations = [citation("S1"), citation("S12")];
        let expected = [
            Part::Text("It rose "),
            Part::Cited(&citations[0]),
            Part::Cited(&citations[1]),
            Part::Text(", not [S3] or [S1"),
        ];
        assert_eq!(split("It rose [S1][S12], not [S3] or [S1", &citations), expected);
        assert_eq!(split("", &citations), []);
        assert_eq!(split("[S1]", &[]), [Part::Text("[S1]")]);
    }
}
