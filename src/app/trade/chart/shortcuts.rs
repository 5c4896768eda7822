//! What can be done to the chart from the keyboard, and from the palette.

use leptos::prelude::*;

use super::{
    controls::{interval_words, style_words},
    settings::ChartSettings,
    studies::label,
};
use crate::{
    app::commands::{Commands, Section},
    domain::candle::Interval,
    interop::lightweight_charts::price_chart::{PriceStyle, Study},
};

/// `1` to `5` choose the interval.
const INTERVAL_KEYS: [&str; Interval::ALL.len()] = ["1", "2", "3", "4", "5"];

pub fn register(commands: Commands, settings: ChartSettings) {
    let add = |title: String, key, run: Box<dyn Fn() + Send + Sync>| commands.add(Section::Chart, title, key, run);
    for (interval, key) in Interval::ALL.into_iter().zip(INTERVAL_KEYS) {
        let title = format!("Candles of {}", interval_words(interval));
        add(title, Some(key), Box::new(move || settings.interval.set(interval)));
    }
    for style in PriceStyle::ALL {
        let title = format!("Draw the price as {}", style_words(style).to_ascii_lowercase());
        add(title, None, Box::new(move || settings.set_style(style)));
    }
    for study in Study::ALL {
        add(format!("Show or hide {}", label(study)), None, Box::new(move || settings.toggle(study)));
    }
    add("Show or hide the volume".to_owned(), None, Box::new(move || settings.toggle_volume()));
}
