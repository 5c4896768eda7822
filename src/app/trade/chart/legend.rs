//! The legend over the chart: the candle below the crosshair, or the latest one, in figures.

use leptos::prelude::*;

use super::{
    candles::Candles,
    settings::{ChartSettings, study_name},
    studies::label,
};
use crate::{
    app::{
        erase::{Erase, Piece},
        format::{MISSING, compact_count, decimal},
    },
    domain::{candle::Candle, quote::Direction},
    interop::lightweight_charts::price_chart::Study,
};

/// What the legend reads; copies share it.
#[derive(Clone, Copy)]
pub struct Reading {
    pub candles: Candles,
    /// The time of the candle below the crosshair.
    pub hovered: RwSignal<Option<i64>>,
}

impl Reading {
    fn index(self) -> Option<usize> {
        let hovered = self.hovered.get();
        self.candles.with(|shown| {
            let found = hovered.and_then(|time| shown.series.index_of(time));
            found.or(shown.series.candles().len().checked_sub(1))
        })
    }

    fn candle(self) -> Option<Candle> {
        let index = self.index()?;
        self.candles.with(|shown| shown.series.candles().get(index).copied())
    }

    fn study(self, study: Study) -> Option<f64> {
        let index = self.index()?;
        self.candles.with(|shown| shown.study(study).value(index))
    }
}

#[component]
pub fn Legend(reading: Reading, settings: ChartSettings) -> impl IntoView {
    let direction =
        move || reading.candle().map_or("", |candle| Direction::of(candle.close.change_from(candle.open)).as_str());
    let studies = Study::ALL.map(|study| show_study(reading, study, settings));
    view! {
        <dl class="chart-legend" translate="no" data-testid="chart-legend">
            <div class=direction>
                {show_figure(reading, "O", "legend-open", |candle| candle.open.to_string())}
                {show_figure(reading, "H", "legend-high", |candle| candle.high.to_string())}
                {show_figure(reading, "L", "legend-low", |candle| candle.low.to_string())}
                {show_figure(reading, "C", "legend-close", |candle| candle.close.to_string())}
            </div>
            <div>{show_figure(reading, "Vol", "legend-volume", |candle| compact_count(candle.volume))}</div>
            {studies}
        </dl>
    }
    .erase()
}

fn show_figure(reading: Reading, name: &'static str, test_id: &'static str, read: fn(&Candle) -> String) -> Piece {
    let figure = move || reading.candle().as_ref().map_or_else(|| MISSING.to_owned(), read);
    view! {
        <dt>{name}</dt>
        <dd data-testid=test_id>{figure}</dd>
    }
    .erase()
}

/// Stands there whether its study is drawn or not, and shows where it is.
fn show_study(reading: Reading, study: Study, settings: ChartSettings) -> Piece {
    let is_hidden = Signal::derive(move || !settings.has(study));
    let value = Signal::derive(move || match is_hidden.get() {
        true => String::new(),
        false => reading.study(study).map_or_else(|| MISSING.to_owned(), |value| decimal(value, 2)),
    });
    view! {
        <div data-study=study_name(study) hidden=is_hidden>
            <dt>{label(study)}</dt>
            <dd>{value}</dd>
        </div>
    }
    .erase()
}
