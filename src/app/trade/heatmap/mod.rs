//! The heatmap: a tile for each position, as large as its weight, coloured by its gain or loss.
//!
//! It is drawn in SVG, whose places are attributes in percent: the server can render it, and the page's policy, which
//! forbids inline styles, has nothing against it.

mod face;
mod mosaic;
mod tile;
mod tooltip;

use leptos::{html::Div, prelude::*};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use self::{
    face::Faces,
    mosaic::Mosaic,
    tile::Tile,
    tooltip::{Pointed, Tooltip},
};
use crate::app::{
    effects::{effect, memo},
    erase::{Erase, Piece},
    parts::PartView,
    rows::rows_of,
    size::{follow_presence, follow_size},
    workspace::{Workspace, use_workspace},
};
use crate::domain::portfolio::Portfolio;

/// With fewer tiles there is nothing to compare.
const TILES_MIN: usize = 3;

/// What the server lays the tiles out for.
const ASSUMED_SIZE: (f64, f64) = (260.0, 240.0);

#[wasm_split(heatmap, fallible)]
pub fn fetch_heatmap() -> Result<PartView, SplitLoaderError> {
    Ok(heatmap)
}

pub fn heatmap() -> Piece {
    view! { <Heatmap/> }.erase()
}

#[component]
fn Heatmap() -> impl IntoView {
    let Workspace { books, selected, .. } = use_workspace();
    let body = NodeRef::<Div>::new();
    let size = follow_size(body, ASSUMED_SIZE);
    // Signals that are written when something is to be seen of a change, and no memos: a tick then asks no tile anything.
    let mosaic = RwSignal::new(untrack(|| books.with_portfolio(|portfolio| Mosaic::new(portfolio, ASSUMED_SIZE))));
    let faces = untrack(|| books.with_portfolio(Faces::new));
    let pointed = RwSignal::new(None::<Pointed>);
    let lay_out = move || {
        let draw = |portfolio: &Portfolio| {
            let size = size.get_untracked();
            if !mosaic.with_untracked(|mosaic| mosaic.fits(portfolio, size)) {
                mosaic.set(Mosaic::new(portfolio, size));
            }
            mosaic.with_untracked(|mosaic| faces.paint(portfolio, mosaic));
        };
        untrack(|| books.with_portfolio(draw));
    };
    let is_present = follow_presence(body);
    effect(move || {
        books.track_changes();
        books.market.track_drawings();
        size.track();
        // A map that nobody sees is laid out when somebody does.
        if is_present.get() {
            lay_out();
        }
    });
    let show_tile = move |ticker| {
        // A tile begins in its place, and does not fly in from a corner.
        if mosaic.with_untracked(|mosaic| mosaic.place(ticker).is_none()) {
            lay_out();
        }
        let face = untrack(|| books.position(ticker))
            .map(|position| mosaic.with_untracked(|mosaic| faces.of(&position, mosaic)));
        face.map(|face| view! { <Tile ticker face mosaic selected pointed/> }).erase()
    };
    let held = memo(move || books.held());
    let hint = move || held.with(|held| hint(held.len()));
    view! {
        <section class="panel heatmap" aria-labelledby="heatmap-title">
            <div class="bar">
                <h2 id="heatmap-title">"Heatmap"</h2>
                <span class="heat-legend" translate="no" data-testid="heatmap-legend">
                    {move || format!("±{}%", faces.scale.get())}
                    <span class="heat-scale" aria-hidden="true"></span>
                </span>
            </div>
            <div class="heat-body" translate="no" node_ref=body on:pointerleave=move |_| pointed.set(None)>
                <svg class="heat-map" data-testid="heatmap" role="group" aria-labelledby="heatmap-title">
                    <rect class="heat-ground" width="100%" height="100%"></rect>
                    {rows_of(held, show_tile)}
                </svg>
                <Tooltip books pointed size/>
            </div>
            {move || hint().map(|hint| view! { <p class="heat-hint" data-testid="heatmap-hint">{hint}</p> })}
        </section>
    }
    .erase()
}

/// Why there is little to see.
fn hint(positions: usize) -> Option<&'static str> {
    match positions {
        0 => Some(
            "Nothing is held yet. Each position becomes a tile, sized by its weight, coloured by its gain or loss.",
        ),
        1..TILES_MIN => Some("A map compares positions: with three or more it shows which weigh most, and which gain."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_goes_when_there_is_something_to_compare() {
        assert!(hint(0).is_some() && hint(2).is_some());
        assert_ne!(hint(0), hint(1));
        assert_eq!(hint(3), None);
    }
}
