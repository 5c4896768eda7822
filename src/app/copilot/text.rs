//! A message's text as elements: only what the tree can hold is ever made, so no text becomes markup.

use leptos::prelude::*;

use crate::domain::rich_text::{Block, Span};

pub fn show_blocks(blocks: &[Block]) -> AnyView {
    blocks.iter().map(show_block).collect_view().into_any()
}

fn show_block(block: &Block) -> AnyView {
    match block {
        Block::Paragraph(spans) => view! { <p>{show_spans(spans)}</p> }.into_any(),
        Block::Heading(spans) => view! { <p class="heading">{show_spans(spans)}</p> }.into_any(),
        Block::Quote(blocks) => view! { <blockquote>{show_blocks(blocks)}</blockquote> }.into_any(),
        Block::Code(code) => view! { <pre tabindex="0"><code>{code.clone()}</code></pre> }.into_any(),
        Block::Rule => view! { <hr/> }.into_any(),
        Block::List { start, items } => {
            let items = items.iter().map(|item| view! { <li>{show_blocks(item)}</li> }).collect_view();
            match start {
                Some(start) => view! { <ol start=start.to_string()>{items}</ol> }.into_any(),
                None => view! { <ul>{items}</ul> }.into_any(),
            }
        }
        Block::Table { head, rows } => show_table(head, rows),
    }
}

fn show_table(head: &[Vec<Span>], rows: &[Vec<Vec<Span>>]) -> AnyView {
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
    .into_any()
}

fn show_spans(spans: &[Span]) -> AnyView {
    spans.iter().map(show_span).collect_view().into_any()
}

fn show_span(span: &Span) -> AnyView {
    match span {
        Span::Text(text) => text.clone().into_any(),
        Span::Strong(spans) => view! { <strong>{show_spans(spans)}</strong> }.into_any(),
        Span::Emphasis(spans) => view! { <em>{show_spans(spans)}</em> }.into_any(),
        Span::Struck(spans) => view! { <s>{show_spans(spans)}</s> }.into_any(),
        Span::Code(code) => view! { <code>{code.clone()}</code> }.into_any(),
        Span::LineBreak => view! { <br/> }.into_any(),
    }
}
