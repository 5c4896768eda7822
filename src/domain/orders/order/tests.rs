use proptest::prelude::*;
use rstest::rstest;

use super::*;

const NOON: UtcInstant = UtcInstant::EPOCH;

/// A working order to buy ten shares at 100 or less.
pub fn limit_order() -> Order {
    let limit = "100".parse().unwrap();
    Order {
        id: OrderId::from_u128(1),
        client_order_id: None,
        ticker: "NVDA".parse().unwrap(),
        side: Side::Buy,
        terms: Terms::Limit { limit },
        size: Size::Shares("10".parse().unwrap()),
        filled: None,
        time_in_force: TimeInForce::Day,
        expires_at: Some(UtcInstant::END),
        extended_hours: false,
        class: OrderClass::Simple,
        role: Role::Leader,
        parent_id: None,
        status: OrderStatus::Working,
        elected_at: None,
        high_water_mark: None,
        hold_price: Some(limit),
        held: Hold::default(),
        condition: None,
        revision: 1,
        source: OrderSource::Manual,
        created_at: NOON,
        updated_at: NOON,
        working_at: Some(NOON),
    }
}

pub fn fill_of(order: &Order, quantity: Quantity, price: Price) -> OrderFill {
    let notional = Money::of(quantity, price).unwrap();
    OrderFill { quantity, price, notional, commission: Money::ZERO, is_last: order.left() == Some(quantity) }
}

#[test]
fn fills_add_up() {
    let mut order = limit_order();
    order.fill(&fill_of(&order, "4".parse().unwrap(), "99".parse().unwrap())).unwrap();
    assert_eq!((order.status, order.left()), (OrderStatus::PartiallyFilled, Some("6".parse().unwrap())));
    order.fill(&fill_of(&order, "6".parse().unwrap(), "100".parse().unwrap())).unwrap();
    let filled = order.filled.unwrap();
    assert_eq!((order.status, order.left(), filled.count), (OrderStatus::Filled, None, 2));
    assert_eq!(filled.average_price(), Some("99.6".parse().unwrap()));
    assert_eq!(filled.notional, Money::from_cents(99_600));
}

#[test]
fn a_fraction_of_a_cent_has_its_own_average_price() {
    let mut order = limit_order();
    order.fill(&fill_of(&order, "0.000001".parse().unwrap(), "98.76".parse().unwrap())).unwrap();
    assert_eq!(order.filled.unwrap().average_price(), Some("98.76".parse().unwrap()));
}

#[test]
fn no_more_is_filled_than_is_left() {
    let mut order = limit_order();
    let mut fill = fill_of(&order, "10".parse().unwrap(), "99".parse().unwrap());
    fill.quantity = "10.000001".parse().unwrap();
    assert_eq!(order.fill(&fill).unwrap_err().code(), "invalid_quantity");
    fill.quantity = "9".parse().unwrap();
    assert_eq!(order.fill(&fill).unwrap_err().code(), "invalid_quantity", "it is not the last one");
    assert_eq!(order, limit_order());
}

#[rstest]
#[case::filled(OrderStatus::Filled)]
#[case::canceled(OrderStatus::Canceled(CancelReason::Requested))]
#[case::expired(OrderStatus::Expired)]
#[case::rejected(OrderStatus::Rejected(RejectReason::InsufficientCash))]
fn an_order_that_has_ended_is_not_changed(#[case] status: OrderStatus) {
    let ended = Order { status, ..limit_order() };
    let mut order = ended.clone();
    let fill = fill_of(&order, "1".parse().unwrap(), "99".parse().unwrap());
    for outcome in [
        order.cancel(CancelReason::Requested),
        order.expire(),
        order.reject(RejectReason::TooLarge),
        order.fill(&fill),
        order.elect(NOON),
        order.begin_work("99".parse().unwrap(), NOON),
    ] {
        assert_eq!(outcome, Err(OrderFault::TooLate));
    }
    assert_eq!(order, ended);
}

#[test]
fn what_is_held_is_neither_filled_nor_elected() {
    let held = Order { status: OrderStatus::Held, working_at: None, ..limit_order() };
    let mut order = held.clone();
    assert_eq!(order.fill(&fill_of(&held, "1".parse().unwrap(), "99".parse().unwrap())), Err(OrderFault::TooLate));
    assert_eq!(order.elect(NOON), Err(OrderFault::TooLate));
    assert_eq!(order, held);
    order.begin_work("99".parse().unwrap(), NOON).unwrap();
    assert_eq!(order, limit_order());
}

#[test]
fn a_status_is_kept_as_a_word_and_a_reason() {
    let all = [
        OrderStatus::Held,
        OrderStatus::Working,
        OrderStatus::Triggered,
        OrderStatus::PartiallyFilled,
        OrderStatus::Filled,
        OrderStatus::Canceled(CancelReason::NoPrices),
        OrderStatus::Expired,
        OrderStatus::Rejected(RejectReason::TooManyPositions),
    ];
    for status in all {
        assert_eq!(OrderStatus::of(status.word(), status.reason()), Ok(status));
    }
    assert_eq!(OrderStatus::of(StatusWord::Canceled, None), Err(InvalidStatus));
    assert_eq!(OrderStatus::of(StatusWord::Working, Some("requested")), Err(InvalidStatus));
    assert_eq!(OrderStatus::of(StatusWord::Rejected, Some("requested")), Err(InvalidStatus));
}

proptest! {
    #[test]
    fn quantity_is_filled_and_left(parts in prop::collection::vec((1_i64..4_000_000, 1_i64..2_000_000), 1..12)) {
        let mut order = limit_order();
        let Size::Shares(quantity) = order.size else { unreachable!() };
        for (millionths, units) in parts {
            let part = Quantity::from_millionths(millionths).unwrap();
            let fill = fill_of(&order, part, Price::from_units(units).unwrap());
            let before = order.clone();
            match order.fill(&fill) {
                Ok(()) => prop_assert_eq!(order.filled.unwrap().count, before.filled.map_or(0, |filled| filled.count) + 1),
                Err(_) => prop_assert_eq!(&order, &before),
            }
            let filled = order.filled_quantity().map_or(0, Quantity::millionths);
            prop_assert_eq!(filled + order.left().map_or(0, Quantity::millionths), quantity.millionths());
            prop_assert_eq!(order.status == OrderStatus::Filled, order.left().is_none());
        }
    }
}
