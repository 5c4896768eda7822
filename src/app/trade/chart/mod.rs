//! The chart of the selected ticker: candles or a line, volume, studies, own trades, the average cost.
//!
//! `candles` holds what is shown, `plot` draws it, and the panel ties them together in effects, which end with it.

mod candles;
mod choice;
mod controls;
mod fills;
mod legend;
mod library;
mod plot;
mod settings;
mod shortcuts;
mod studies;
mod tools;

use leptos::{html::Div, prelude::*};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use self::{
    candles::Candles,
    controls::ChartControls,
    fills::{Fills, follow_fills},
    legend::{Legend, Reading},
    plot::Plot,
};
pub use self::{
    choice::{Choice, show_choice},
    library::{LibraryLoad, show_notice},
    settings::ChartSettings,
    shortcuts::register as register_chart,
    tools::{ChartTools, Placing},
};
use crate::app::{
    account::Books,
    effects::effect,
    erase::{Erase, Piece},
    format::{arrow, or_missing, signed_change, signed_percent},
    loading::Loading,
    look::theme::use_theme,
    market::Market,
    media::{FORCED_COLORS_QUERY, use_media},
    parts::{Part, PartView, show_quiet_part},
    shell::icons,
    size::follow_presence,
    trade::alerts::open_form,
    workspace::{Workspace, use_workspace},
};
use crate::{
    domain::{
        quote::{Direction, Quote},
        ticker::Ticker,
    },
    interop::lightweight_charts::price_chart::{CostEdge, PriceChart},
};

#[wasm_split(charts, fallible)]
pub fn fetch_chart() -> Result<PartView, SplitLoaderError> {
    Ok(chart)
}

pub fn chart() -> Piece {
    view! { <ChartPanel/> }.erase()
}

#[component]
fn ChartPanel() -> impl IntoView {
    let Workspace { market, books, selected, chart_settings: settings, chart_tools: tools, first_candles, .. } =
        use_workspace();
    // The first ticker's candles, in the default interval, with which the server rendered the page.
    let initial = first_candles.try_update_value(Option::take).flatten();
    let container = NodeRef::<Div>::new();
    let library = LibraryLoad::begin();
    let candles = Candles::follow(market, selected, settings.interval, initial);
    let fills = follow_fills(books, selected);
    let hovered = RwSignal::new(None);
    let (edge, looks) = (RwSignal::new(None), RwSignal::new(()));
    draw(Drawing { container, library, candles, settings, books, fills, hovered, edge, looks, tools });

    let is_waiting = move || library.and(candles.loading) == Loading::Pending;
    view! {
        <section class="panel chart" aria-label="Chart">
            <div class="bar chart-bar">
                <Heading market selected/>
                {show_quiet_part(Part::Symbol)}
                {show_quiet_part(Part::Documents)}
                <ChartControls settings/>
            </div>
            <div class="chart-body">
                <div
                    class="chart-area"
                    node_ref=container
                    data-testid="main-chart"
                    data-ticker=move || selected.get().map(|ticker| ticker.to_string())
                    data-loading=move || is_waiting().to_string()
                    on:pointerup=move |_| looks.set(())
                    on:pointermove=move |event| {
                        tools.point(Some(f64::from(event.offset_y())));
                        if event.buttons() > 0 {
                            looks.set(());
                        }
                    }
                    on:pointerleave=move |_| tools.point(None)
                    on:contextmenu=move |event| tools.open_menu(&event)
                    on:wheel=move |_| looks.set(())
                ></div>
                {show_edge(edge)}
                {show_quiet_part(Part::OrderLines)}
                {show_alert_button()}
                <Legend reading=Reading { candles, hovered } settings/>
                {show_notice("The chart", library, candles.loading, candles.retries)}
                {show_remarks(candles, fills)}
            </div>
            <a class="chart-credit" href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
                "Charts by TradingView"
            </a>
        </section>
    }
}

/// Opens the form for an alert on the chart's ticker.
fn show_alert_button() -> Piece {
    let workspace = use_workspace();
    let open = move |_| open_form(workspace, workspace.selected.get_untracked());
    view! {
        <button
            class="chart-alert"
            data-testid="chart-alert"
            aria-label="New alert on this ticker"
            title="New alert (A: at a price)"
            on:click=open
        >
            {icons::show(icons::BELL)}
        </button>
    }
    .erase()
}

#[component]
fn Heading(market: Market, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let quote = move || market.quote(selected.get()?);
    let direction = move || quote().map_or(Direction::Flat, |quote| Direction::of(quote.day_change())).as_str();
    view! {
        <h2 class="title" translate="no">{move || or_missing(selected.get())}</h2>
        <span class="last" translate="no">{move || or_missing(quote().map(|quote| quote.price))}</span>
        <span class=direction translate="no">{move || quote().map(describe_day)}</span>
    }
    .erase()
}

/// `▲ +11.47 (+1.43%)`
fn describe_day(quote: Quote) -> String {
    let change = quote.day_change();
    let (arrow, change) = (arrow(Direction::of(change)), signed_change(change));
    format!("{arrow} {change} ({})", signed_percent(quote.day_change_percent()))
}

/// The average cost, at the edge that its line is beyond.
fn show_edge(edge: RwSignal<Option<CostEdge>>) -> Piece {
    let label = move || {
        edge.get().map(|CostEdge { price, is_above, top }| {
            let (arrow, name) = if is_above { ("▲", "above") } else { ("▼", "below") };
            view! {
                <p class="cost-edge" data-testid="cost-edge" data-edge=name style:top=format!("{top}px")>
                    {format!("{arrow} avg cost {price}")}
                </p>
            }
        })
    };
    label.erase()
}

/// What the panel says beside the drawing.
fn show_remarks(candles: Candles, fills: RwSignal<Option<Fills>>) -> Piece {
    let is_empty =
        move || candles.loading.get() == Loading::Ready && candles.with(|shown| shown.series.candles().is_empty());
    let are_fills_unknown = move || fills.with(|fills| fills.as_ref().is_some_and(Fills::are_unknown));
    view! {
        <p class="panel-empty" hidden=move || !is_empty()>
            "There are no prices of this ticker yet; they are drawn as they come."
        </p>
        <p class="chart-note" hidden=move || !are_fills_unknown()>
            "Your trades could not be read, so none are marked."
        </p>
    }
    .erase()
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
    /// Where the average cost is out of view.
    edge: RwSignal<Option<CostEdge>>,
    /// Written when a person may have changed what is in view.
    looks: RwSignal<()>,
    tools: ChartTools,
}

/// Draws once there is a library and a place; another theme is another chart, in its colours.
fn draw(drawing: Drawing) {
    let Drawing { container, library, candles, settings, books, fills, hovered, edge, looks, tools } = drawing;
    let (theme, is_forced) = (use_theme(), use_media(FORCED_COLORS_QUERY));
    let is_present = follow_presence(container);
    effect(move || {
        let (Some(container), Some(library)) = (container.get(), library.get()) else {
            return;
        };
        theme.get();
        is_forced.track();
        let layers = untrack(|| settings.layers());
        let chart = PriceChart::new(&library, &container, layers, move |time| hovered.set(time));
        // Ends with this effect, as do those below; dropping it removes the chart.
        let plot = StoredValue::new_local(Plot::new(chart));
        // A chart that nobody sees is drawn when somebody does, with all that has changed until then.
        let when_seen = |draw: Box<dyn Fn()>| {
            effect(move || {
                if is_present.get() {
                    draw()
                }
            })
        };
        when_seen(Box::new(move || {
            let layers = settings.layers();
            candles.with_change(|shown, change| plot.update_value(|plot| plot.show(shown, layers, change)));
        }));
        when_seen(Box::new(move || {
            let marks = |fills: &Fills| candles.with(|shown| fills.marks(shown));
            let marks = fills.with(|fills| fills.as_ref().map(marks)).unwrap_or_default();
            plot.update_value(|plot| plot.chart.set_fills(marks));
        }));
        when_seen(Box::new(move || {
            let ticker = candles.with(|shown| shown.ticker);
            let average_cost = ticker.and_then(|ticker| books.position(ticker)?.avg_cost);
            plot.update_value(|plot| plot.chart.set_average_cost(average_cost));
        }));
        when_seen(Box::new(move || {
            let ticker = candles.with(|shown| shown.ticker);
            let _ = ticker.and_then(|ticker| books.quantity(ticker));
            looks.track();
            hovered.track();
            settings.layers();
            // After the library's own drawing, which decides about the scale.
            request_animation_frame(move || {
                let now = plot.try_with_value(|plot| plot.chart.cost_edge()).flatten();
                if edge.try_get_untracked().is_some_and(|shown| shown != now) {
                    edge.set(now);
                }
                tools.rescale(plot.try_with_value(|plot| plot.chart.price_scale()).flatten());
            });
        }));
    });
}
