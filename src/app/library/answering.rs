//! The column of questions: what it holds, and its frame; what is seen of it is in parts of their own.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{ask::Ask, bar::show_bar, place::Tab};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece, show_when},
    parts::{Part, PartView, show_part},
};

#[wasm_split(library_answers, fallible)]
pub fn fetch_answers() -> Result<PartView, SplitLoaderError> {
    Ok(answers)
}

fn answers() -> Piece {
    let ask = Ask::follow();
    provide_context(ask);
    let tab = memo(move || ask.shelf.place.with(|place| place.tab));
    let shows = move |own: Tab, part: Part| {
        let panel = move || {
            view! {
                <div class="library-panel" role="tabpanel" aria-labelledby=format!("library-tab-{}", own.as_str()) tabindex="-1">
                    {show_part(part)}
                </div>
            }
            .erase()
        };
        show_when(move || tab.get() == own, panel)
    };
    view! {
        {show_part(Part::LibraryQuestion)}
        {show_bar(tab)}
        {shows(Tab::Answer, Part::LibraryAnswer)}
        {shows(Tab::Passages, Part::LibraryPassages)}
        {shows(Tab::History, Part::LibraryHistory)}
    }
    .erase()
}
