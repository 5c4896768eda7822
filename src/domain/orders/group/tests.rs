use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::{
    money::Money,
    order::Side,
    orders::{
        order::tests::{fill_of, limit_order},
        terms::{Terms, Trail},
    },
};

const AT: UtcInstant = UtcInstant::EPOCH;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn id(n: u128) -> OrderId {
    OrderId::from_u128(n)
}

const PARENT: u128 = 1;
const TARGET: u128 = 2;
const STOP: u128 = 3;

fn leg(n: u128, role: Role, terms: Terms, class: OrderClass) -> Order {
    Order {
        id: id(n),
        side: Side::Sell,
        terms,
        role,
        class,
        parent_id: Some(id(PARENT)),
        status: OrderStatus::Held,
        working_at: None,
        hold_price: None,
        ..limit_order()
    }
}

/// A working order to buy ten at 100, with a held target at 110 and a held stop at 95.
fn bracket() -> Group {
    let class = OrderClass::Bracket;
    let target = leg(TARGET, Role::TakeProfit, Terms::Limit { limit: price("110") }, class);
    let stop = leg(STOP, Role::StopLoss, Terms::Stop { stop: price("95") }, class);
    let mut group = Group::of(vec![stop, Order { class, ..limit_order() }, target]).unwrap();
    group.assign_holds(Commission::default()).unwrap();
    group
}

/// Ten to sell at 110, or at a stop at 95.
fn oco() -> Group {
    let class = OrderClass::Oco;
    let limit = Order { class, side: Side::Sell, terms: Terms::Limit { limit: price("110") }, ..limit_order() };
    let stop = leg(STOP, Role::StopLoss, Terms::Stop { stop: price("95") }, class);
    let stop = Order { status: OrderStatus::Working, working_at: Some(AT), hold_price: Some(price("99.75")), ..stop };
    let mut group = Group::of(vec![limit, stop]).unwrap();
    group.assign_holds(Commission::default()).unwrap();
    group
}

fn fill(group: &mut Group, n: u128, shares: &str, at: &str) {
    let fill = fill_of(group.get(id(n)).unwrap(), quantity(shares), price(at));
    group.write(Commission::default(), AT, |change| change.fill(id(n), &fill, price(at))).unwrap();
}

fn cancel(group: &mut Group, n: u128) -> Result<(), OrderFault> {
    group.write(Commission::default(), AT, |change| change.cancel(id(n), CancelReason::Requested))
}

/// Each order's status and remainder.
fn standing(group: &Group) -> Vec<String> {
    let told = |order: &Order| {
        let reason = order.status.reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let left = order.left().map_or("0".to_owned(), Quantity::plain);
        format!("{}{reason} {left}", order.status.word())
    };
    group.orders().iter().map(told).collect()
}

fn revisions(group: &Group) -> Vec<u32> {
    group.orders().iter().map(|order| order.revision).collect()
}

#[test]
fn legs_are_armed_with_what_the_parent_has_filled_and_grow_with_it() {
    let mut group = bracket();
    fill(&mut group, PARENT, "4", "99");
    assert_eq!(standing(&group), ["partially_filled 6", "working 4", "working 4"]);
    assert_eq!(revisions(&group), [2, 2, 2]);
    fill(&mut group, PARENT, "6", "100");
    assert_eq!(standing(&group), ["filled 0", "working 10", "working 10"]);
    assert_eq!(group.held().unwrap().shares, Some(quantity("10")), "a pair holds once");
}

#[test]
fn a_partly_filled_parent_that_is_cancelled_leaves_its_legs() {
    let mut group = bracket();
    fill(&mut group, PARENT, "4", "99");
    cancel(&mut group, PARENT).unwrap();
    assert_eq!(standing(&group), ["canceled (requested) 6", "working 4", "working 4"]);
    assert_eq!(group.leader().filled_quantity(), Some(quantity("4")));
    assert_eq!(group.held().unwrap().cash, Money::ZERO);
}

#[test]
fn a_parent_that_never_filled_takes_its_legs_with_it() {
    let mut group = bracket();
    cancel(&mut group, PARENT).unwrap();
    assert_eq!(
        standing(&group),
        ["canceled (requested) 10", "canceled (parent_ended) 10", "canceled (parent_ended) 10"]
    );
    assert_eq!(group.held(), Some(Hold::default()));
}

#[test]
fn a_rejected_parent_takes_its_legs_with_it() {
    let mut group = bracket();
    let reject = |change: &mut Change<'_>| change.reject(id(PARENT), RejectReason::InsufficientCash);
    group.write(Commission::default(), AT, reject).unwrap();
    assert_eq!(
        standing(&group),
        ["rejected (insufficient_cash) 10", "canceled (parent_ended) 10", "canceled (parent_ended) 10"]
    );
}

#[rstest]
#[case::stop(STOP, ["filled 0", "canceled (other_leg_filled) 10", "filled 0"])]
#[case::target(TARGET, ["filled 0", "filled 0", "canceled (other_leg_filled) 10"])]
fn a_filled_leg_cancels_the_other(#[case] leg: u128, #[case] expected: [&str; 3]) {
    let mut group = bracket();
    fill(&mut group, PARENT, "10", "99");
    fill(&mut group, leg, "10", "95");
    assert_eq!(standing(&group), expected);
    assert_eq!(group.held(), Some(Hold::default()));
    assert!(!group.is_open());
}

#[test]
fn a_partial_fill_of_a_leg_shrinks_the_other() {
    let mut group = bracket();
    fill(&mut group, PARENT, "10", "99");
    fill(&mut group, TARGET, "3", "110");
    assert_eq!(standing(&group), ["filled 0", "partially_filled 7", "working 7"]);
    assert_eq!(group.held().unwrap().shares, Some(quantity("7")));
    fill(&mut group, STOP, "7", "95");
    assert_eq!(standing(&group), ["filled 0", "canceled (other_leg_filled) 7", "filled 0"]);
}

#[test]
fn once_the_exit_begins_nothing_more_is_entered() {
    let mut group = bracket();
    fill(&mut group, PARENT, "4", "99");
    fill(&mut group, STOP, "4", "95");
    assert_eq!(standing(&group), ["canceled (exit_filled) 6", "canceled (other_leg_filled) 4", "filled 0"]);
    assert_eq!(group.held(), Some(Hold::default()));
}

#[test]
fn orders_of_an_oco_reduce_each_other() {
    let mut group = oco();
    assert_eq!(group.held().unwrap().shares, Some(quantity("10")), "a pair holds once");
    fill(&mut group, PARENT, "4", "110");
    assert_eq!(standing(&group), ["partially_filled 6", "working 6"]);
    fill(&mut group, STOP, "6", "95");
    assert_eq!(standing(&group), ["canceled (other_leg_filled) 6", "filled 0"]);
}

#[rstest]
#[case::limit(PARENT, ["canceled (requested) 10", "canceled (other_leg_ended) 10"])]
#[case::stop(STOP, ["canceled (other_leg_ended) 10", "canceled (requested) 10"])]
fn a_cancelled_order_of_a_pair_takes_the_other_with_it(#[case] n: u128, #[case] expected: [&str; 2]) {
    let mut group = oco();
    cancel(&mut group, n).unwrap();
    assert_eq!(standing(&group), expected);
}

#[test]
fn never_cancelled_and_filled() {
    let mut group = oco();
    fill(&mut group, STOP, "10", "95");
    let before = group.clone();
    assert_eq!(cancel(&mut group, STOP), Err(OrderFault::TooLate));
    assert_eq!(cancel(&mut group, PARENT), Err(OrderFault::TooLate));
    let fill = fill_of(&limit_order(), quantity("10"), price("110"));
    let late = group.write(Commission::default(), AT, |change| change.fill(id(PARENT), &fill, price("110")));
    assert_eq!(late, Err(OrderFault::TooLate));
    assert_eq!(group, before);
}

#[test]
fn a_group_expires_as_one() {
    let mut group = bracket();
    fill(&mut group, PARENT, "4", "99");
    group.write(Commission::default(), UtcInstant::END, |change| change.expire()).unwrap();
    assert_eq!(standing(&group), ["expired 6", "expired 4", "expired 4"]);
    assert_eq!(group.held(), Some(Hold::default()));
    let before = group.clone();
    group.write(Commission::default(), UtcInstant::END, |change| change.expire()).unwrap();
    assert_eq!(group, before, "what has ended is not changed");
}

#[test]
fn a_trailing_leg_follows_from_the_price_at_which_it_was_armed() {
    let class = OrderClass::Oto;
    let trail = Trail::Amount(price("2"));
    let stop = leg(STOP, Role::StopLoss, Terms::TrailingStop { trail }, class);
    let mut group = Group::of(vec![Order { class, ..limit_order() }, stop]).unwrap();
    fill(&mut group, PARENT, "10", "99");
    let stop = group.get(id(STOP)).unwrap();
    assert_eq!((stop.high_water_mark, stop.stop()), (Some(price("99")), Some(price("97"))));
}

#[test]
fn a_condition_lets_both_orders_of_an_oco_work() {
    let held =
        |order: &Order| Order { status: OrderStatus::Held, working_at: None, held: Hold::default(), ..order.clone() };
    let mut group = Group::of(oco().orders().iter().map(held).collect()).unwrap();
    group.write(Commission::default(), AT, |change| change.submit(price("100"))).unwrap();
    assert_eq!(standing(&group), ["working 10", "working 10"]);
    assert_eq!(group.held().unwrap().shares, Some(quantity("10")));
    let again = group.write(Commission::default(), AT, |change| change.submit(price("100")));
    assert_eq!(again, Err(OrderFault::TooLate));
}

#[test]
fn orders_that_do_not_belong_together_are_no_group() {
    let stranger = Order { parent_id: Some(id(9)), ..bracket().legs()[0].clone() };
    assert_eq!(Group::of(vec![]), Err(NotAGroup));
    assert_eq!(Group::of(vec![limit_order(), stranger.clone()]), Err(NotAGroup));
    assert_eq!(Group::of(vec![stranger]), Err(NotAGroup));
    assert_eq!(Group::of(vec![limit_order(), limit_order()]), Err(NotAGroup));
}

#[rstest]
#[case::cancelled(|change: &mut Change<'_>| change.cancel(id(PARENT), CancelReason::Requested))]
#[case::rejected(|change: &mut Change<'_>| change.reject(id(PARENT), RejectReason::InsufficientCash))]
#[case::expired(|change: &mut Change<'_>| change.expire())]
#[case::filled(|change: &mut Change<'_>| {
    let fill = fill_of(change.order(id(PARENT))?, quantity("10"), price("99"));
    change.fill(id(PARENT), &fill, price("99"))
})]
fn never_a_hold_that_outlives_its_order(#[case] end: fn(&mut Change<'_>) -> Result<(), OrderFault>) {
    let mut group = bracket();
    assert_eq!(group.leader().held.cash, Money::from_cents(100_000));
    group.write(Commission::default(), UtcInstant::END, end).unwrap();
    assert!(!group.leader().is_open());
    assert_eq!(group.leader().held, Hold::default());
    // The legs' holds end in the same write.
    if group.is_open() {
        group.write(Commission::default(), UtcInstant::END, |change| change.expire()).unwrap();
    }
    assert_eq!(group.held(), Some(Hold::default()));
}

#[test]
fn never_a_partial_fill_that_leaves_a_rest_without_its_stop() {
    let mut group = bracket();
    for (filled, protected) in [("0.000001", "0.000001"), ("2.5", "2.500001"), ("7.499999", "10")] {
        fill(&mut group, PARENT, filled, "99");
        let stop = group.get(id(STOP)).unwrap();
        assert_eq!((stop.status, stop.left()), (OrderStatus::Working, Some(quantity(protected))));
    }
    // The remainder after the target's fill stays protected.
    fill(&mut group, TARGET, "0.000001", "110");
    assert_eq!(group.get(id(STOP)).unwrap().left(), Some(quantity("9.999999")));
}

/// Events of a bracket.
#[derive(Debug, Clone)]
enum Event {
    Fill(u128, i64),
    Cancel(u128),
    Reject(u128),
    Expire,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1_u128..4, 1_i64..10_000_000).prop_map(|(n, millionths)| Event::Fill(n, millionths)),
        1 => (1_u128..4).prop_map(Event::Cancel),
        1 => (1_u128..4).prop_map(Event::Reject),
        1 => Just(Event::Expire),
    ]
}

proptest! {
    #[test]
    fn a_bracket_keeps_its_rules_whatever_happens(events in prop::collection::vec(any_event(), 1..30)) {
        let mut group = bracket();
        for event in events {
            let before = group.clone();
            let outcome = group.write(Commission::default(), AT, |change| match event {
                Event::Fill(n, millionths) => {
                    let order = change.order(id(n))?.clone();
                    let left = order.left().ok_or(OrderFault::TooLate)?;
                    let part = Quantity::from_millionths(millionths).unwrap().min(left);
                    change.fill(id(n), &fill_of(&order, part, price("100")), price("100"))
                }
                Event::Cancel(n) => change.cancel(id(n), CancelReason::Requested),
                Event::Reject(n) => change.reject(id(n), RejectReason::InsufficientShares),
                Event::Expire => Ok(()),
            });
            if outcome.is_err() {
                prop_assert_eq!(&group, &before);
            }
            let filled = |order: &Order| order.filled_quantity().map_or(0, Quantity::millionths);
            let [parent, target, stop] = group.orders() else { unreachable!() };
            let exited = filled(target) + filled(stop);
            // No more is sold than was bought.
            prop_assert!(exited <= filled(parent));
            // A partial fill never leaves a remainder without its stop.
            let is_protected = stop.status.is_working() && stop.left().map(Quantity::millionths) == Some(filled(parent) - exited);
            let has_ended_otherwise = [target, stop].iter().any(|leg| !leg.is_open() && leg.status != OrderStatus::Filled
                && leg.status != OrderStatus::Canceled(CancelReason::OtherLegFilled));
            prop_assert!(filled(parent) == exited || is_protected || has_ended_otherwise, "{:?}", standing(&group));
            // Both legs have the same remainder, and an ended order holds nothing.
            if target.status.is_working() && stop.status.is_working() {
                prop_assert_eq!(target.left(), stop.left());
            }
            for (order, earlier) in group.orders().iter().zip(before.orders()) {
                prop_assert!(order.is_open() || order.held == Hold::default());
                prop_assert_eq!(order.revision - earlier.revision, u32::from(order != earlier));
                prop_assert!(earlier.is_open() || order == earlier, "what has ended is not changed");
            }
        }
    }
}
