//! The equity curve: a line over the initial deposit, with the high-water mark.

use web_sys::HtmlElement;

use super::{
    bindings::{Chart, Library, PriceLine, Series},
    local_time::LocalTime,
    money_scale::MoneyScale,
    options,
    palette::{Palette, faded},
    points,
};
use crate::domain::{equity::Snapshot, money::Money};

/// The chart always shows its whole range, and ranges are chosen outside it, so it cannot scroll. Times at its edges
/// are moved inwards to be readable. Points may be much closer than the library's default minimum of half a pixel.
const WHOLE: &str = r#"{
    "handleScroll": false, "handleScale": false,
    "timeScale": { "rightOffset": 0, "minBarSpacing": 0.001, "lockVisibleTimeRangeOnResize": true }
}"#;

/// A chart that follows its container's size. Dropping it removes it from the page.
pub struct EquityChart {
    chart: Chart,
    palette: Palette,
    curve: Series,
    high_water_mark: Option<(Money, PriceLine)>,
    /// Kept alive because the chart calls them.
    _local_time: LocalTime,
    _scale: MoneyScale,
}

impl EquityChart {
    /// `deposit` is the baseline: above it the curve is a gain, below it a loss.
    pub fn new(library: &Library, container: &HtmlElement, deposit: Money) -> Self {
        let palette = Palette::read(container);
        let chart_options = options(&palette.chart_options());
        let mut local_time = LocalTime::new();
        local_time.put_into(&chart_options);
        let chart = library.create_chart(container, &chart_options);
        local_time.weigh(&chart);
        chart.apply_options(&options(WHOLE));
        let (curve_options, scale) = (options(&curve_options(&palette, deposit)), MoneyScale::new());
        scale.put_into(&curve_options);
        let curve = chart.add_series(&library.kind("BaselineSeries"), &curve_options, 0);
        curve.create_price_line(&options(&level_options(&palette, deposit, "deposit", &palette.muted)));
        Self { chart, palette, curve, high_water_mark: None, _local_time: local_time, _scale: scale }
    }

    /// Draws the curve in place of the previous one, in order of time.
    pub fn draw(&self, snapshots: &[Snapshot]) {
        let point =
            |snapshot: &Snapshot| points::value(snapshot.recorded_at.unix_second(), dollars(snapshot.total_value));
        self.curve.set_data(&points::all(snapshots.iter().map(point)));
        self.chart.time_scale().fit_content();
    }

    /// Moves the last point, or appends one if `is_new`; `time` (Unix seconds) must not precede the last point's.
    pub fn update(&self, time: i64, total_value: Money, is_new: bool) {
        self.curve.update(&points::value(time, dollars(total_value)), false);
        if is_new {
            self.chart.time_scale().fit_content();
        }
    }

    /// Draws a line at the high-water mark.
    pub fn set_high_water_mark(&mut self, value: Money) {
        if let Some((drawn, line)) = self.high_water_mark.take() {
            if drawn == value {
                self.high_water_mark = Some((drawn, line));
                return;
            }
            self.curve.remove_price_line(&line);
        }
        let level = level_options(&self.palette, value, "high", &self.palette.accent);
        let line = self.curve.create_price_line(&options(&level));
        self.high_water_mark = Some((value, line));
    }
}

impl Drop for EquityChart {
    fn drop(&mut self) {
        self.chart.remove();
    }
}

/// Dollars as a float, for drawing only.
fn dollars(amount: Money) -> f64 {
    amount.cents() as f64 / 100.0
}

/// Options of a horizontal line with a label at the axis.
fn level_options(palette: &Palette, level: Money, title: &str, color: &str) -> String {
    format!(
        r#"{{
            "price": {}, "title": "{title}", "color": "{color}", "lineWidth": 1, "lineStyle": 2,
            "axisLabelVisible": true, "axisLabelColor": "{}", "axisLabelTextColor": "{color}"
        }}"#,
        dollars(level),
        palette.panel,
    )
}

fn curve_options(palette: &Palette, deposit: Money) -> String {
    let Palette { up, down, .. } = palette;
    format!(
        r#"{{
            "baseValue": {{ "type": "price", "price": {} }}, "lineWidth": 2, "priceLineVisible": false,
            "topLineColor": "{up}", "topFillColor1": "{}", "topFillColor2": "{}",
            "bottomLineColor": "{down}", "bottomFillColor1": "{}", "bottomFillColor2": "{}"
        }}"#,
        dollars(deposit),
        faded(up, 0.24),
        faded(up, 0.02),
        faded(down, 0.02),
        faded(down, 0.24),
    )
}
