//! The way through the pages of a document, and from one cited line to the next.

use leptos::prelude::*;

use super::reader::{cited_here, use_reading};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece, show_when},
};

/// The way through pages, and from one cited line to the next.
pub fn show_steps() -> Piece {
    let reading = use_reading();
    let shelf = reading.shelf;
    let page = memo(move || shelf.place.with(|place| place.page));
    let pages = memo(move || reading.document.with(|document| document.as_ref().map_or(0, |document| document.pages)));
    // A view reads a larger-than sign as the end of its tag.
    let is_last = move || page.get() >= pages.get();
    let cited = memo(move || cited_here(reading));
    let place = memo(move || {
        let place = shelf.place.get();
        cited.with(|cited| {
            cited.iter().position(|cited| cited.page == place.page && place.lit == Some((cited.begin, cited.end)))
        })
    });
    let step = move |forward: bool| {
        let next = cited.with_untracked(|cited| {
            next_of(cited.len(), place.get_untracked(), forward).map(|index| cited[index].clone())
        });
        if let Some(next) = next {
            shelf.open(&next);
        }
    };
    let words = move || {
        let count = cited.with(Vec::len);
        match place.get() {
            Some(index) => format!("Citation {} of {count}", index + 1),
            None if count == 1 => "1 citation".to_owned(),
            None => format!("{count} citations"),
        }
    };
    let steps = move || {
        view! {
            <span class="reader-cited" role="status" data-testid="reader-citation">{words}</span>
            <button class="link" on:click=move |_| step(true)>"Next ↓"</button>
            <button class="link" aria-label="Previous citation" on:click=move |_| step(false)>"↑"</button>
        }
        .erase()
    };
    view! {
        <div class="reader-steps">
            <button
                class="quiet"
                aria-label="Previous page"
                disabled=move || page.get() <= 1
                on:click=move |_| reading.turn_to(page.get_untracked() - 1)
            >
                "‹"
            </button>
            <input
                class="reader-page"
                inputmode="numeric"
                aria-label="Page"
                prop:value=move || page.get().to_string()
                on:change:target=move |event| reading.turn_to(event.target().value().trim().parse().unwrap_or(1))
            />
            <span class="muted">{move || format!("/ {}", pages.get())}</span>
            <button
                class="quiet"
                aria-label="Next page"
                disabled=is_last
                on:click=move |_| reading.turn_to(page.get_untracked() + 1)
            >
                "›"
            </button>
            {show_when(move || cited.with(|cited| !cited.is_empty()), steps)}
        </div>
    }
    .erase()
}

/// The citation behind, or before, the one that is lit; from the ends it goes on at the other one.
fn next_of(count: usize, place: Option<usize>, forward: bool) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some(match (place, forward) {
        (None, true) => 0,
        (None, false) | (Some(0), false) => last,
        (Some(place), true) if place >= last => 0,
        (Some(place), true) => place + 1,
        (Some(place), false) => place - 1,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, None, true, None)]
    #[case(3, None, true, Some(0))]
    #[case(3, Some(0), true, Some(1))]
    #[case(3, Some(2), true, Some(0))]
    #[case(3, Some(0), false, Some(2))]
    #[case(3, Some(2), false, Some(1))]
    #[case(1, Some(0), true, Some(0))]
    fn the_way_through_citations_is_a_circle(
        #[case] count: usize,
        #[case] place: Option<usize>,
        #[case] forward: bool,
        #[case] next: Option<usize>,
    ) {
        assert_eq!(next_of(count, place, forward), next);
    }
}
