//! The performance chart: the account against its comparisons, day by day, and below it how far it is from its high.

use js_sys::Array;
use web_sys::HtmlElement;

use super::{
    bindings::{Chart, Library, Markers, Series},
    options,
    palette::{Palette, faded},
    points::{self, Point},
};

/// The chart always shows its whole range. Its times are dates at midnight UTC, which is what the library's labels show.
const WHOLE: &str = r#"{
    "handleScroll": false, "handleScale": false,
    "rightPriceScale": { "scaleMargins": { "top": 0.08, "bottom": 0.08 } },
    "timeScale": {
        "timeVisible": false, "secondsVisible": false, "rightOffset": 0, "minBarSpacing": 0.001,
        "lockVisibleTimeRangeOnResize": true
    }
}"#;

/// Unix seconds and a value.
type Values = [(i64, f64)];

/// What is drawn.
pub struct Curves<'a> {
    pub own: &'a Values,
    pub benchmark: &'a Values,
    pub holding: &'a Values,
    /// Below 0; empty for none.
    pub underwater: &'a Values,
    /// Deposits and withdrawals: the time, whether it is a deposit, and the amount in words.
    pub flows: &'a [(i64, bool, String)],
    /// What the values of all but the drawdown are in.
    pub unit: Unit,
}

/// What values are in, for the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Percent,
    Dollars,
    Ratio,
}

impl Unit {
    fn format(self) -> &'static str {
        match self {
            Self::Percent => r#"{ "priceFormat": { "type": "percent", "precision": 2, "minMove": 0.01 } }"#,
            Self::Dollars | Self::Ratio => r#"{ "priceFormat": { "type": "price", "precision": 2, "minMove": 0.01 } }"#,
        }
    }
}

/// A chart that follows its container's size. Dropping it removes it from the page.
pub struct PerformanceChart {
    chart: Chart,
    palette: Palette,
    own: Series,
    benchmark: Series,
    holding: Series,
    underwater: Series,
    markers: Markers,
}

impl PerformanceChart {
    pub fn new(library: &Library, container: &HtmlElement) -> Self {
        let palette = Palette::read(container);
        let chart = library.create_chart(container, &options(&palette.chart_options()));
        chart.apply_options(&options(WHOLE));
        let (line, area) = (library.kind("LineSeries"), library.kind("AreaSeries"));
        let benchmark = chart.add_series(&line, &options(&line_options(&palette.muted, 0)), 0);
        let holding = chart.add_series(&line, &options(&line_options(&palette.accent, 2)), 0);
        let own = chart.add_series(&area, &options(&own_options(&palette)), 0);
        let underwater = chart.add_series(&area, &options(&underwater_options(&palette)), 1);
        for (pane, factor) in chart.panes().iter().zip([3.0, 1.0]) {
            pane.set_stretch_factor(factor);
        }
        let markers = library.create_series_markers(&own);
        Self { chart, palette, own, benchmark, holding, underwater, markers }
    }

    /// Draws curves in place of the previous ones, each in order of time.
    pub fn draw(&self, curves: &Curves<'_>) {
        let format = options(curves.unit.format());
        for (series, values) in
            [(&self.own, curves.own), (&self.benchmark, curves.benchmark), (&self.holding, curves.holding)]
        {
            series.apply_options(&format);
            series.set_data(&all(values));
        }
        self.underwater.set_data(&all(curves.underwater));
        let color = &self.palette.accent;
        let mark = |(time, is_deposit, words): &(i64, bool, String)| {
            let (position, shape) = if *is_deposit { ("belowBar", "arrowUp") } else { ("aboveBar", "arrowDown") };
            format!(
                r#"{{ "time": {time}, "position": "{position}", "shape": "{shape}", "color": "{color}", "text": "{words}" }}"#
            )
        };
        let marks: Vec<String> = curves.flows.iter().map(mark).collect();
        self.markers.set_markers(&options(&format!("[{}]", marks.join(","))));
        self.chart.time_scale().fit_content();
    }
}

impl Drop for PerformanceChart {
    fn drop(&mut self) {
        self.markers.detach();
        self.chart.remove();
    }
}

fn all(values: &Values) -> Array<Point> {
    points::all(values.iter().map(|&(time, value)| points::value(time, value)))
}

fn line_options(color: &str, style: u32) -> String {
    format!(r#"{{ "color": "{color}", "lineWidth": 1, "lineStyle": {style}, "priceLineVisible": false }}"#)
}

fn own_options(palette: &Palette) -> String {
    let blue = &palette.blue;
    format!(
        r#"{{
            "lineColor": "{blue}", "lineWidth": 2, "topColor": "{}", "bottomColor": "{}", "priceLineVisible": false
        }}"#,
        faded(blue, 0.2),
        faded(blue, 0.02),
    )
}

/// Filled from the line up to 0.
fn underwater_options(palette: &Palette) -> String {
    let down = &palette.down;
    format!(
        r#"{{
            "lineColor": "{down}", "lineWidth": 1, "topColor": "{}", "bottomColor": "{}", "invertFilledArea": true,
            "priceLineVisible": false, "priceFormat": {{ "type": "percent", "precision": 2, "minMove": 0.01 }}
        }}"#,
        faded(down, 0.1),
        faded(down, 0.35),
    )
}
