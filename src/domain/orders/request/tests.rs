use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn request(fields: Value) -> NewOrder {
    let mut body = json!({"ticker": "NVDA", "side": "buy", "type": "market", "quantity": 10});
    for (name, value) in fields.as_object().unwrap() {
        match value {
            Value::Null => body.as_object_mut().unwrap().remove(name),
            _ => body.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    serde_json::from_value(body).unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[rstest]
#[case::market(json!({}), Terms::Market)]
#[case::limit(json!({"type": "limit", "limit_price": 790}), Terms::Limit { limit: price("790") })]
#[case::penny_stock(json!({"type": "limit", "limit_price": 0.9999}), Terms::Limit { limit: price("0.9999") })]
#[case::stop(json!({"type": "stop", "stop_price": 800.5}), Terms::Stop { stop: price("800.5") })]
#[case::stop_limit(
    json!({"type": "stop_limit", "stop_price": 800, "limit_price": 801}),
    Terms::StopLimit { stop: price("800"), limit: price("801") }
)]
#[case::trailing(
    json!({"type": "trailing_stop", "trail_amount": 5}),
    Terms::TrailingStop { trail: Trail::Amount(price("5")) }
)]
#[case::trailing_percent(
    json!({"type": "trailing_stop", "trail_percent": 1.5}),
    Terms::TrailingStop { trail: Trail::Percent("1.5".parse().unwrap()) }
)]
fn a_type_has_its_prices(#[case] fields: Value, #[case] terms: Terms) {
    assert_eq!(request(fields).plan().unwrap().terms, terms);
}

#[test]
fn what_is_not_said_is_a_simple_day_order_of_the_regular_session() {
    let order = request(json!({}));
    assert_eq!((order.time_in_force, order.class, order.extended_hours), Default::default());
    assert_eq!(order.plan().unwrap().size, Size::Shares("10".parse().unwrap()));
    let by_notional = request(json!({"quantity": null, "notional": 250.5}));
    assert_eq!(by_notional.plan().unwrap().size, Size::Notional(Money::from_cents(25_050)));
}

#[rstest]
#[case::no_size(json!({"quantity": null}), "missing_field", "quantity")]
#[case::two_sizes(json!({"notional": 5}), "invalid_parameter", "notional")]
#[case::no_notional(json!({"quantity": null, "notional": 0}), "invalid_parameter", "notional")]
#[case::notional_at_a_limit(
    json!({"quantity": null, "notional": 5, "type": "limit", "limit_price": 1}), "invalid_parameter", "notional"
)]
#[case::no_limit(json!({"type": "limit"}), "missing_field", "limit_price")]
#[case::no_stop(json!({"type": "stop_limit", "limit_price": 1}), "missing_field", "stop_price")]
#[case::no_trail(json!({"type": "trailing_stop"}), "missing_field", "trail_amount")]
#[case::two_trails(
    json!({"type": "trailing_stop", "trail_amount": 1, "trail_percent": 1}), "invalid_parameter", "trail_percent"
)]
#[case::a_limit_too_many(json!({"limit_price": 1}), "invalid_parameter", "limit_price")]
#[case::a_stop_too_many(
    json!({"type": "limit", "limit_price": 1, "stop_price": 1}), "invalid_parameter", "stop_price"
)]
#[case::a_trail_too_many(json!({"trail_percent": 1}), "invalid_parameter", "trail_percent")]
#[case::tenths_of_a_cent(json!({"type": "limit", "limit_price": 1.001}), "invalid_price", "limit_price")]
#[case::target_in_tenths(
    json!({"class": "oto", "take_profit": {"limit_price": 9.999}}), "invalid_price", "take_profit.limit_price"
)]
#[case::stop_loss_in_tenths(
    json!({"class": "oto", "stop_loss": {"stop_price": 9.999}}), "invalid_price", "stop_loss.stop_price"
)]
#[case::empty_stop_loss(json!({"class": "oto", "stop_loss": {}}), "missing_field", "stop_loss.stop_price")]
#[case::two_kinds_of_stop_loss(
    json!({"class": "oto", "stop_loss": {"stop_price": 9, "trail_percent": 1}}), "invalid_parameter",
    "stop_loss.stop_price"
)]
#[case::simple_with_exit(json!({"take_profit": {"limit_price": 9}}), "invalid_parameter", "class")]
#[case::oto_without_exit(json!({"class": "oto"}), "invalid_parameter", "class")]
#[case::oto_with_both(
    json!({"class": "oto", "take_profit": {"limit_price": 9}, "stop_loss": {"stop_price": 8}}),
    "invalid_parameter", "class"
)]
#[case::bracket_without_target(
    json!({"class": "bracket", "stop_loss": {"stop_price": 8}}), "missing_field", "take_profit"
)]
#[case::bracket_without_stop(
    json!({"class": "bracket", "take_profit": {"limit_price": 8}}), "missing_field", "stop_loss"
)]
#[case::oco_of_a_market_order(
    json!({"class": "oco", "stop_loss": {"stop_price": 8}}), "invalid_parameter", "type"
)]
#[case::oco_without_stop(
    json!({"class": "oco", "type": "limit", "limit_price": 9}), "missing_field", "stop_loss"
)]
#[case::oco_with_two_limits(
    json!({"class": "oco", "type": "limit", "limit_price": 9, "take_profit": {"limit_price": 9},
        "stop_loss": {"stop_price": 8}}),
    "invalid_parameter", "take_profit"
)]
#[case::immediate_bracket(
    json!({"class": "oto", "stop_loss": {"stop_price": 8}, "time_in_force": "ioc"}),
    "invalid_parameter", "time_in_force"
)]
#[case::immediate_stop(
    json!({"type": "stop", "stop_price": 8, "time_in_force": "fok"}), "invalid_parameter", "time_in_force"
)]
#[case::gtd_without_end(json!({"time_in_force": "gtd"}), "missing_field", "expires_at")]
#[case::day_with_end(json!({"expires_at": "2026-11-22T14:02:11Z"}), "invalid_parameter", "expires_at")]
#[case::extended_market(json!({"extended_hours": true}), "invalid_parameter", "extended_hours")]
fn a_fault_names_its_field(#[case] fields: Value, #[case] code: &str, #[case] field: &str) {
    let fault = request(fields).plan().unwrap_err();
    assert_eq!((fault.code(), fault.field()), (code, Some(field)), "{fault}");
}

#[test]
fn an_oco_has_its_limit_in_either_place() {
    let stop_loss = json!({"stop_price": 8, "limit_price": 7.5});
    let own = json!({"class": "oco", "type": "limit", "limit_price": 9, "stop_loss": stop_loss});
    let nested = json!({"class": "oco", "type": "limit", "take_profit": {"limit_price": 9}, "stop_loss": stop_loss});
    let plan = request(own).plan().unwrap();
    assert_eq!(request(nested).plan().unwrap(), plan);
    assert_eq!((plan.terms.limit(), plan.take_profit), (Some(price("9")), None));
    assert_eq!(plan.stop_loss, Some(Terms::StopLimit { stop: price("8"), limit: price("7.5") }));
}

#[rstest]
#[case::order(r#"{"ticker":"V","side":"buy","type":"market","quantity":1,"price":3}"#, "price")]
#[case::exit(r#"{"ticker":"V","side":"buy","type":"market","quantity":1,"take_profit":{"stop":1}}"#, "stop")]
fn a_field_that_is_not_known_is_named(#[case] body: &str, #[case] field: &str) {
    let error = serde_json::from_str::<NewOrder>(body).unwrap_err().to_string();
    assert!(error.contains(&format!("`{field}`")), "{error}");
}
