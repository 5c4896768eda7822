//! The chart's controls: interval, style, and what is drawn beside the price.

use leptos::prelude::*;

use super::{
    choice::{Choice, show_choice},
    settings::{ChartSettings, study_name, style_name},
    studies::{label, short_label},
};
use crate::{
    app::erase::{Erase, Piece},
    domain::candle::Interval,
    interop::lightweight_charts::price_chart::{PriceStyle, Study},
};

#[component]
pub fn ChartControls(settings: ChartSettings) -> impl IntoView {
    let toggles: Vec<Piece> = Study::ALL.map(|study| show_study(settings, study)).into();
    let intervals: Vec<Piece> = Interval::ALL.map(|interval| show_interval(settings, interval)).into();
    view! {
        <div class="choices" role="group" aria-label="Interval">{intervals}</div>
        <StyleChoice settings/>
        <div class="choices" role="group" aria-label="Studies">
            {show_choice(
                Choice {
                    test_id: "chart-toggle",
                    key: "volume",
                    words: "Volume".to_owned(),
                    label: "Vol".to_owned(),
                },
                move || settings.layers().has_volume,
                move || settings.toggle_volume(),
            )}
            {toggles}
        </div>
    }
    .erase()
}

pub fn interval_words(interval: Interval) -> &'static str {
    match interval {
        Interval::Second => "1 second",
        Interval::Minute => "1 minute",
        Interval::FiveMinutes => "5 minutes",
        Interval::Hour => "1 hour",
        Interval::Day => "1 day",
    }
}

pub fn style_words(style: PriceStyle) -> &'static str {
    match style {
        PriceStyle::Candles => "Candles",
        PriceStyle::Line => "Line",
        PriceStyle::Area => "Area",
    }
}

fn show_interval(settings: ChartSettings, interval: Interval) -> Piece {
    show_choice(
        Choice {
            test_id: "chart-interval",
            key: interval.as_str(),
            words: interval_words(interval).to_owned(),
            label: interval.as_str().to_owned(),
        },
        move || settings.interval.get() == interval,
        move || settings.interval.set(interval),
    )
}

fn show_study(settings: ChartSettings, study: Study) -> Piece {
    show_choice(
        Choice {
            test_id: "chart-toggle",
            key: study_name(study),
            words: label(study),
            label: short_label(study).to_owned(),
        },
        move || settings.has(study),
        move || settings.toggle(study),
    )
}

#[component]
fn StyleChoice(settings: ChartSettings) -> impl IntoView {
    let option = |style| view! { <option value=style_name(style)>{style_words(style)}</option> }.erase();
    let options: Vec<Piece> = PriceStyle::ALL.map(option).into();
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
            {options}
        </select>
    }
    .erase()
}
