use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::domain::{orders::order::StatusWord, session::SessionKind};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn at(text: &str) -> UtcInstant {
    UtcInstant::from_rfc3339(text).unwrap()
}

fn request(fields: Value) -> NewOrder {
    let mut body = json!({"ticker": "NVDA", "side": "buy", "type": "market", "quantity": 10});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    if body["quantity"].is_null() {
        body.as_object_mut().unwrap().remove("quantity");
    }
    serde_json::from_value(body).unwrap()
}

const IDS: [OrderId; 3] = [OrderId::from_u128(1), OrderId::from_u128(2), OrderId::from_u128(3)];

struct Scene {
    tick: Span,
    rules: FillRules,
    holds: Holds,
}

impl Scene {
    fn new() -> Self {
        let tick = Span::tick(price("100"), None, false, SessionKind::Regular);
        Self { tick, rules: FillRules::default(), holds: Holds::default() }
    }

    /// $10,000 and fifteen shares; noon in New York.
    fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            now: at("2026-11-30T17:00:00Z"),
            tick: &self.tick,
            is_open: true,
            day_end: DayEnd { regular: at("2026-11-30T21:00:00Z"), extended: at("2026-12-01T01:00:00Z") },
            rules: &self.rules,
            cash: Money::from_cents(1_000_000),
            shares: Some("15".parse().unwrap()),
            holds: &self.holds,
            open_orders: 0,
            source: OrderSource::Manual,
        }
    }
}

fn accept(fields: Value) -> Result<Accepted, OrderFault> {
    Scene::new().circumstances().accept(&request(fields), IDS)
}

#[test]
fn a_market_order_fires_at_once_while_the_session_is_open() {
    let accepted = accept(json!({})).unwrap();
    let step = Step::Fill { price: price("100"), moment: crate::domain::orders::rules::Moment::First };
    assert_eq!(accepted.fired, Some(Fired { id: IDS[0], step }));
}

#[test]
fn a_market_order_waits_for_the_open_and_holds_five_percent_more() {
    let scene = Scene::new();
    let closed = Circumstances { is_open: false, ..scene.circumstances() };
    let accepted = closed.accept(&request(json!({})), IDS).unwrap();
    assert_eq!((accepted.fired, accepted.group.leader().status), (None, OrderStatus::Working));
    assert_eq!(accepted.group.held().unwrap().cash, Money::from_cents(105_000));
}

#[test]
fn nothing_but_a_market_order_fires_when_it_is_accepted() {
    let marketable = json!({"type": "limit", "limit_price": 200});
    let accepted = accept(marketable).unwrap();
    assert_eq!((accepted.fired, accepted.group.leader().status), (None, OrderStatus::Working));
}

#[rstest]
#[case::day(json!({}), Some("2026-11-30T21:00:00Z"))]
#[case::extended(json!({"type": "limit", "limit_price": 90, "extended_hours": true}), Some("2026-12-01T01:00:00Z"))]
#[case::gtc(json!({"time_in_force": "gtc"}), Some("2027-02-28T17:00:00Z"))]
#[case::gtd(json!({"time_in_force": "gtd", "expires_at": "2026-12-24T18:00:00Z"}), Some("2026-12-24T18:00:00Z"))]
#[case::ioc(json!({"time_in_force": "ioc"}), None)]
fn an_order_ends_with_its_time_in_force(#[case] fields: Value, #[case] end: Option<&str>) {
    assert_eq!(accept(fields).unwrap().group.leader().expires_at, end.map(at));
}

#[test]
fn a_bracket_is_an_order_with_two_legs_that_are_held() {
    let bracket = json!({
        "class": "bracket", "type": "limit", "limit_price": 99, "client_order_id": "mine", "time_in_force": "gtc",
        "take_profit": {"limit_price": 110}, "stop_loss": {"trail_amount": 5}
    });
    let group = accept(bracket).unwrap().group;
    let [target, stop] = group.legs() else { panic!("two legs") };
    for (leg, role, id) in [(target, Role::TakeProfit, IDS[1]), (stop, Role::StopLoss, IDS[2])] {
        assert_eq!((leg.id, leg.role, leg.parent_id, leg.side), (id, role, Some(IDS[0]), Side::Sell));
        assert_eq!((leg.status, leg.held, &leg.client_order_id), (OrderStatus::Held, Hold::default(), &None));
        assert_eq!((leg.expires_at, leg.high_water_mark), (group.leader().expires_at, None));
    }
    assert_eq!(group.held().unwrap().cash, Money::from_cents(99_000), "the legs hold nothing");
}

#[test]
fn both_orders_of_an_oco_work_and_hold_once() {
    let oco = json!({
        "class": "oco", "side": "sell", "type": "limit", "limit_price": 110, "stop_loss": {"stop_price": 95}
    });
    let group = accept(oco).unwrap().group;
    assert!(group.orders().iter().all(|order| order.status == OrderStatus::Working && order.side == Side::Sell));
    assert_eq!(group.held().unwrap().shares, Some("10".parse().unwrap()));
}

#[test]
fn an_order_with_a_condition_is_held_and_holds_nothing() {
    let condition = json!({"left": {"price": "SPY"}, "op": ">", "right": 700});
    let huge = json!({"quantity": 1_000_000, "condition": condition});
    let accepted = accept(huge).unwrap();
    assert_eq!((accepted.fired, accepted.group.leader().status.word()), (None, StatusWord::Held));
    assert_eq!(accepted.group.held(), Some(Hold::default()));
}

#[rstest]
#[case::sell_stop_above(json!({"side": "sell", "type": "stop", "stop_price": 100}), "invalid_price", "stop_price")]
#[case::buy_stop_below(json!({"type": "stop", "stop_price": 100}), "invalid_price", "stop_price")]
#[case::stop_limit_above(
    json!({"side": "sell", "type": "stop_limit", "stop_price": 101, "limit_price": 99}), "invalid_price", "stop_price"
)]
#[case::trail_below_zero(
    json!({"side": "sell", "type": "trailing_stop", "trail_amount": 100}), "invalid_price", "trail_amount"
)]
#[case::target_below_entry(
    json!({"class": "oto", "type": "limit", "limit_price": 99, "take_profit": {"limit_price": 99}}),
    "invalid_price", "take_profit.limit_price"
)]
#[case::stop_above_entry(
    json!({"class": "oto", "type": "limit", "limit_price": 90, "stop_loss": {"stop_price": 95}}),
    "invalid_price", "stop_loss.stop_price"
)]
#[case::marketable_entry(
    json!({"class": "oto", "type": "limit", "limit_price": 110, "stop_loss": {"stop_price": 105}}),
    "invalid_price", "stop_loss.stop_price"
)]
#[case::oco_on_one_side(
    json!({"class": "oco", "side": "sell", "type": "limit", "limit_price": 94, "stop_loss": {"stop_price": 95}}),
    "invalid_price", "limit_price"
)]
#[case::oco_stop_above(
    json!({"class": "oco", "side": "sell", "type": "limit", "limit_price": 110, "stop_loss": {"stop_price": 105}}),
    "invalid_price", "stop_loss.stop_price"
)]
#[case::over(
    json!({"time_in_force": "gtd", "expires_at": "2026-11-30T17:00:00Z"}), "invalid_parameter", "expires_at"
)]
#[case::far_ahead(
    json!({"time_in_force": "gtd", "expires_at": "2028-11-30T17:00:00Z"}), "invalid_parameter", "expires_at"
)]
fn the_market_is_against_it(#[case] fields: Value, #[case] code: &str, #[case] field: &str) {
    let fault = accept(fields).unwrap_err();
    assert_eq!((fault.code(), fault.field()), (code, Some(field)), "{fault}");
}

#[rstest]
#[case::buy_stop(json!({"type": "stop", "stop_price": 100.01}))]
#[case::sell_stop(json!({"side": "sell", "type": "stop", "stop_price": 99.99}))]
#[case::short_bracket(json!({
    "class": "bracket", "side": "sell", "take_profit": {"limit_price": 90}, "stop_loss": {"stop_price": 105}
}))]
#[case::entry_at_a_stop(json!({
    "class": "bracket", "type": "stop", "stop_price": 105, "quantity": 5,
    "take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 104.99}
}))]
fn the_market_has_nothing_against_it(#[case] fields: Value) {
    assert!(accept(fields).is_ok());
}

#[test]
fn what_other_orders_hold_cannot_be_used_again() {
    let held = Hold { cash: Money::from_cents(950_000), shares: None };
    let mut scene = Scene::new();
    scene.holds.replace("V".parse().unwrap(), Hold::default(), held).unwrap();
    let limit = json!({"type": "limit", "limit_price": 90});
    let refused = scene.circumstances().accept(&request(limit), IDS).unwrap_err();
    let (cost, available) = (Money::from_cents(90_000), Money::from_cents(50_000));
    assert_eq!(refused, OrderFault::InsufficientCash { cost, available });

    let shares = Some("10".parse().unwrap());
    scene.holds.replace("NVDA".parse().unwrap(), Hold::default(), Hold { cash: Money::ZERO, shares }).unwrap();
    let sell = json!({"side": "sell", "type": "limit", "limit_price": 110});
    let refused = scene.circumstances().accept(&request(sell), IDS).unwrap_err();
    assert_eq!(refused.to_string(), "The order needs 10 shares; you have 5 that no other order holds.");
}

#[test]
fn open_orders_have_a_bound() {
    let scene = Scene::new();
    let full = Circumstances { open_orders: OPEN_ORDERS_MAX, ..scene.circumstances() };
    assert_eq!(full.accept(&request(json!({})), IDS).unwrap_err(), OrderFault::TooManyOrders);
}

#[test]
fn a_judgement_tells_every_reason_against_a_request() {
    let scene = Scene::new();
    let full = Circumstances { open_orders: OPEN_ORDERS_MAX, ..scene.circumstances() };
    let order = json!({
        "class": "bracket", "type": "stop", "stop_price": 90, "quantity": 1_000, "time_in_force": "gtd",
        "expires_at": "2026-01-01T00:00:00Z", "take_profit": {"limit_price": 80}, "stop_loss": {"stop_price": 95}
    });
    let (faults, accepted) = full.judge(&request(order), IDS);
    let fields: Vec<_> = faults.iter().map(|fault| fault.field().unwrap_or(fault.code())).collect();
    assert_eq!(
        fields,
        [
            "stop_price",
            "stop_loss.stop_price",
            "take_profit.limit_price",
            "take_profit.limit_price",
            "expires_at",
            "too_many_orders",
            "insufficient_cash"
        ]
    );
    assert!(accepted.is_some());
}
