//! What is on the canvas: follows candles and settings, and draws no more than has changed.

use super::candles::Shown;
use crate::{
    domain::candle_series::Change,
    interop::lightweight_charts::price_chart::{Layers, PriceChart},
};

/// A chart, and what it was given.
pub struct Plot {
    pub chart: PriceChart,
    /// Which of the series that were shown one after the other is drawn.
    generation: Option<u32>,
}

impl Plot {
    /// Nothing is drawn yet.
    pub fn new(chart: PriceChart) -> Self {
        Self { chart, generation: None }
    }

    /// Draws `shown`, of which `change` is new, in the layers chosen.
    pub fn show(&mut self, shown: &Shown, layers: Layers, change: Change) {
        let is_new = self.generation.replace(shown.generation) != Some(shown.generation);
        let is_relaid = *self.chart.layers() != layers;
        if is_relaid {
            self.chart.set_layers(layers);
        }
        match change {
            _ if is_new || is_relaid => self.draw(shown, is_new),
            Change::All => self.draw(shown, false),
            Change::From(index) => self.revise(shown, index),
            Change::Nothing => {}
        }
    }

    fn draw(&mut self, shown: &Shown, is_new: bool) {
        let candles = shown.series.candles();
        self.chart.draw(candles, shown.series.interval(), is_new);
        for study in &self.chart.layers().studies {
            self.chart.draw_study(*study, shown.study(*study).points(candles));
        }
    }

    fn revise(&mut self, shown: &Shown, from: usize) {
        let candles = shown.series.candles();
        let last = candles.len().saturating_sub(1);
        for (index, candle) in candles.iter().enumerate().skip(from) {
            self.chart.update(candle, index < last);
        }
        for study in &self.chart.layers().studies {
            for (index, candle) in candles.iter().enumerate().skip(from) {
                if let Some(value) = shown.study(*study).value(index) {
                    self.chart.update_study(*study, candle.time, value, index < last);
                }
            }
        }
    }
}
