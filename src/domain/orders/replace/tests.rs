use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    money::Money,
    orders::{
        costs::Commission,
        group::Group,
        order::{
            OrderStatus,
            tests::{fill_of, limit_order},
        },
    },
};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn now() -> Now {
    let at = UtcInstant::from_rfc3339("2026-11-30T17:00:00Z").unwrap();
    Now { at, last: price("105"), day_end: DayEnd { regular: at, extended: UtcInstant::END } }
}

fn group(order: Order) -> Group {
    let mut group = Group::of(vec![order]).unwrap();
    group.assign_holds(Commission::default()).unwrap();
    group
}

fn replace(group: &mut Group, n: u128, change: Value) -> Result<(), OrderFault> {
    let request: ReplaceOrder = serde_json::from_value(change).unwrap();
    group.write(Commission::default(), now().at, |group| group.replace(OrderId::from_u128(n), &request, &now()))
}

fn sell_stop() -> Order {
    Order { side: Side::Sell, terms: Terms::Stop { stop: price("100") }, ..limit_order() }
}

fn trailing() -> Order {
    let terms = Terms::TrailingStop { trail: Trail::Amount(price("5")) };
    Order { terms, high_water_mark: Some(price("110")), ..sell_stop() }
}

#[test]
fn a_change_counts_a_revision_and_holds_anew() {
    let mut group = group(limit_order());
    replace(&mut group, 1, json!({"limit_price": 101.5, "quantity": 20, "if_revision": 1})).unwrap();
    let order = group.leader();
    assert_eq!((order.terms.limit(), order.revision), (Some(price("101.5")), 2));
    assert_eq!(order.held.cash, Money::from_cents(203_000));
    assert_eq!(order.updated_at, now().at);
}

#[test]
fn a_change_that_changes_nothing_counts_nothing() {
    let mut group = group(limit_order());
    replace(&mut group, 1, json!({"limit_price": 100})).unwrap();
    replace(&mut group, 1, json!({})).unwrap();
    assert_eq!(group.leader().revision, 1);
}

#[test]
fn who_comes_late_is_told_so() {
    let mut changed = group(limit_order());
    replace(&mut changed, 1, json!({"limit_price": 99})).unwrap();
    let late = replace(&mut changed, 1, json!({"limit_price": 98, "if_revision": 1}));
    assert_eq!(late, Err(OrderFault::RevisionConflict { expected: 1, now: 2 }));
    let mut ended = group(Order { status: OrderStatus::Filled, ..limit_order() });
    assert_eq!(replace(&mut ended, 1, json!({"limit_price": 98, "if_revision": 7})), Err(OrderFault::TooLate));
}

#[rstest]
#[case::amount(json!({"trail_amount": 6}), "104.00")]
#[case::percent(json!({"trail_percent": 10}), "99.00")]
fn a_trail_is_changed_from_its_mark(#[case] change: Value, #[case] stop: &str) {
    let mut group = group(trailing());
    replace(&mut group, 1, change).unwrap();
    assert_eq!(group.leader().stop().unwrap().to_string(), stop);
    assert_eq!(group.leader().high_water_mark, Some(price("110")));
}

#[rstest]
#[case::tenths(limit_order(), json!({"limit_price": 99.999}), "invalid_price", "limit_price")]
#[case::stop_of_a_limit(limit_order(), json!({"stop_price": 99}), "invalid_parameter", "stop_price")]
#[case::stop_above_the_market(sell_stop(), json!({"stop_price": 105}), "invalid_price", "stop_price")]
#[case::trail_above_the_market(trailing(), json!({"trail_amount": 5.01}), "", "")]
#[case::trail_too_short(trailing(), json!({"trail_amount": 4}), "invalid_price", "trail_amount")]
#[case::two_trails(trailing(), json!({"trail_amount": 6, "trail_percent": 6}), "invalid_parameter", "trail_percent")]
#[case::immediate(limit_order(), json!({"time_in_force": "ioc"}), "invalid_parameter", "time_in_force")]
#[case::gtd_without_end(limit_order(), json!({"time_in_force": "gtd"}), "missing_field", "expires_at")]
#[case::day_with_end(limit_order(), json!({"expires_at": "2026-12-01T00:00:00Z"}), "invalid_parameter", "expires_at")]
#[case::end_in_the_past(
    limit_order(), json!({"time_in_force": "gtd", "expires_at": "2026-11-01T00:00:00Z"}), "invalid_parameter",
    "expires_at"
)]
#[case::market(
    Order { terms: Terms::Market, ..limit_order() }, json!({"limit_price": 100}), "invalid_parameter", "limit_price"
)]
#[case::stop_was_reached(
    Order { elected_at: Some(UtcInstant::EPOCH), ..sell_stop() }, json!({"stop_price": 90}), "invalid_parameter",
    "stop_price"
)]
fn a_bad_change_is_refused_and_changes_nothing(
    #[case] order: Order,
    #[case] change: Value,
    #[case] code: &str,
    #[case] field: &str,
) {
    let mut group = group(order);
    let before = group.clone();
    match replace(&mut group, 1, change) {
        Ok(()) => assert_eq!(code, "", "it is refused"),
        Err(fault) => {
            assert_eq!((fault.code(), fault.field()), (code, Some(field)), "{fault}");
            assert_eq!(group, before);
        }
    }
}

#[test]
fn a_quantity_stays_above_what_was_filled() {
    let mut group = group(limit_order());
    let fill = fill_of(group.leader(), "4".parse().unwrap(), price("99"));
    let id = group.leader().id;
    group.write(Commission::default(), now().at, |change| change.fill(id, &fill, price("99"))).unwrap();
    assert_eq!(replace(&mut group, 1, json!({"quantity": 4})).unwrap_err().code(), "invalid_quantity");
    replace(&mut group, 1, json!({"quantity": 5})).unwrap();
    assert_eq!(group.leader().left(), Some("1".parse().unwrap()));
}

#[test]
fn a_group_is_changed_as_one() {
    let class = OrderClass::Oco;
    let leg = Order {
        id: OrderId::from_u128(2),
        class,
        role: Role::StopLoss,
        parent_id: Some(OrderId::from_u128(1)),
        ..sell_stop()
    };
    let limit = Terms::Limit { limit: price("120") };
    let mut oco = Group::of(vec![Order { class, side: Side::Sell, terms: limit, ..limit_order() }, leg]).unwrap();
    replace(&mut oco, 1, json!({"quantity": 7, "time_in_force": "gtc"})).unwrap();
    for order in oco.orders() {
        assert_eq!((order.left(), order.time_in_force), (Some("7".parse().unwrap()), TimeInForce::Gtc));
    }
    assert_eq!(replace(&mut oco, 2, json!({"quantity": 8})).unwrap_err().code(), "invalid_quantity");
    replace(&mut oco, 2, json!({"stop_price": 104})).unwrap();
    assert_eq!(replace(&mut oco, 1, json!({"limit_price": 103})).unwrap_err().code(), "invalid_price");
}
