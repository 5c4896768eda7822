//! TradingView's lightweight-charts 5, as far as the page needs it.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::domain::{candle::Candle, money::Price};

#[wasm_bindgen(module = "/node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs")]
extern "C" {
    type IChartApi;
    type ISeriesApi;
    type ITimeScaleApi;

    #[wasm_bindgen(thread_local_v2, js_name = AreaSeries)]
    static AREA_SERIES: JsValue;

    #[wasm_bindgen(js_name = createChart)]
    fn create_chart(container: &HtmlElement, options: &JsValue) -> IChartApi;

    #[wasm_bindgen(method, js_name = addSeries)]
    fn add_series(this: &IChartApi, kind: &JsValue, options: &JsValue) -> ISeriesApi;

    #[wasm_bindgen(method)]
    fn remove(this: &IChartApi);

    #[wasm_bindgen(method, js_name = timeScale)]
    fn time_scale(this: &IChartApi) -> ITimeScaleApi;

    #[wasm_bindgen(method, js_name = fitContent)]
    fn fit_content(this: &ITimeScaleApi);

    #[wasm_bindgen(method, js_name = setData)]
    fn set_data(this: &ISeriesApi, data: &JsValue);

    #[wasm_bindgen(method)]
    fn update(this: &ISeriesApi, point: &JsValue);
}

// The library's own logo would bring an inline style, which the page's policy forbids; the panel names its makers.
const CHART_OPTIONS: &str = r##"{
    "autoSize": true,
    "layout": {
        "background": { "type": "solid", "color": "#0f151c" }, "textColor": "#8a9aab", "fontSize": 11,
        "attributionLogo": false
    },
    "grid": { "vertLines": { "color": "#172029" }, "horzLines": { "color": "#172029" } },
    "rightPriceScale": { "borderColor": "#1f2a36" },
    "timeScale": { "borderColor": "#1f2a36", "timeVisible": true, "secondsVisible": true },
    "crosshair": { "vertLine": { "color": "#2c3a49" }, "horzLine": { "color": "#2c3a49" } }
}"##;

const LINE_OPTIONS: &str = r##"{
    "lineColor": "#209dd7", "lineWidth": 2, "topColor": "rgba(32,157,215,0.18)", "bottomColor": "rgba(32,157,215,0)"
}"##;

/// A chart of one line in a container, whose size it follows. Dropping it removes it from the page.
pub struct PriceChart {
    chart: IChartApi,
    line: ISeriesApi,
}

impl PriceChart {
    pub fn new(container: &HtmlElement) -> Self {
        let chart = create_chart(container, &constant(CHART_OPTIONS));
        let line = AREA_SERIES.with(|kind| chart.add_series(kind, &constant(LINE_OPTIONS)));
        Self { chart, line }
    }

    /// Replaces the line by one through the closing prices; candles are in the order of time.
    pub fn set_candles(&self, candles: &[Candle]) {
        let data: Array = candles.iter().map(|candle| js_point(candle.time, candle.close)).collect();
        self.line.set_data(&data);
        self.chart.time_scale().fit_content();
    }

    /// Moves the last point, or adds one after it. A point from before the last one is not drawn.
    pub fn update(&self, time: i64, price: Price) {
        self.line.update(&js_point(time, price));
    }
}

impl Drop for PriceChart {
    fn drop(&mut self) {
        self.chart.remove();
    }
}

fn js_point(time: i64, price: Price) -> JsValue {
    let object = Object::new();
    // Invariant: a fresh plain object takes any property.
    let set = |name: &str, value: f64| Reflect::set(&object, &name.into(), &value.into()).expect("a plain object");
    set("time", time as f64);
    set("value", price.dollars());
    object.into()
}

fn constant(json: &str) -> JsValue {
    // Invariant: the constants of this file are JSON, which any page that shows a chart proves.
    JSON::parse(json).expect("a constant is JSON")
}
