//! A page's text as it is read, with what is lit in it.

use leptos::prelude::*;

use crate::{
    app::erase::{Erase, Piece},
    domain::library::{
        Page,
        reading::{Block, Span, blocks, is_title, pieces},
    },
};

/// Bytes of the page with a weight: 1 is cited, 2 is lit.
type Marks = [(u32, u32, u8)];

/// The text of a page, or why there is none.
pub fn show_text(page: &Page, marks: &Marks) -> Piece {
    let has = |flag: &str| page.flags.iter().any(|known| known == flag);
    if page.text.trim().is_empty() {
        let words = match (has("unreadable"), has("no_text")) {
            (true, _) => "This page could not be read.",
            (_, true) => "This page is a picture: it has no text that could be searched.",
            _ => "This page is empty.",
        };
        return view! { <p class="empty">{words}</p> }.erase();
    }
    let hidden = has("hidden_text")
        .then(|| view! { <p class="muted">"Text that cannot be seen in the original was left out."</p> });
    let blocks: Vec<Piece> = blocks(&page.text)
        .into_iter()
        .map(|block| match block {
            Block::Words(paragraphs) => show_words(&page.text, paragraphs, marks),
            Block::Table { columns, rows } => show_table(&page.text, columns, rows, marks),
        })
        .collect();
    view! {
        {hidden}
        {blocks}
    }
    .erase()
}

fn show_words(text: &str, paragraphs: Vec<Vec<Span>>, marks: &Marks) -> Piece {
    let paragraphs: Vec<_> = paragraphs
        .into_iter()
        .map(|lines| {
            let lines: Vec<_> = lines.iter().map(|line| (show_span(text, line, marks), " ")).collect();
            view! { <p>{lines}</p> }
        })
        .collect();
    view! { <div class="reader-words">{paragraphs}</div> }.erase()
}

fn show_table(text: &str, columns: usize, rows: Vec<Vec<Span>>, marks: &Marks) -> Piece {
    let rows: Vec<_> = rows.into_iter().map(|row| show_row(text, columns, &row, marks)).collect();
    view! {
        <div class="reader-table">
            <table><tbody>{rows}</tbody></table>
        </div>
    }
    .erase()
}

/// A row: its title at the left, its figures in the last columns.
fn show_row(text: &str, columns: usize, row: &[Span], marks: &Marks) -> Piece {
    let has_title = row.first().is_some_and(|cell| is_title(&text[cell.clone()]));
    // The title, or a gap where there is none, takes the columns that the row does not have.
    let (title, figures) = if has_title { row.split_at(1) } else { row.split_at(0) };
    let width = columns.saturating_sub(figures.len()).max(usize::from(has_title));
    let is_lit = row.iter().any(|cell| {
        marks
            .iter()
            .any(|(begin, end, weight)| *weight == 2 && (*begin as usize) < cell.end && (*end as usize) > cell.start)
    });
    let first = (width > 0).then(|| {
        let title: Vec<_> = title.iter().map(|cell| show_span(text, cell, marks)).collect();
        view! { <td colspan=width.to_string()>{title}</td> }
    });
    let figures: Vec<_> =
        figures.iter().map(|cell| view! { <td class="figure">{show_span(text, cell, marks)}</td> }).collect();
    view! { <tr class:is-lit=is_lit>{first}{figures}</tr> }.erase()
}

fn show_span(text: &str, span: &Span, marks: &Marks) -> Vec<AnyView> {
    let piece = |(piece, weight): (String, u8)| match weight {
        0 => piece.into_any(),
        1 => view! { <mark>{piece}</mark> }.into_any(),
        _ => view! { <mark class="is-lit">{piece}</mark> }.into_any(),
    };
    pieces(text, span, marks).into_iter().map(piece).collect()
}
