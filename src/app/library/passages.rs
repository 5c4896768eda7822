//! What a search found: passages, with the question's words marked.

use leptos::prelude::*;

use super::{ask::use_ask, store::Cited};
use crate::{
    app::{
        erase::{Erase, Piece},
        loading::Loading,
        rows::list_of,
    },
    domain::library::{Hit, reading::pieces},
};

pub fn show_passages() -> Piece {
    let ask = use_ask();
    let hits = move || ask.result.with(|result| result.as_ref().map(|result| result.hits.clone()).unwrap_or_default());
    let note = move || ask.result.with(|result| result.as_ref().and_then(|result| result.note.clone()));
    let state = move || {
        let has_result = ask.result.with(Option::is_some);
        match ask.searching.get() {
            Loading::Failed(reason) => Some(view! { <p class="panel-error" role="alert">{reason}</p> }.erase()),
            Loading::Pending if !has_result => {
                Some(view! { <div class="skeletons" role="status" aria-label="Searching"><i></i><i></i><i></i></div> }.erase())
            }
            Loading::Pending => None,
            Loading::Ready if !has_result => Some(
                view! { <p class="empty">"Search finds the passages that fit best, without an answer. Words count in any form: 4,523 and 4523 are the same."</p> }.erase(),
            ),
            Loading::Ready if hits().is_empty() => {
                Some(view! { <p class="empty" role="status">"No passage has these words. Take a filter away, or use other words."</p> }.erase())
            }
            Loading::Ready => None,
        }
    };
    view! {
        {state}
        {move || note().map(|note| view! { <p class="muted">{note}</p> }.erase())}
        <ol class="hits" aria-label="Passages" aria-busy=move || (ask.searching.get() == Loading::Pending).to_string()>
            {list_of(hits, |hit| format!("{} {:?}", hit.segment, hit.marks), show_hit)}
        </ol>
    }
    .erase()
}

fn show_hit(hit: Hit) -> Piece {
    let acts = use_ask().acts;
    let marks: Vec<(u32, u32, u8)> = hit.marks.iter().map(|(begin, end)| (*begin, *end, 1)).collect();
    let text = pieces(&hit.text, &(0..hit.text.len()), &marks).into_iter().map(|(piece, weight)| match weight {
        0 => piece.into_any(),
        _ => view! { <mark>{piece}</mark> }.into_any(),
    });
    let text: Vec<_> = text.collect();
    let cited = Cited { document: hit.document, page: hit.page, begin: hit.start, end: hit.end };
    let place = format!("page {}", hit.page);
    view! {
        <li class="hit" data-testid="library-hit">
            <button on:click=move |_| acts.open.run(cited.clone())>
                <b>{hit.title}</b>
                <span class="citation">{place}</span>
                <span class="muted hit-context">{hit.context}</span>
                <span class="hit-text" translate="no">{text}</span>
            </button>
        </li>
    }
    .erase()
}
