//! The legend over the chart: the candle below the crosshair, or the latest one, in figures.

use leptos::prelude::*;

use super::{
    candles::Candles,
    settings::{ChartSettings, study_name},
    studies::label,
};
use crate::{
    app::format::{MISSING, compact_count},
    domain::{candle::Candle, quote::Direction},
    interop::lightweight_charts::price_chart::Study,
};

#[component]
pub fn Legend(candles: Candles, settings: ChartSettings, hovered: RwSignal<Option<i64>>) -> impl IntoView {
    let index = Memo::new(move |_| {
        let hovered = hovered.get();
        candles.with(|shown| {
            let found = hovered.and_then(|time| shown.series.index_of(time));
            found.or(shown.series.candles().len().checked_sub(1))
        })
    });
    let candle = Memo::new(move |_| candles.with(|shown| shown.series.candles().get(index.get()?).copied()));
    let figure = move |read: fn(&Candle) -> String| {
        move || candle.with(|candle| candle.as_ref().map_or_else(|| MISSING.to_owned(), read))
    };
    let direction =
        move || candle.get().map_or("", |candle| Direction::of(candle.close.change_from(candle.open)).as_str());
    let value = move |study: Study| {
        let value = candles.with(|shown| shown.study(study).value(index.get()?));
        value.map_or_else(|| MISSING.to_owned(), |value| format!("{value:.2}"))
    };
    view! {
        <dl class="chart-legend" data-testid="chart-legend">
            <div class=direction>
                <dt>"O"</dt>
                <dd data-testid="legend-open">{figure(|candle| candle.open.to_string())}</dd>
                <dt>"H"</dt>
                <dd data-testid="legend-high">{figure(|candle| candle.high.to_string())}</dd>
                <dt>"L"</dt>
                <dd data-testid="legend-low">{figure(|candle| candle.low.to_string())}</dd>
                <dt>"C"</dt>
                <dd data-testid="legend-close">{figure(|candle| candle.close.to_string())}</dd>
            </div>
            <div>
                <dt>"Vol"</dt>
                <dd data-testid="legend-volume">{figure(|candle| compact_count(candle.volume))}</dd>
            </div>
            <For each=move || settings.layers().studies key=|study| study_name(*study) let:study>
                <div data-study=study_name(study)>
                    <dt>{label(study)}</dt>
                    <dd>{move || value(study)}</dd>
                </div>
            </For>
        </dl>
    }
}
