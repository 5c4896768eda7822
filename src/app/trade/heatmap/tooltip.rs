//! The figures of the tile that is pointed at, or has the focus.

use leptos::{html::Div, prelude::*};

use super::mosaic::Place;
use crate::{
    app::{
        account::Books,
        effects::{effect, memo},
        erase::Erase,
        format::{or_missing, share_percent, signed_money, signed_percent, tone},
        size::Size,
    },
    domain::{portfolio::Position, ticker::Ticker},
};

/// The tile that is pointed at, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pointed {
    ticker: Ticker,
    at: Spot,
}

/// A place in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spot {
    /// In the window.
    Window(f64, f64),
    /// In the map.
    Map(f64, f64),
}

impl Pointed {
    /// With a pointer, in the window's pixels.
    pub fn at(ticker: Ticker, x: f64, y: f64) -> Self {
        Self { ticker, at: Spot::Window(x, y) }
    }

    /// By the focus: in the tile's middle.
    pub fn tile(ticker: Ticker, place: Place) -> Self {
        let tile = place.pixels;
        Self { ticker, at: Spot::Map(tile.x + tile.width / 2.0, tile.y + tile.height / 2.0) }
    }
}

/// The tile's label says the same to those who hear the page.
#[component]
pub fn Tooltip(books: Books, pointed: RwSignal<Option<Pointed>>, size: Signal<Size>) -> impl IntoView {
    let tooltip = NodeRef::<Div>::new();
    let position = memo(move || books.position(pointed.get()?.ticker));
    let figure = move |read: fn(&Position) -> String| {
        move || position.with(|position| position.as_ref().map(read).unwrap_or_default())
    };
    effect(move || {
        if let (Some(pointed), Some(tooltip)) = (pointed.get(), tooltip.get()) {
            put(&tooltip, pointed.at, size.get_untracked());
        }
    });
    view! {
        <div
            class="heat-tooltip"
            class:shown=move || position.with(Option::is_some)
            data-testid="heatmap-tooltip"
            aria-hidden="true"
            node_ref=tooltip
        >
            <b>{figure(|position| position.ticker.to_string())}</b>
            <span>{figure(|position| format!("Value {}", or_missing(position.market_value)))}</span>
            <span>{figure(|position| format!("Weight {}", or_missing(position.weight.map(share_percent))))}</span>
            <span class=move || tone(position.with(|position| position.as_ref()?.unrealized_pnl))>
                {figure(|position| {
                    let pnl = or_missing(position.unrealized_pnl.map(signed_money));
                    format!("{pnl} ({})", or_missing(position.unrealized_pnl_percent.map(signed_percent)))
                })}
            </span>
        </div>
    }
    .erase()
}

/// How far the tooltip is from the spot, in pixels.
const DISTANCE: f64 = 12.0;

/// Moves the tooltip beside a spot: below it in the map's upper half, above it in the lower one, and never beyond its
/// sides.
fn put(tooltip: &web_sys::HtmlElement, spot: Spot, (width, height): Size) {
    let (x, y) = match spot {
        Spot::Map(x, y) => (x, y),
        Spot::Window(x, y) => {
            let Some(map) = tooltip.parent_element().map(|map| map.get_bounding_client_rect()) else {
                return;
            };
            (x - map.left(), y - map.top())
        }
    };
    let left = (x + DISTANCE).min(width - f64::from(tooltip.offset_width())).max(0.0);
    let top = if y > height / 2.0 { y - DISTANCE - f64::from(tooltip.offset_height()) } else { y + DISTANCE };
    // The name is a property's and the value a transform, so neither is refused.
    let _ = tooltip.style().set_property("transform", &format!("translate({}px, {}px)", left as i32, top as i32));
}
