//! A message's text as elements: only elements of the tree are created, so no text becomes markup.

use leptos::prelude::*;

use crate::{
    app::erase::{Erase, Piece},
    domain::rich_text::{Block, Span},
};

pub fn show_blocks(blocks: &[Block]) -> Piece {
    blocks.iter().map(show_block).collect_view().erase()
}

fn show_block(block: &Block) -> Piece {
    match block {
        Block::Paragraph(spans) => view! { <p>{show_spans(spans)}</p> }.erase(),
        Block::Heading(spans) => view! { <p class="heading">{show_spans(spans)}</p> }.erase(),
        Block::Quote(blocks) => view! { <blockquote>{show_blocks(blocks)}</blockquote> }.erase(),
        Block::Code(code) => view! { <pre tabindex="0"><code>{code.clone()}</code></pre> }.erase(),
        Block::Rule => view! { <hr/> }.erase(),
        Block::List { start, items } => {
            let items = items.iter().map(|item| view! { <li>{show_blocks(item)}</li> }).collect_view();
            match start {
                Some(start) => view! { <ol start=start.to_string()>{items}</ol> }.erase(),
                None => view! { <ul>{items}</ul> }.erase(),
            }
        }
        Block::Table { head, rows } => show_table(head, rows),
    }
}

fn show_table(head: &[Vec<Span>], rows: &[Vec<Vec<Span>>]) -> Piece {
    let head = head.iter().map(|cell| view! { <th scope="col">{show_spans(cell)}</th> }).collect_view();
    let rows = rows
        .iter()
        .map(|row| {
            let cells = row.iter().map(|cell| view! { <td>{show_spans(cell)}</td> }).collect_view();
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

fn show_spans(spans: &[Span]) -> Piece {
    spans.iter().map(show_span).collect_view().erase()
}

fn show_span(span: &Span) -> Piece {
    match span {
        Span::Text(text) => text.clone().erase(),
        Span::Strong(spans) => view! { <strong>{show_spans(spans)}</strong> }.erase(),
        Span::Emphasis(spans) => view! { <em>{show_spans(spans)}</em> }.erase(),
        Span::Struck(spans) => view! { <s>{show_spans(spans)}</s> }.erase(),
        Span::Code(code) => view! { <code>{code.clone()}</code> }.erase(),
        Span::LineBreak => view! { <br/> }.erase(),
    }
}
