//! What the chart shows: its interval, its style and its studies, remembered by the browser.

use leptos::prelude::*;

use crate::{
    app::{effects::effect, storage},
    domain::candle::Interval,
    interop::lightweight_charts::price_chart::{Layers, PriceStyle, Study},
};

const STORAGE_KEY: &str = "chart";
const VOLUME: &str = "volume";

/// The handle to the chart's settings; copies share it.
#[derive(Clone, Copy)]
pub struct ChartSettings {
    pub interval: RwSignal<Interval>,
    layers: RwSignal<Layers>,
}

impl ChartSettings {
    /// As the server renders the page; what was remembered takes its place once the page is hydrated.
    pub fn new() -> Self {
        let settings = Self { interval: RwSignal::new(Interval::default()), layers: RwSignal::new(default_layers()) };
        effect(move || {
            let recall = move |remembered: &str| {
                if !remembered.is_empty() {
                    settings.recall(remembered);
                }
            };
            storage::keep(STORAGE_KEY, move || settings.words(), recall);
        });
        settings
    }

    /// Tracked.
    pub fn layers(self) -> Layers {
        self.layers.get()
    }

    pub fn set_style(self, style: PriceStyle) {
        self.layers.update(|layers| layers.style = style);
    }

    pub fn toggle_volume(self) {
        self.layers.update(|layers| layers.has_volume = !layers.has_volume);
    }

    /// Whether a study is drawn, tracked.
    pub fn has(self, study: Study) -> bool {
        self.layers.with(|layers| layers.studies.contains(&study))
    }

    pub fn toggle(self, study: Study) {
        self.layers.update(|layers| match layers.studies.iter().position(|drawn| *drawn == study) {
            Some(index) => {
                layers.studies.remove(index);
            }
            None => layers.studies.push(study),
        });
    }

    /// As it is remembered: `1m candles volume sma20`.
    fn words(self) -> String {
        let layers = self.layers.get();
        let mut words = vec![self.interval.get().as_str(), style_name(layers.style)];
        words.extend(layers.has_volume.then_some(VOLUME));
        words.extend(layers.studies.into_iter().map(study_name));
        words.join(" ")
    }

    /// What is not understood, such as a study of a later version, is left out.
    fn recall(self, remembered: &str) {
        let words: Vec<&str> = remembered.split(' ').collect();
        if let Some(interval) = words.iter().find_map(|word| word.parse().ok()) {
            self.interval.set(interval);
        }
        let style = PriceStyle::ALL.into_iter().find(|style| words.contains(&style_name(*style)));
        let studies = Study::ALL.into_iter().filter(|study| words.contains(&study_name(*study))).collect();
        let layers = Layers { style: style.unwrap_or_default(), has_volume: words.contains(&VOLUME), studies };
        if layers != self.layers.get_untracked() {
            self.layers.set(layers);
        }
    }
}

fn default_layers() -> Layers {
    Layers { style: PriceStyle::Candles, has_volume: true, studies: vec![Study::SimpleAverage] }
}

/// As it is written in the page's attributes, and remembered.
pub fn style_name(style: PriceStyle) -> &'static str {
    match style {
        PriceStyle::Candles => "candles",
        PriceStyle::Line => "line",
        PriceStyle::Area => "area",
    }
}

/// As it is written in the page's attributes, and remembered.
pub fn study_name(study: Study) -> &'static str {
    match study {
        Study::SimpleAverage => "sma20",
        Study::ExponentialAverage => "ema50",
        Study::RelativeStrength => "rsi14",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_recalled_as_they_were_remembered() {
        let owner = Owner::new();
        owner.with(|| {
            let settings = ChartSettings::new();
            assert_eq!(settings.words(), "1m candles volume sma20");
            settings.recall("1h area rsi14 ema50 something-new");
            assert_eq!(settings.words(), "1h area ema50 rsi14");
            settings.toggle(Study::RelativeStrength);
            settings.toggle(Study::SimpleAverage);
            settings.toggle_volume();
            assert_eq!(settings.words(), "1h area volume ema50 sma20");
            settings.recall("nonsense");
            assert_eq!(settings.words(), "1h candles");
        });
    }
}
