//! The chart of the selected ticker.

use std::rc::Rc;

use leptos::{html::Div, prelude::*, task::spawn_local_scoped_with_cancellation};

use super::{
    format::{or_missing, signed_change, signed_percent},
    market::Market,
};
use crate::{
    api::load_candles,
    domain::{
        candle::{Candle, Interval},
        quote::{Direction, Quote},
        ticker::Ticker,
    },
    interop::lightweight_charts::PriceChart,
};

/// What a chart was last given.
#[derive(Debug, Clone, PartialEq)]
enum Loading {
    Pending,
    Ready,
    Failed(String),
}

#[component]
pub fn ChartPanel(
    market: Market,
    selected: RwSignal<Option<Ticker>>,
    /// What the server rendered the page with: the first ticker's prices.
    initial: Option<(Ticker, Vec<Candle>)>,
) -> impl IntoView {
    let container = NodeRef::<Div>::new();
    let loading = RwSignal::new(Loading::Pending);
    let retries = RwSignal::new(0_u32);
    let initial = StoredValue::new(initial);

    Effect::new(move || {
        let Some(container) = container.get() else {
            return;
        };
        // Lives as long as the effect below; the last handle to go removes the chart.
        let chart = Rc::new(PriceChart::new(&container));
        Effect::new(move || {
            retries.track();
            if let Some(ticker) = selected.get() {
                draw(chart.clone(), ticker, market, loading, initial);
            }
        });
    });

    let quote = Memo::new(move |_| market.shown(selected.get()?).map(|shown| shown.quote));
    let failure = move || match loading.get() {
        Loading::Failed(reason) => Some(reason),
        Loading::Pending | Loading::Ready => None,
    };
    view! {
        <section class="panel chart" aria-label="Chart">
            <div class="bar chart-bar">
                <h2 class="title">{move || or_missing(selected.get())}</h2>
                <span class="last">{move || or_missing(quote.get().map(|quote| quote.price))}</span>
                <span class=move || quote.get().map_or("", |quote| Direction::of(quote.day_change()).as_str())>
                    {move || quote.get().map(describe_day)}
                </span>
            </div>
            <div
                class="chart-area"
                node_ref=container
                data-testid="main-chart"
                data-ticker=move || selected.get().map(|ticker| ticker.to_string())
                data-loading=move || (loading.get() == Loading::Pending).to_string()
            ></div>
            <a class="chart-credit" href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
                "Charts by TradingView"
            </a>
            {move || failure().map(|reason| view! {
                <p class="panel-error" role="alert">
                    {format!("The chart could not be loaded. {reason}")}
                    <button on:click=move |_| retries.update(|count| *count += 1)>"Try again"</button>
                </p>
            })}
        </section>
    }
}

/// `+11.47 (+1.43%)`
fn describe_day(quote: Quote) -> String {
    format!("{} ({})", signed_change(quote.day_change()), signed_percent(quote.day_change_percent()))
}

/// Loads a ticker's recent prices into the chart, then follows its ticks; called anew, it ends what it did before.
fn draw(
    chart: Rc<PriceChart>,
    ticker: Ticker,
    market: Market,
    loading: RwSignal<Loading>,
    initial: StoredValue<Option<(Ticker, Vec<Candle>)>>,
) {
    let rendered = initial.try_update_value(Option::take).flatten().filter(|(first, _)| *first == ticker);
    loading.set(Loading::Pending);
    let follow = {
        let chart = chart.clone();
        move |last_time: i64| {
            Effect::new(move |drawn_until: Option<i64>| {
                let drawn_until = drawn_until.unwrap_or(last_time);
                let Some(shown) = market.shown(ticker) else {
                    return drawn_until;
                };
                let time = shown.quote.at.unix_ms().div_euclid(1_000);
                // The library takes no step back in time, which the server's clock may.
                if time < drawn_until {
                    return drawn_until;
                }
                chart.update(time, shown.quote.price);
                time
            });
        }
    };
    let show = move |points: &[Candle]| {
        chart.set_candles(points);
        loading.set(Loading::Ready);
        follow(points.last().map_or(i64::MIN, |point| point.time));
    };
    if let Some((_, points)) = rendered {
        return show(&points);
    }
    // Ends with the effect that this is called from, as do the effects that it makes.
    spawn_local_scoped_with_cancellation(async move {
        match load_candles(ticker, Interval::Second).await {
            Ok(points) => show(&points),
            Err(error) => loading.set(Loading::Failed(error.to_string())),
        }
    });
}
