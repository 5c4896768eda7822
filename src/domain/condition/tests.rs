use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn read(condition: Value) -> Result<Condition, String> {
    serde_json::from_value(condition).map_err(|error| error.to_string())
}

fn comparison() -> Value {
    json!({"left": {"price": "NVDA"}, "op": ">", "right": 850.0})
}

fn nested(depth: usize) -> Value {
    (1..depth).fold(comparison(), |inner, _| json!({"not": inner}))
}

#[rstest]
#[case::comparison(comparison())]
#[case::groups(json!({"all": [{"any": [comparison(), comparison()]}, {"not": comparison()}]}))]
#[case::indicator(json!({
    "left": {"indicator": "rsi", "ticker": "NVDA", "period": 14, "interval": "1h", "on": "closed"},
    "op": "crosses_below", "right": 30.0
}))]
#[case::account(json!({"left": {"account": "drawdown_percent"}, "op": ">=", "right": 10.0}))]
#[case::position(json!({"left": {"position": "BRK.B", "field": "weight_percent"}, "op": "<", "right": 25.0}))]
#[case::time(json!({"left": {"time": "15:45", "zone": "America/New_York"}, "op": ">=", "right": 0.0}))]
#[case::two_operands(json!({"left": {"day_change_percent": "V"}, "op": "<=", "right": {"day_change_percent": "MA"}}))]
fn a_condition_is_written_as_it_is_read(#[case] condition: Value) {
    assert_eq!(serde_json::to_value(read(condition.clone()).unwrap()).unwrap(), condition);
    let text = condition.to_string();
    assert_eq!(
        crate::wire::read::<Condition>(&text).map_err(|error| error.to_string()),
        read(condition),
        "the page reads it"
    );
}

#[rstest]
#[case::unknown_field(json!({"left": 1, "op": ">", "right": 2, "hint": 3}), "`hint`")]
#[case::unknown_operand_field(json!({"left": {"price": "V", "hint": 1}, "op": ">", "right": 2}), "`hint`")]
#[case::nothing(json!({}), "a condition is")]
#[case::two_forms(json!({"all": [comparison()], "any": [comparison()]}), "a condition is")]
#[case::half_a_comparison(json!({"left": 1, "op": ">"}), "a condition is")]
#[case::empty_group(json!({"all": []}), "at least one")]
#[case::two_operands_in_one(json!({"left": {"price": "V", "volume": "V"}, "op": ">", "right": 2}), "an operand is")]
#[case::position_without_field(json!({"left": {"position": "V"}, "op": ">", "right": 2}), "an operand is")]
#[case::stray_period(json!({"left": {"price": "V", "period": 2}, "op": ">", "right": 2}), "an operand is")]
#[case::text(json!({"left": "V", "op": ">", "right": 2}), "expected a number, or an object")]
#[case::no_comparison(json!({"left": 1, "op": "=", "right": 2}), "unknown variant `=`")]
#[case::bad_ticker(json!({"left": {"price": "NVIDIA"}, "op": ">", "right": 2}), "a ticker has")]
#[case::bad_period(
    json!({"left": {"indicator": "sma", "ticker": "V", "period": 0, "interval": "1m"}, "op": ">", "right": 2}),
    "a period is"
)]
#[case::bad_time(json!({"left": {"time": "24:00", "zone": "UTC"}, "op": ">", "right": 0}), "a time is")]
#[case::bad_zone(json!({"left": {"time": "12:00", "zone": "../etc"}, "op": ">", "right": 0}), "a zone is")]
#[case::too_deep(nested(DEPTH_MAX + 1), "at most 8 deep")]
#[case::too_many(json!({"all": vec![comparison(); NODES_MAX]}), "at most 64 parts")]
fn what_is_no_condition_is_refused(#[case] condition: Value, #[case] why: &str) {
    let error = read(condition).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn the_bounds_themselves_are_allowed() {
    assert!(read(nested(DEPTH_MAX)).is_ok());
    assert!(read(json!({"all": vec![comparison(); NODES_MAX - 1]})).is_ok());
}

#[test]
fn a_text_that_nests_without_end_is_refused() {
    let text = format!("{}{}", "{\"not\":".repeat(10_000), "}".repeat(10_000));
    assert!(serde_json::from_str::<Condition>(&text).is_err());
}

#[test]
fn a_condition_tells_what_it_needs() {
    let all = json!({"all": [
        comparison(),
        {"left": {"price": "NVDA"}, "op": ">", "right": {"indicator": "ema", "ticker": "V", "period": 5, "interval": "1m"}},
    ]});
    let condition = read(all).unwrap();
    assert_eq!(condition.tickers(), ["NVDA", "V"].map(|ticker| ticker.parse().unwrap()));
    assert!(!condition.needs_account() && !condition.needs_time());
    assert!(read(json!({"left": {"account": "cash"}, "op": ">", "right": 2})).unwrap().needs_account());
    assert!(read(json!({"left": {"time": "12:00", "zone": "UTC"}, "op": ">", "right": 0})).unwrap().needs_time());
}

proptest! {
    #[test]
    fn reading_never_panics(text in "[\\[\\]{}:,\"a-z0-9<>=. ]{0,120}") {
        let _ = serde_json::from_str::<Condition>(&text);
    }
}
