//! A chart of prices: candles or a line, with volume, averages, relative strength, trades and the average cost.

use js_sys::JsString;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::HtmlElement;

use super::{
    bindings::{Chart, CrosshairMove, Library, Markers, PriceLine, Series},
    local_time::LocalTime,
    options,
    palette::{Palette, faded},
    points,
    price_scale::PriceScale,
};
use crate::domain::{
    candle::{Candle, Interval},
    money::Price,
    order::Side,
};

/// Style of the price's series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PriceStyle {
    #[default]
    Candles,
    Line,
    Area,
}

/// A line drawn beside the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Study {
    SimpleAverage,
    ExponentialAverage,
    /// Relative strength, in a pane of its own with lines at 30 and 70.
    RelativeStrength,
}

impl PriceStyle {
    pub const ALL: [Self; 3] = [Self::Candles, Self::Line, Self::Area];
}

impl Study {
    /// In order of their discriminants.
    pub const ALL: [Self; 3] = [Self::SimpleAverage, Self::ExponentialAverage, Self::RelativeStrength];
}

/// Layers that are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    pub style: PriceStyle,
    pub has_volume: bool,
    pub studies: Vec<Study>,
}

/// A trade, marked at the candle that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillMark {
    pub time: i64,
    pub side: Side,
}

/// Edge label for an average cost that is out of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostEdge {
    pub price: Price,
    pub is_above: bool,
    /// Position of its label, in CSS pixels below the top of the chart.
    pub top: i32,
}

/// Height of the label and the space around it, in CSS pixels.
const EDGE_LABEL_HEIGHT: f64 = 22.0;
const EDGE_MARGIN: f64 = 4.0;

/// The edge label for a price at `y` in a pane of this height; `None` if the price is in view.
fn cost_edge(price: Price, y: f64, height: f64) -> Option<CostEdge> {
    let is_above = y < 0.0;
    let top = if is_above { EDGE_MARGIN } else { height - EDGE_LABEL_HEIGHT - EDGE_MARGIN };
    (is_above || y > height).then_some(CostEdge { price, is_above, top: top.max(EDGE_MARGIN) as i32 })
}

/// Relative heights of the panes.
const PRICE_STRETCH: f64 = 0.66;
const VOLUME_STRETCH: f64 = 0.14;
const STUDY_STRETCH: f64 = 0.2;

/// A chart that follows its container's size. Dropping it removes it from the page.
pub struct PriceChart {
    library: Library,
    chart: Chart,
    palette: Palette,
    local_time: LocalTime,
    layers: Layers,
    price: Series,
    /// Decimal places of the prices.
    decimals: u32,
    volume: Option<Volume>,
    studies: Vec<(Study, Series)>,
    markers: Markers,
    fills: Vec<FillMark>,
    average_cost: Option<(Price, PriceLine)>,
    crosshair: Closure<dyn FnMut(CrosshairMove)>,
}

/// The volume's series, with the colours of a rise and a fall.
struct Volume {
    bars: Series,
    up: JsString,
    down: JsString,
}

impl PriceChart {
    /// `on_hover` receives the time of the candle below the crosshair, or `None` when the crosshair leaves.
    pub fn new(
        library: &Library,
        container: &HtmlElement,
        layers: Layers,
        mut on_hover: impl FnMut(Option<i64>) + 'static,
    ) -> Self {
        let palette = Palette::read(container);
        let mut local_time = LocalTime::new();
        let chart_options = options(&palette.chart_options());
        local_time.put_into(&chart_options);
        let chart = library.create_chart(container, &chart_options);
        local_time.weigh(&chart);
        let crosshair =
            Closure::new(move |moved: CrosshairMove| on_hover(moved.time().map(|unix_seconds| unix_seconds as i64)));
        chart.subscribe_crosshair_move(crosshair.as_ref().unchecked_ref());
        let price = add_price(library, &chart, &palette, layers.style);
        let markers = library.create_series_markers(&price);
        let mut this = Self {
            library: library.clone(),
            chart,
            palette,
            local_time,
            layers,
            price,
            decimals: 2,
            volume: None,
            studies: Vec::new(),
            markers,
            fills: Vec::new(),
            average_cost: None,
            crosshair,
        };
        this.add_panes();
        this
    }

    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Changes the layers; afterwards all candles and studies must be drawn again.
    pub fn set_layers(&mut self, layers: Layers) {
        let is_restyled = layers.style != self.layers.style;
        self.layers = layers;
        self.remove_panes();
        if is_restyled {
            self.replace_price();
        }
        self.add_panes();
    }

    /// Draws `candles`, in order of time, in place of the previous ones. If `is_new`, scrolls to the latest; otherwise
    /// keeps the visible range.
    pub fn draw(&mut self, candles: &[Candle], interval: Interval, is_new: bool) {
        self.clear_beside_price();
        self.local_time.set_whole_days(interval == Interval::Day);
        self.set_decimals(if candles.iter().all(|candle| candle.close.units() % 100 == 0) { 2 } else { 4 });
        self.price.set_data(&points::all(candles.iter().map(|candle| self.price_point(candle))));
        if let Some(volume) = &self.volume {
            volume.bars.set_data(&points::all(candles.iter().map(|candle| volume.point(candle))));
        }
        if is_new {
            self.chart.time_scale().reset();
        }
    }

    /// Updates a drawn candle or appends the next one; `is_past` for one before the last.
    pub fn update(&self, candle: &Candle, is_past: bool) {
        self.price.update(&self.price_point(candle), is_past);
        if let Some(volume) = &self.volume {
            volume.bars.update(&volume.point(candle), is_past);
        }
    }

    /// Draws a study's values in place of the previous ones.
    pub fn draw_study(&self, study: Study, values: impl Iterator<Item = (i64, f64)>) {
        if let Some(line) = self.study(study) {
            line.set_data(&points::all(values.map(|(time, value)| points::value(time, value))));
        }
    }

    /// Like [`Self::update`], for a study's value.
    pub fn update_study(&self, study: Study, time: i64, value: f64, is_past: bool) {
        if let Some(line) = self.study(study) {
            line.update(&points::value(time, value), is_past);
        }
    }

    /// Marks own trades, in order of time.
    pub fn set_fills(&mut self, fills: Vec<FillMark>) {
        if self.fills != fills {
            self.fills = fills;
            self.mark_fills();
        }
    }

    /// Draws a line at the average cost, or removes it.
    pub fn set_average_cost(&mut self, price: Option<Price>) {
        if self.average_cost.as_ref().map(|(drawn, _)| *drawn) == price {
            return;
        }
        if let Some((_, line)) = self.average_cost.take() {
            self.price.remove_price_line(&line);
        }
        self.average_cost = price.map(|price| (price, self.add_cost_line(price)));
    }

    /// Edge label for the average cost if its line is out of view: at the top of the chart or the bottom of the price
    /// pane.
    pub fn cost_edge(&self) -> Option<CostEdge> {
        let (price, _) = self.average_cost.as_ref()?;
        let height = self.chart.panes().iter().next()?.height();
        cost_edge(*price, self.price.coordinate_of(price.dollars())?, height)
    }

    /// Where prices stand; nothing while there are none.
    pub fn price_scale(&self) -> Option<PriceScale> {
        let height = self.chart.panes().iter().next()?.height();
        let (top, bottom) = (self.price.dollars_at(0.0)?, self.price.dollars_at(height)?);
        let axis_width = self.chart.price_axis("right").width();
        (height > 0.0 && top > bottom).then_some(PriceScale { top, bottom, height, axis_width })
    }

    /// The library (5.2.1) loses track of candles whose times move while another series has points at other times.
    fn clear_beside_price(&self) {
        let lines = self.studies.iter().map(|(_, line)| line);
        for series in lines.chain(self.volume.as_ref().map(|volume| &volume.bars)) {
            series.set_data(&points::all(std::iter::empty()));
        }
    }

    fn study(&self, study: Study) -> Option<&Series> {
        self.studies.iter().find(|(drawn, _)| *drawn == study).map(|(_, line)| line)
    }

    fn price_point(&self, candle: &Candle) -> points::Point {
        match self.layers.style {
            PriceStyle::Candles => points::candle(candle),
            PriceStyle::Line | PriceStyle::Area => points::value(candle.time, candle.close.dollars()),
        }
    }

    /// Replaces the price's series, and attaches its lines and markers to the new one.
    fn replace_price(&mut self) {
        self.markers.detach();
        self.chart.remove_series(&self.price);
        self.price = add_price(&self.library, &self.chart, &self.palette, self.layers.style);
        self.markers = self.library.create_series_markers(&self.price);
        self.decimals = 2;
        self.mark_fills();
        if let Some((price, _)) = self.average_cost.take() {
            self.average_cost = Some((price, self.add_cost_line(price)));
        }
    }

    fn remove_panes(&mut self) {
        for (_, line) in self.studies.drain(..) {
            self.chart.remove_series(&line);
        }
        if let Some(volume) = self.volume.take() {
            self.chart.remove_series(&volume.bars);
        }
    }

    /// Adds the volume and each study: averages to the price's pane, relative strength to a pane below.
    fn add_panes(&mut self) {
        let mut stretches = vec![PRICE_STRETCH];
        if self.layers.has_volume {
            self.volume = Some(self.add_volume(stretches.len() as u32));
            stretches.push(VOLUME_STRETCH);
        }
        for study in self.layers.studies.clone() {
            let pane = if study == Study::RelativeStrength { stretches.len() as u32 } else { 0 };
            self.studies.push((study, self.add_study(study, pane)));
            if pane > 0 {
                stretches.push(STUDY_STRETCH);
            }
        }
        for (pane, stretch) in self.chart.panes().iter().zip(stretches) {
            pane.set_stretch_factor(stretch);
        }
    }

    fn add_volume(&self, pane: u32) -> Volume {
        let bars = self.chart.add_series(
            &self.library.kind("HistogramSeries"),
            &options(
                r#"{ "priceFormat": { "type": "volume" }, "priceLineVisible": false, "lastValueVisible": false }"#,
            ),
            pane,
        );
        let color = |color: &str| JsString::from(faded(color, 0.45));
        Volume { bars, up: color(&self.palette.up), down: color(&self.palette.down) }
    }

    fn add_study(&self, study: Study, pane: u32) -> Series {
        let color = match study {
            Study::SimpleAverage => &self.palette.accent,
            Study::ExponentialAverage => &self.palette.blue,
            Study::RelativeStrength => &self.palette.violet,
        };
        let line = self.chart.add_series(
            &self.library.kind("LineSeries"),
            &options(&format!(
                r#"{{
                    "color": "{color}", "lineWidth": 1, "priceLineVisible": false, "lastValueVisible": false,
                    "crosshairMarkerVisible": false
                }}"#
            )),
            pane,
        );
        if study == Study::RelativeStrength {
            for bound in [30, 70] {
                line.create_price_line(&options(&format!(
                    r#"{{
                        "price": {bound}, "color": "{}", "lineWidth": 1, "lineStyle": 2, "axisLabelVisible": false
                    }}"#,
                    self.palette.line_strong
                )));
            }
        }
        line
    }

    fn add_cost_line(&self, price: Price) -> PriceLine {
        self.price.create_price_line(&options(&format!(
            r#"{{
                "price": {}, "color": "{}", "lineWidth": 1, "lineStyle": 2, "axisLabelVisible": true, "title": "avg cost"
            }}"#,
            price.dollars(),
            self.palette.blue
        )))
    }

    fn mark_fills(&self) {
        let mark = |fill: &FillMark| {
            let (position, shape, color) = match fill.side {
                Side::Buy => ("belowBar", "arrowUp", &self.palette.up),
                Side::Sell => ("aboveBar", "arrowDown", &self.palette.down),
            };
            let time = fill.time;
            format!(r#"{{ "time": {time}, "position": "{position}", "shape": "{shape}", "color": "{color}" }}"#)
        };
        let marks: Vec<String> = self.fills.iter().map(mark).collect();
        self.markers.set_markers(&options(&format!("[{}]", marks.join(","))));
    }

    fn set_decimals(&mut self, decimals: u32) {
        if self.decimals != decimals {
            self.decimals = decimals;
            let step = if decimals == 2 { "0.01" } else { "0.0001" };
            self.price.apply_options(&options(&format!(
                r#"{{ "priceFormat": {{ "type": "price", "precision": {decimals}, "minMove": {step} }} }}"#
            )));
        }
    }
}

impl Drop for PriceChart {
    fn drop(&mut self) {
        self.chart.unsubscribe_crosshair_move(self.crosshair.as_ref().unchecked_ref());
        self.chart.remove();
    }
}

impl Volume {
    fn point(&self, candle: &Candle) -> points::Point {
        let color = if candle.close < candle.open { &self.down } else { &self.up };
        points::coloured(candle.time, candle.volume as f64, color)
    }
}

fn add_price(library: &Library, chart: &Chart, palette: &Palette, style: PriceStyle) -> Series {
    let Palette { up, down, blue, .. } = palette;
    let (kind, style) = match style {
        PriceStyle::Candles => (
            "CandlestickSeries",
            format!(
                r#"{{
                    "upColor": "{up}", "downColor": "{down}", "wickUpColor": "{up}", "wickDownColor": "{down}",
                    "borderVisible": false
                }}"#
            ),
        ),
        PriceStyle::Line => ("LineSeries", format!(r#"{{ "color": "{blue}", "lineWidth": 2 }}"#)),
        PriceStyle::Area => (
            "AreaSeries",
            format!(
                r#"{{ "lineColor": "{blue}", "lineWidth": 2, "topColor": "{}", "bottomColor": "{}" }}"#,
                faded(blue, 0.22),
                faded(blue, 0.0)
            ),
        ),
    };
    chart.add_series(&library.kind(kind), &options(&style), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_cost_has_a_label_at_the_edge_that_it_is_beyond() {
        let price = Price::from_units(1_904_200).unwrap();
        let edge = |y| cost_edge(price, y, 300.0).map(|edge| (edge.is_above, edge.top));
        assert_eq!([0.0, 150.0, 300.0].map(edge), [None; 3]);
        assert_eq!(edge(-1.0), Some((true, 4)));
        assert_eq!(edge(301.0), Some((false, 274)));
        assert_eq!(cost_edge(price, 20.0, 10.0).map(|edge| edge.top), Some(4), "a pane that is lower than the label");
    }
}
