//! A message's text as elements: only elements of the tree are created, so no text becomes markup.

use leptos::prelude::*;

use super::citation::{Part, show_citation, split};
use crate::{
    app::erase::{Erase, Piece},
    domain::{
        library::Citation,
        rich_text::{Block, Span},
    },
};

/// Shows blocks; handles of the citations are links to their lines.
pub fn show_blocks(blocks: &[Block], citations: &[Citation]) -> Piece {
    blocks.iter().map(|block| show_block(block, citations)).collect_view().erase()
}

fn show_block(block: &Block, citations: &[Citation]) -> Piece {
    match block {
        Block::Paragraph(spans) => view! { <p>{show_spans(spans, citations)}</p> }.erase(),
        Block::Heading(spans) => view! { <p class="heading">{show_spans(spans, citations)}</p> }.erase(),
        Block::Quote(blocks) => view! { <blockquote>{show_blocks(blocks, citations)}</blockquote> }.erase(),
        Block::Code(code) => view! { <pre tabindex="0"><code>{code.clone()}</code></pre> }.erase(),
        Block::Rule => view! { <hr/> }.erase(),
        Block::List { start, items } => {
            let items = items.iter().map(|item| view! { <li>{show_blocks(item, citations)}</li> }).collect_view();
            match start {
                Some(start) => view! { <ol start=start.to_string()>{items}</ol> }.erase(),
                None => view! { <ul>{items}</ul> }.erase(),
            }
        }
        Block::Table { head, rows } => show_table(head, rows, citations),
    }
}

fn show_table(head: &[Vec<Span>], rows: &[Vec<Vec<Span>>], citations: &[Citation]) -> Piece {
    let head = head.iter().map(|cell| view! { <th scope="col">{show_spans(cell, citations)}</th> }).collect_view();
    let rows = rows
        .iter()
        .map(|row| {
            let cells = row.iter().map(|cell| view! { <td>{show_spans(cell, citations)}</td> }).collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <div class="table" tabindex="0" role="region" aria-label="Table">
            <table>
                <thead><tr>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .erase()
}

fn show_spans(spans: &[Span], citations: &[Citation]) -> Piece {
    spans.iter().map(|span| show_span(span, citations)).collect_view().erase()
}

fn show_span(span: &Span, citations: &[Citation]) -> Piece {
    match span {
        Span::Text(text) if citations.is_empty() => text.clone().erase(),
        Span::Text(text) => {
            let parts = split(text, citations).into_iter().map(|part| match part {
                Part::Text(text) => text.to_owned().erase(),
                Part::Cited(citation) => show_citation(citation),
            });
            parts.collect_view().erase()
        }
        Span::Strong(spans) => view! { <strong>{show_spans(spans, citations)}</strong> }.erase(),
        Span::Emphasis(spans) => view! { <em>{show_spans(spans, citations)}</em> }.erase(),
        Span::Struck(spans) => view! { <s>{show_spans(spans, citations)}</s> }.erase(),
        Span::Code(code) => view! { <code>{code.clone()}</code> }.erase(),
        Span::LineBreak => view! { <br/> }.erase(),
    }
}
