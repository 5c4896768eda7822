//! The axis of a curve of money: amounts in dollars with separators, over a span in which a cent is no cliff.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

use crate::domain::money::Money;

/// Smallest span of the axis, as a fraction of the value in its middle: half a percent up and down.
const SPAN_MIN: f64 = 0.01;

/// From this amount on, in dollars, labels are of whole dollars.
const WHOLE_FROM: f64 = 1_000.0;

/// Functions that scale and format a curve of money; the chart's handle keeps them alive.
pub struct MoneyScale {
    format: Closure<dyn FnMut(f64) -> String>,
    scale: Closure<dyn FnMut(Function) -> JsValue>,
}

impl MoneyScale {
    pub fn new() -> Self {
        Self { format: Closure::new(label), scale: Closure::new(|usual: Function| widened(&usual)) }
    }

    /// Sets the functions in a series' options.
    pub fn put_into(&self, options: &JsValue) {
        let format = Object::new();
        set(&format, "type", &"custom".into());
        set(&format, "minMove", &0.01.into());
        set(&format, "formatter", self.format.as_ref());
        set(options, "priceFormat", &format);
        set(options, "autoscaleInfoProvider", self.scale.as_ref());
    }
}

fn set(target: &JsValue, name: &str, value: &JsValue) {
    // Invariant: the targets are plain objects, which take any property.
    Reflect::set(target, &name.into(), value).expect("options are plain objects");
}

/// The library's own range, widened; what it answers while there is nothing to show is handed on.
fn widened(usual: &Function) -> JsValue {
    let info = usual.call0(&JsValue::NULL).unwrap_or(JsValue::NULL);
    let range = Reflect::get(&info, &"priceRange".into()).ok().filter(JsValue::is_object);
    let bound = |range: &JsValue, name: &str| Reflect::get(range, &name.into()).ok()?.as_f64();
    if let Some(range) = range
        && let (Some(low), Some(high)) = (bound(&range, "minValue"), bound(&range, "maxValue"))
    {
        let (low, high) = at_least(low, high);
        set(range.unchecked_ref(), "minValue", &low.into());
        set(range.unchecked_ref(), "maxValue", &high.into());
    }
    info
}

/// The bounds, moved apart evenly where they are closer than the smallest span.
fn at_least(low: f64, high: f64) -> (f64, f64) {
    let middle = (low + high) / 2.0;
    let half = middle.abs() * SPAN_MIN / 2.0;
    (low.min(middle - half), high.max(middle + half))
}

fn label(dollars: f64) -> String {
    let digits = if dollars.abs() < WHOLE_FROM { 1.0 } else { 100.0 };
    let cents = (dollars * 100.0 / digits).round() * digits;
    let text = Money::from_cents(cents as i64).to_string();
    match digits {
        1.0 => text,
        _ => text.trim_end_matches(".00").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_cent(10_000.00, 10_000.01, 9_950.005, 10_050.005)]
    #[case::flat(10_000.0, 10_000.0, 9_950.0, 10_050.0)]
    #[case::wide(9_000.0, 11_000.0, 9_000.0, 11_000.0)]
    #[case::just_over(9_949.0, 10_051.0, 9_949.0, 10_051.0)]
    #[case::nothing(0.0, 0.0, 0.0, 0.0)]
    fn a_span_is_never_under_a_percent(#[case] low: f64, #[case] high: f64, #[case] from: f64, #[case] to: f64) {
        let (low, high) = at_least(low, high);
        assert!((low - from).abs() < 0.001 && (high - to).abs() < 0.001, "{low} {high}");
    }

    #[rstest]
    #[case(10_000.0, "$10,000")]
    #[case(9_995.85, "$9,996")]
    #[case(1_234_567.4, "$1,234,567")]
    #[case(999.5, "$999.50")]
    #[case(-1_500.2, "-$1,500")]
    #[case(0.0, "$0.00")]
    fn labels_have_separators(#[case] dollars: f64, #[case] words: &str) {
        assert_eq!(label(dollars), words);
    }
}
