//! The chart of the selected ticker: candles or a line, volume, studies, own trades, the average cost.
//!
//! `candles` holds what is shown, `plot` draws it, and the panel ties them together in effects, which end with it.

mod candles;
mod controls;
mod fills;
mod legend;
mod library;
mod plot;
mod settings;
mod studies;

use leptos::{html::Div, prelude::*};

use self::{
    candles::{Candles, Loading},
    controls::ChartControls,
    fills::{Fills, follow_fills},
    legend::Legend,
    plot::Plot,
};
pub use self::{
    library::LibraryLoad,
    settings::{ChartSettings, style_name},
};
use super::{
    account::Books,
    format::{arrow, or_missing, signed_change, signed_percent},
    market::Market,
    theme::use_theme,
};
use crate::{
    domain::{
        candle::Candle,
        quote::{Direction, Quote},
        ticker::Ticker,
    },
    interop::lightweight_charts::price_chart::PriceChart,
};

#[component]
pub fn ChartPanel(
    market: Market,
    books: Books,
    selected: RwSignal<Option<Ticker>>,
    settings: ChartSettings,
    /// What the server rendered the page with: the first ticker's candles, in the default interval.
    initial: Option<(Ticker, Vec<Candle>)>,
) -> impl IntoView {
    let container = NodeRef::<Div>::new();
    let library = LibraryLoad::begin();
    let candles = Candles::follow(market, selected, settings.interval, initial);
    let fills = follow_fills(books, selected);
    let hovered = RwSignal::new(None);
    draw(Drawing { container, library, candles, settings, books, fills, hovered });

    let is_waiting = Memo::new(move |_| {
        candles.loading() == Loading::Pending || (library.get().is_none() && library.failure().is_none())
    });
    view! {
        <section class="panel chart" aria-label="Chart">
            <div class="bar chart-bar">
                <Heading market selected/>
                <ChartControls settings/>
            </div>
            <div class="chart-body">
                <div
                    class="chart-area"
                    node_ref=container
                    data-testid="main-chart"
                    data-ticker=move || selected.get().map(|ticker| ticker.to_string())
                    data-loading=move || is_waiting.get().to_string()
                ></div>
                <Legend candles settings hovered/>
                <ChartNotice candles library fills is_waiting/>
            </div>
            <a class="chart-credit" href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
                "Charts by TradingView"
            </a>
        </section>
    }
}

#[component]
fn Heading(market: Market, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let quote = Memo::new(move |_| market.shown(selected.get()?).map(|shown| shown.quote));
    let direction = move || quote.get().map_or(Direction::Flat, |quote| Direction::of(quote.day_change()));
    view! {
        <h2 class="title">{move || or_missing(selected.get())}</h2>
        <span class="last">{move || or_missing(quote.get().map(|quote| quote.price))}</span>
        <span class=move || direction().as_str()>{move || quote.get().map(describe_day)}</span>
    }
}

/// `▲ +11.47 (+1.43%)`
fn describe_day(quote: Quote) -> String {
    let change = quote.day_change();
    let (arrow, change) = (arrow(Direction::of(change)), signed_change(change));
    format!("{arrow} {change} ({})", signed_percent(quote.day_change_percent()))
}

/// What the panel says where it cannot draw, or has nothing to.
#[component]
fn ChartNotice(
    candles: Candles,
    library: LibraryLoad,
    fills: RwSignal<Option<Fills>>,
    is_waiting: Memo<bool>,
) -> impl IntoView {
    let failure = Memo::new(move |_| match (library.failure(), candles.loading()) {
        (Some(unloaded), _) => Some(unloaded.to_string()),
        (None, Loading::Failed(reason)) => Some(reason),
        (None, Loading::Pending | Loading::Ready) => None,
    });
    let is_empty = Memo::new(move |_| {
        candles.loading() == Loading::Ready && candles.with(|shown| shown.series.candles().is_empty())
    });
    let are_fills_unknown = move || fills.with(|fills| fills.as_ref().is_some_and(Fills::are_unknown));
    let retry = move |_| {
        library.retry();
        candles.retry();
    };
    view! {
        <Show when=move || is_waiting.get() && failure.with(Option::is_none)>
            <p class="panel-waiting">"Loading the chart…"</p>
        </Show>
        <Show when=move || is_empty.get()>
            <p class="panel-empty">"There are no prices of this ticker yet; they are drawn as they come."</p>
        </Show>
        <Show when=are_fills_unknown>
            <p class="chart-note">"Your trades could not be read, so none are marked."</p>
        </Show>
        {move || failure.get().map(|reason| view! {
            <p class="panel-error" role="alert">
                {format!("The chart could not be loaded. {reason}")}
                <button on:click=retry>"Try again"</button>
            </p>
        })}
    }
    .into_any()
}

/// All that the canvas depends on.
#[derive(Clone, Copy)]
struct Drawing {
    container: NodeRef<Div>,
    library: LibraryLoad,
    candles: Candles,
    settings: ChartSettings,
    books: Books,
    fills: RwSignal<Option<Fills>>,
    /// The time of the candle below the crosshair.
    hovered: RwSignal<Option<i64>>,
}

/// Draws once there is a library and a place; another theme is another chart, in its colours.
fn draw(drawing: Drawing) {
    let Drawing { container, library, candles, settings, books, fills, hovered } = drawing;
    let theme = use_theme();
    Effect::new(move || {
        let (Some(container), Some(library)) = (container.get(), library.get()) else {
            return;
        };
        theme.get();
        let layers = untrack(|| settings.layers());
        let chart = PriceChart::new(&library, &container, layers, move |time| hovered.set(time));
        // Ends with this effect, as do those below; dropping it removes the chart.
        let plot = StoredValue::new_local(Plot::new(chart));
        Effect::new(move || {
            let layers = settings.layers();
            candles.with_change(|shown, change| plot.update_value(|plot| plot.show(shown, layers, change)));
        });
        let marks = Memo::new(move |_| {
            fills.with(|fills| fills.as_ref().map(|fills| candles.with(|shown| fills.marks(shown)))).unwrap_or_default()
        });
        Effect::new(move || plot.update_value(|plot| plot.chart.set_fills(marks.get())));
        let average_cost = Memo::new(move |_| {
            let ticker = candles.with(|shown| shown.ticker)?;
            books.position(ticker)?.avg_cost
        });
        Effect::new(move || plot.update_value(|plot| plot.chart.set_average_cost(average_cost.get())));
    });
}
