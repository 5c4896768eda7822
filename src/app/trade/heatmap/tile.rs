//! One tile of the heatmap.
//!
//! Its colour is a rectangle in the map itself. Only the words, and the ring of the tile that is pointed at or chosen, are a
//! picture within the picture: the browser keeps a place and a clip for each of those, and looks at every one of them
//! whenever something on the page begins or ends to move.

use leptos::prelude::*;
use web_sys::PointerEvent;

use super::{
    face::Face,
    mosaic::{Fit, Mosaic},
    tooltip::Pointed,
};
use crate::{
    app::{effects::memo, erase::Erase, format::decimal},
    domain::{ticker::Ticker, treemap::Rect},
};

#[component]
pub fn Tile(
    ticker: Ticker,
    face: ArcRwSignal<Face>,
    mosaic: RwSignal<Mosaic>,
    selected: RwSignal<Option<Ticker>>,
    pointed: RwSignal<Option<Pointed>>,
) -> impl IntoView {
    let face = RwSignal::from(face);
    let place = move || mosaic.with(|mosaic| mosaic.place(ticker));
    let side = move |read: fn(Rect) -> f64| {
        Signal::derive(move || place().map(|place| format!("{}%", decimal(read(place.percent), 3))))
    };
    let fit = Signal::derive(move || mosaic.with(|mosaic| mosaic.fit(ticker)).as_str());
    // A tile without room for it has no text that could change.
    let has_percent = memo(move || mosaic.with(|mosaic| mosaic.fit(ticker)) == Fit::All);
    let percent = Signal::derive(move || if has_percent.get() { face.get().percent() } else { String::new() });
    let label = Signal::derive(move || face.get().describe(ticker));
    let colour = Signal::derive(move || format!("tile-colour {}", face.get().tone));
    let opacity = Signal::derive(move || decimal(f64::from(face.get().intensity) / 100.0, 2));
    let is_on = Signal::derive(move || selected.get() == Some(ticker));
    let select = move || selected.set(Some(ticker));
    let point = move |event: PointerEvent| {
        pointed.set(Some(Pointed::at(ticker, f64::from(event.client_x()), f64::from(event.client_y()))));
    };
    let [x, y] = [side(|rect| rect.x), side(|rect| rect.y)];
    let [width, height] = [side(|rect| rect.width), side(|rect| rect.height)];
    view! {
        <g
            class="tile"
            class:on=is_on
            data-testid="heatmap-tile"
            data-ticker=ticker.to_string()
            data-fit=fit
            role="button"
            tabindex="0"
            aria-label=label
            on:click=move |_| select()
            on:keydown=move |event| {
                if matches!(event.key().as_str(), "Enter" | " ") {
                    event.prevent_default();
                    select();
                }
            }
            on:pointermove=point
            on:focus=move |_| pointed.set(untrack(place).map(|place| Pointed::tile(ticker, place)))
            on:blur=move |_| pointed.set(None)
        >
            <rect class="tile-ground" x=x y=y width=width height=height></rect>
            <rect class=colour x=x y=y width=width height=height fill-opacity=opacity></rect>
            <svg class="tile-face" x=x y=y width=width height=height>
                <rect class="tile-ring" width="100%" height="100%"></rect>
                <text class="tile-ticker" x="8" y="1.385em">{ticker.to_string()}</text>
                <text class="tile-percent" x="8" y="2.917em">{percent}</text>
            </svg>
        </g>
    }
    .erase()
}
