//! Bindings with the library's own names.

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use super::points::Point;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = import)]
    pub fn import_module(address: &str) -> Promise;

    /// The loaded library.
    #[derive(Clone)]
    pub type Library;

    #[wasm_bindgen(method, js_name = createChart)]
    pub fn create_chart(this: &Library, container: &HtmlElement, options: &JsValue) -> Chart;

    #[wasm_bindgen(method, js_name = createSeriesMarkers)]
    pub fn create_series_markers(this: &Library, series: &Series) -> Markers;

    /// A kind of series, such as `LineSeries`.
    #[wasm_bindgen(method, indexing_getter)]
    pub fn kind(this: &Library, name: &str) -> JsValue;

    pub type Chart;

    #[wasm_bindgen(method)]
    pub fn remove(this: &Chart);

    #[wasm_bindgen(method, js_name = applyOptions)]
    pub fn apply_options(this: &Chart, options: &JsValue);

    #[wasm_bindgen(method, js_name = addSeries)]
    pub fn add_series(this: &Chart, kind: &JsValue, options: &JsValue, pane: u32) -> Series;

    #[wasm_bindgen(method, js_name = removeSeries)]
    pub fn remove_series(this: &Chart, series: &Series);

    /// The one named `right` is the price's.
    #[wasm_bindgen(method, js_name = priceScale)]
    pub fn price_axis(this: &Chart, name: &str) -> PriceAxis;

    #[wasm_bindgen(method, js_name = timeScale)]
    pub fn time_scale(this: &Chart) -> TimeScale;

    #[wasm_bindgen(method)]
    pub fn panes(this: &Chart) -> Array<Pane>;

    #[wasm_bindgen(method, js_name = subscribeCrosshairMove)]
    pub fn subscribe_crosshair_move(this: &Chart, handler: &Function);

    #[wasm_bindgen(method, js_name = unsubscribeCrosshairMove)]
    pub fn unsubscribe_crosshair_move(this: &Chart, handler: &Function);

    #[wasm_bindgen(method, js_name = horzBehaviour)]
    pub fn time_behavior(this: &Chart) -> TimeBehavior;

    /// Methods by which a chart reads times and weighs time marks.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone)]
    pub type TimeBehavior;

    /// Time as Unix seconds.
    #[wasm_bindgen(method)]
    pub fn key(this: &TimeBehavior, time: &JsValue) -> f64;

    #[wasm_bindgen(method, js_name = convertHorzItemToInternal)]
    pub fn read_time(this: &TimeBehavior, unix_seconds: f64) -> JsValue;

    /// Sets the weight of the time mark of each point from index `first` on.
    #[wasm_bindgen(method, getter, js_name = fillWeightsForPoints)]
    pub fn weigh(this: &TimeBehavior) -> Function;

    #[wasm_bindgen(method, setter, js_name = fillWeightsForPoints)]
    pub fn set_weigh(this: &TimeBehavior, weigh: &JsValue);

    /// A point of the time axis.
    #[wasm_bindgen(extends = Object)]
    pub type TimePoint;

    #[wasm_bindgen(method, getter)]
    pub fn time(this: &TimePoint) -> JsValue;

    #[wasm_bindgen(method, setter)]
    pub fn set_time(this: &TimePoint, time: &JsValue);

    #[wasm_bindgen(method, getter, js_name = timeWeight)]
    pub fn weight(this: &TimePoint) -> JsValue;

    #[wasm_bindgen(method, setter, js_name = timeWeight)]
    pub fn set_weight(this: &TimePoint, weight: &JsValue);

    pub type Pane;

    /// Height in CSS pixels.
    #[wasm_bindgen(method, js_name = getHeight)]
    pub fn height(this: &Pane) -> f64;

    #[wasm_bindgen(method, js_name = setStretchFactor)]
    pub fn set_stretch_factor(this: &Pane, factor: f64);

    pub type PriceAxis;

    /// In CSS pixels.
    #[wasm_bindgen(method)]
    pub fn width(this: &PriceAxis) -> f64;

    pub type TimeScale;

    #[wasm_bindgen(method, js_name = fitContent)]
    pub fn fit_content(this: &TimeScale);

    #[wasm_bindgen(method, js_name = resetTimeScale)]
    pub fn reset(this: &TimeScale);

    pub type Series;

    #[wasm_bindgen(method, js_name = setData)]
    pub fn set_data(this: &Series, points: &Array<Point>);

    /// `is_past` permits a point before the last one, which is slower.
    #[wasm_bindgen(method)]
    pub fn update(this: &Series, point: &Point, is_past: bool);

    #[wasm_bindgen(method, js_name = applyOptions)]
    pub fn apply_options(this: &Series, options: &JsValue);

    #[wasm_bindgen(method, js_name = createPriceLine)]
    pub fn create_price_line(this: &Series, options: &JsValue) -> PriceLine;

    #[wasm_bindgen(method, js_name = removePriceLine)]
    pub fn remove_price_line(this: &Series, line: &PriceLine);

    /// Position of a price in CSS pixels below the top of its pane; `None` while there is no scale.
    #[wasm_bindgen(method, js_name = priceToCoordinate)]
    pub fn coordinate_of(this: &Series, dollars: f64) -> Option<f64>;

    /// The dollars at a place of its pane; nothing while there is no scale.
    #[wasm_bindgen(method, js_name = coordinateToPrice)]
    pub fn dollars_at(this: &Series, y: f64) -> Option<f64>;

    pub type PriceLine;

    pub type Markers;

    #[wasm_bindgen(method, js_name = setMarkers)]
    pub fn set_markers(this: &Markers, markers: &JsValue);

    /// Detaches the markers from their series.
    #[wasm_bindgen(method)]
    pub fn detach(this: &Markers);

    /// The library's event for a crosshair move.
    pub type CrosshairMove;

    /// Time of the point below the crosshair, in Unix seconds; `None` between points and outside the chart.
    #[wasm_bindgen(method, getter)]
    pub fn time(this: &CrosshairMove) -> Option<f64>;
}
