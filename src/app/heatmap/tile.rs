//! One tile of the heatmap.

use leptos::prelude::*;
use web_sys::PointerEvent;

use super::{
    intensity,
    mosaic::{Mosaic, Place},
    tooltip::Pointed,
};
use crate::{
    app::{
        account::Books,
        erase::Erase,
        format::{MISSING, decimal, or_missing, signed_percent, tone},
    },
    domain::{portfolio::Position, ticker::Ticker, treemap::Rect},
};

/// The labels' room, in pixels: a letter, a margin on both sides, and a line.
const LETTER_WIDTH: f64 = 9.5;
const MARGINS: f64 = 14.0;
const LINE_HEIGHT: f64 = 18.0;
/// `+11.39%`
const PERCENT_LETTERS: usize = 7;

#[component]
pub fn Tile(
    ticker: Ticker,
    books: Books,
    mosaic: Memo<Mosaic>,
    selected: RwSignal<Option<Ticker>>,
    pointed: RwSignal<Option<Pointed>>,
) -> impl IntoView {
    let place = move || mosaic.with(|mosaic| mosaic.place(ticker));
    let position = Memo::new(move |_| books.position(ticker));
    let pnl_percent = move || position.with(|position| position.as_ref()?.unrealized_pnl_percent);
    let pnl_tone = move || tone(position.with(|position| position.as_ref()?.unrealized_pnl));
    let percent = move || pnl_percent().map_or_else(|| MISSING.to_owned(), signed_percent);
    let side =
        move |read: fn(Rect) -> f64| move || place().map(|place| format!("{}%", decimal(read(place.percent), 3)));
    let label = move || position.with(|position| position.as_ref().map(describe));
    let select = move || selected.set(Some(ticker));
    let point = move |event: PointerEvent| {
        pointed.set(Some(Pointed::at(ticker, f64::from(event.client_x()), f64::from(event.client_y()))));
    };
    view! {
        <svg
            class="tile"
            data-testid="heatmap-tile"
            data-ticker=ticker.to_string()
            data-fit=move || place().map(|place| fit(ticker, place))
            role="button"
            tabindex="0"
            aria-label=label
            x=side(|rect| rect.x)
            y=side(|rect| rect.y)
            width=side(|rect| rect.width)
            height=side(|rect| rect.height)
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
            <rect class="tile-ground" width="100%" height="100%"></rect>
            <rect
                class=move || format!("tile-colour {}", pnl_tone())
                width="100%"
                height="100%"
                fill-opacity=move || decimal(intensity(pnl_percent().unwrap_or_default()), 3)
            ></rect>
            <rect class="tile-ring" class:on=move || selected.get() == Some(ticker) width="100%" height="100%"></rect>
            <text class="tile-ticker" x="8" y="18">{ticker.to_string()}</text>
            <text class="tile-percent" x="8" y="35">{percent}</text>
        </svg>
    }
    .erase()
}

/// Which labels a tile has room for.
fn fit(ticker: Ticker, place: Place) -> &'static str {
    let room = |letters: usize, lines: f64| {
        place.pixels.width >= letters as f64 * LETTER_WIDTH + MARGINS
            && place.pixels.height >= lines * LINE_HEIGHT + 6.0
    };
    let letters = ticker.to_string().len();
    match (room(letters, 1.0), room(letters.max(PERCENT_LETTERS), 2.0)) {
        (false, _) => "none",
        (true, false) => "ticker",
        (true, true) => "all",
    }
}

/// `NVDA, +11.39%, worth $2,383.79`
fn describe(position: &Position) -> String {
    let percent = position.unrealized_pnl_percent.map_or_else(|| MISSING.to_owned(), signed_percent);
    format!("{}, {percent}, worth {}", position.ticker, or_missing(position.market_value))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::large(120.0, 90.0, "all")]
    #[case::low(120.0, 30.0, "ticker")]
    #[case::narrow(60.0, 90.0, "ticker")]
    #[case::tiny(20.0, 90.0, "none")]
    #[case::flat(120.0, 12.0, "none")]
    fn labels_fit_or_hide(#[case] width: f64, #[case] height: f64, #[case] expected: &str) {
        let pixels = Rect { x: 0.0, y: 0.0, width, height };
        assert_eq!(fit("NVDA".parse().unwrap(), Place { percent: pixels, pixels }), expected);
    }
}
