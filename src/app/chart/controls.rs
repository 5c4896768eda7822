//! The chart's controls: interval, style, and what is drawn beside the price.

use leptos::prelude::*;

use super::{
    settings::{ChartSettings, study_name, style_name},
    studies::label,
};
use crate::{
    domain::candle::Interval,
    interop::lightweight_charts::price_chart::{PriceStyle, Study},
};

#[component]
pub fn ChartControls(settings: ChartSettings) -> impl IntoView {
    view! {
        <div class="choices" role="group" aria-label="Interval">
            {Interval::ALL.map(|interval| view! { <IntervalButton settings interval/> }).collect_view()}
        </div>
        <StyleChoice settings/>
        <div class="choices" role="group" aria-label="Studies">
            <button
                data-testid="chart-toggle"
                data-layer="volume"
                aria-pressed=move || settings.layers().has_volume.to_string()
                on:click=move |_| settings.toggle_volume()
            >
                "Volume"
            </button>
            {Study::ALL.map(|study| view! { <StudyButton settings study/> }).collect_view()}
        </div>
    }
    .into_any()
}

#[component]
fn IntervalButton(settings: ChartSettings, interval: Interval) -> impl IntoView {
    let words = match interval {
        Interval::Second => "1 second",
        Interval::Minute => "1 minute",
        Interval::FiveMinutes => "5 minutes",
        Interval::Hour => "1 hour",
        Interval::Day => "1 day",
    };
    view! {
        <button
            data-testid="chart-interval"
            data-interval=interval.as_str()
            aria-label=words
            aria-pressed=move || (settings.interval.get() == interval).to_string()
            on:click=move |_| settings.interval.set(interval)
        >
            {interval.as_str()}
        </button>
    }
}

#[component]
fn StudyButton(settings: ChartSettings, study: Study) -> impl IntoView {
    view! {
        <button
            data-testid="chart-toggle"
            data-layer=study_name(study)
            aria-pressed=move || settings.has(study).to_string()
            on:click=move |_| settings.toggle(study)
        >
            {label(study)}
        </button>
    }
}

#[component]
fn StyleChoice(settings: ChartSettings) -> impl IntoView {
    let words = |style| match style {
        PriceStyle::Candles => "Candles",
        PriceStyle::Line => "Line",
        PriceStyle::Area => "Area",
    };
    let choose = move |name: String| {
        if let Some(style) = PriceStyle::ALL.into_iter().find(|style| style_name(*style) == name) {
            settings.set_style(style);
        }
    };
    view! {
        <select
            class="choice"
            data-testid="chart-style"
            aria-label="Chart style"
            prop:value=move || style_name(settings.layers().style)
            on:change:target=move |event| choose(event.target().value())
        >
            {PriceStyle::ALL.map(|style| view! { <option value=style_name(style)>{words(style)}</option> }).collect_view()}
        </select>
    }
}
