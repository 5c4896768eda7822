//! Data for the library: plain objects.

use js_sys::{Array, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::domain::candle::Candle;

#[wasm_bindgen]
extern "C" {
    /// A point of any kind of series; each series reads its own properties.
    #[wasm_bindgen(extends = Object)]
    pub type Point;

    #[wasm_bindgen(method, setter)]
    fn set_time(this: &Point, unix_seconds: f64);

    #[wasm_bindgen(method, setter)]
    fn set_open(this: &Point, dollars: f64);

    #[wasm_bindgen(method, setter)]
    fn set_high(this: &Point, dollars: f64);

    #[wasm_bindgen(method, setter)]
    fn set_low(this: &Point, dollars: f64);

    #[wasm_bindgen(method, setter)]
    fn set_close(this: &Point, dollars: f64);

    #[wasm_bindgen(method, setter)]
    fn set_value(this: &Point, value: f64);

    #[wasm_bindgen(method, setter)]
    fn set_color(this: &Point, color: &JsString);
}

pub fn all(points: impl Iterator<Item = Point>) -> Array<Point> {
    let array = Array::new_typed();
    points.for_each(|point| {
        array.push(&point);
    });
    array
}

pub fn value(time: i64, value: f64) -> Point {
    let point = at(time);
    point.set_value(value);
    point
}

/// A value with its own colour.
pub fn coloured(time: i64, number: f64, color: &JsString) -> Point {
    let point = value(time, number);
    point.set_color(color);
    point
}

pub fn candle(candle: &Candle) -> Point {
    let point = at(candle.time);
    point.set_open(candle.open.dollars());
    point.set_high(candle.high.dollars());
    point.set_low(candle.low.dollars());
    point.set_close(candle.close.dollars());
    point
}

fn at(time: i64) -> Point {
    let point: Point = Object::new().unchecked_into();
    point.set_time(time as f64);
    point
}
