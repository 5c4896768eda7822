//! The heatmap: a tile for each position, as large as its weight, coloured by its gain or loss.
//!
//! It is drawn in SVG, whose places are attributes in percent: the server can render it, and the page's policy, which
//! forbids inline styles, has nothing against it.

mod mosaic;
mod tile;
mod tooltip;

use leptos::{html::Div, prelude::*};

use self::{
    mosaic::Mosaic,
    tile::Tile,
    tooltip::{Pointed, Tooltip},
};
use super::{account::Books, erase::Erase, rows::rows_of, size::follow_size};
use crate::domain::ticker::Ticker;

/// At this gain or loss the colour is full.
const FULL_COLOUR_PERCENT: f64 = 5.0;

/// With fewer tiles there is nothing to compare.
const TILES_MIN: usize = 3;

/// What the server lays the tiles out for.
const ASSUMED_SIZE: (f64, f64) = (260.0, 240.0);

#[component]
pub fn Heatmap(books: Books, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let size = follow_size(body, ASSUMED_SIZE);
    let mosaic = Memo::new(move |before: Option<&Mosaic>| {
        let (portfolio, size) = (books.portfolio(), size.get());
        match before {
            Some(before) if before.fits(&portfolio, size) => before.clone(),
            _ => Mosaic::new(&portfolio, size),
        }
    });
    let held = Memo::new(move |_| books.held());
    let pointed = RwSignal::new(None::<Pointed>);
    let hint = move || held.with(|held| hint(held.len()));
    view! {
        <section class="panel heatmap" aria-labelledby="heatmap-title">
            <div class="bar">
                <h2 id="heatmap-title">"Heatmap"</h2>
                <span class="heat-legend" data-testid="heatmap-legend">
                    {format!("±{FULL_COLOUR_PERCENT}%")}
                    <span class="heat-scale" aria-hidden="true"></span>
                </span>
            </div>
            <div class="heat-body" node_ref=body on:pointerleave=move |_| pointed.set(None)>
                <svg class="heat-map" data-testid="heatmap" role="group" aria-labelledby="heatmap-title">
                    {rows_of(held, move |ticker| view! { <Tile ticker books mosaic selected pointed/> }.into_any())}
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

/// How full a tile's colour is, from 0 to 1.
fn intensity(pnl_percent: f64) -> f64 {
    (pnl_percent.abs() / FULL_COLOUR_PERCENT).min(1.0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, 0.0)]
    #[case(2.5, 0.5)]
    #[case(-2.5, 0.5)]
    #[case(11.4, 1.0)]
    #[case(-100.0, 1.0)]
    fn colours_are_full_at_five_percent(#[case] percent: f64, #[case] expected: f64) {
        assert_eq!(intensity(percent), expected);
    }

    #[test]
    fn a_hint_goes_when_there_is_something_to_compare() {
        assert!(hint(0).is_some() && hint(2).is_some());
        assert_ne!(hint(0), hint(1));
        assert_eq!(hint(3), None);
    }
}
