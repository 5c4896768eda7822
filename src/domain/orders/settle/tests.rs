use rstest::rstest;

use super::*;
use crate::domain::{
    money::{Money, Price, Quantity},
    order::Side,
    orders::{
        costs::Commission,
        order::{OrderStatus, tests::limit_order},
        request::Size,
        rules::{FillModel, Resting},
        terms::{OrderClass, Terms, TimeInForce},
    },
    session::SessionKind,
};

const AT: UtcInstant = UtcInstant::EPOCH;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn id(n: u128) -> OrderId {
    OrderId::from_u128(n)
}

/// A bracket whose parent bought all ten: a target at 110 and a stop at 95 wait.
fn armed() -> Group {
    let class = OrderClass::Bracket;
    let leg = |n, role, terms| Order {
        id: id(n),
        side: Side::Sell,
        terms,
        role,
        class,
        parent_id: Some(id(1)),
        hold_price: Some(price("100")),
        ..limit_order()
    };
    let parent = Order { class, status: OrderStatus::Filled, ..limit_order() };
    let target = leg(2, Role::TakeProfit, Terms::Limit { limit: price("110") });
    let stop = leg(3, Role::StopLoss, Terms::Stop { stop: price("95") });
    Group::of(vec![parent, target, stop]).unwrap()
}

fn rules(model: FillModel) -> FillRules {
    FillRules { model, ..FillRules::default() }
}

fn tick(text: &str, volume: Option<u64>) -> Span {
    Span::tick(price(text), volume, false, SessionKind::Regular)
}

/// Step of every order of the group at a span.
fn fired(group: &Group, span: &Span, rules: &FillRules) -> Vec<Fired> {
    let working = group.orders().iter().filter(|order| order.status.is_working());
    working.map(|order| Fired { id: order.id, step: Resting::from(order).step(span, rules, false) }).collect()
}

fn settle(group: &mut Group, span: &Span, rules: &FillRules) -> Option<Settled> {
    let fired = fired(group, span, rules);
    Settlement { span, rules, at: AT }.settle(group, &fired, |_, _, _| Ok(())).unwrap()
}

fn words(group: &Group) -> Vec<&'static str> {
    group.orders().iter().map(|order| order.status.word().as_str()).collect()
}

#[rstest]
#[case::both_inside(["100", "94", "112", "100"], 3, "95.00")]
#[case::stop_at_the_open(["94", "93", "112", "100"], 3, "94.00")]
#[case::target_at_the_open(["111", "94", "112", "100"], 2, "111.00")]
#[case::target_alone(["100", "99", "112", "100"], 2, "110.00")]
fn never_both_legs(#[case] prices: [&str; 4], #[case] leg: u128, #[case] at: &str) {
    let [first, low, high, last] = prices.map(price);
    let span = Span { first, low, high, last, volume: None, is_gap: true, session: SessionKind::Regular };
    let mut group = armed();
    let settled = settle(&mut group, &span, &rules(FillModel::Plain)).unwrap();
    assert_eq!((settled.id, settled.fill.price), (id(leg), price(at)));
    let filled = group.legs().iter().filter(|leg| leg.filled.is_some()).count();
    assert_eq!(filled, 1);
    assert!(group.legs().iter().all(|leg| !leg.is_open()));
}

#[test]
fn a_fill_beyond_the_accounts_means_rejects_the_order() {
    let mut group = Group::of(vec![limit_order()]).unwrap();
    group.assign_holds(Commission::default()).unwrap();
    let (span, rules) = (tick("99", None), rules(FillModel::Plain));
    let fired = fired(&group, &span, &rules);
    let settlement = Settlement { span: &span, rules: &rules, at: AT };
    let settled = settlement.settle(&mut group, &fired, |order, fill, held| {
        assert_eq!((order.id, fill.price, held.cash), (id(1), price("100"), Money::from_cents(100_000)));
        Err(RejectReason::InsufficientCash)
    });
    assert_eq!(settled, Ok(None));
    assert_eq!(group.leader().status, OrderStatus::Rejected(RejectReason::InsufficientCash));
    assert_eq!(group.held(), Some(Hold::default()));
}

#[test]
fn a_stop_that_finds_no_volume_is_elected_and_fills_at_the_market_later() {
    let rules = rules(FillModel::Strict);
    let mut group = armed();
    assert_eq!(settle(&mut group, &tick("94", Some(0)), &rules), None);
    assert_eq!(words(&group), ["filled", "working", "triggered"]);
    // The price has recovered, but the order stays elected.
    let settled = settle(&mut group, &tick("97", Some(40)), &rules).unwrap();
    assert_eq!((settled.fill.price, settled.fill.quantity), (price("97"), "4".parse().unwrap()));
    assert_eq!(words(&group), ["filled", "working", "partially_filled"]);
    assert_eq!(group.legs()[0].left(), Some("6".parse().unwrap()), "the target shrinks with it");
}

#[test]
fn a_stop_limit_that_is_elected_rests_at_its_limit() {
    let terms = Terms::StopLimit { stop: price("95"), limit: price("94") };
    let mut group = Group::of(vec![Order { side: Side::Sell, terms, ..limit_order() }]).unwrap();
    let rules = rules(FillModel::Plain);
    assert_eq!(settle(&mut group, &tick("93", None), &rules), None);
    assert_eq!((words(&group), group.leader().revision), (vec!["triggered"], 2));
    let settled = settle(&mut group, &tick("96", None), &rules).unwrap();
    assert_eq!((settled.fill.price, settled.number), (price("94"), 1));
}

#[rstest]
#[case::ioc_fills_a_part(TimeInForce::Ioc, "99", Some(50), "canceled", Some("5"))]
#[case::ioc_rests(TimeInForce::Ioc, "101", Some(50), "canceled", None)]
#[case::ioc_fills(TimeInForce::Ioc, "99", Some(100), "filled", Some("10"))]
#[case::fok_lacks_volume(TimeInForce::Fok, "99", Some(50), "canceled", None)]
#[case::fok_fills(TimeInForce::Fok, "99", Some(100), "filled", Some("10"))]
fn immediate_orders_end_with_their_first_span(
    #[case] time_in_force: TimeInForce,
    #[case] at: &str,
    #[case] volume: Option<u64>,
    #[case] status: &str,
    #[case] filled: Option<&str>,
) {
    let mut group = Group::of(vec![Order { time_in_force, expires_at: None, ..limit_order() }]).unwrap();
    let settled = settle(&mut group, &tick(at, volume), &rules(FillModel::Strict));
    assert_eq!(words(&group), [status]);
    assert_eq!(settled.map(|settled| settled.fill.quantity), filled.map(|shares| shares.parse::<Quantity>().unwrap()));
    assert_eq!(group.leader().revision, 2, "it is one write");
}

#[test]
fn what_has_ended_is_passed_over() {
    let (span, rules) = (tick("94", None), rules(FillModel::Plain));
    let mut group = armed();
    let late = fired(&group, &span, &rules);
    group.write(Commission::default(), AT, |change| change.cancel(id(3), CancelReason::Requested)).unwrap();
    let before = group.clone();
    let settlement = Settlement { span: &span, rules: &rules, at: AT };
    assert_eq!(settlement.settle(&mut group, &late, |_, _, _| unreachable!("nothing is executed")), Ok(None));
    assert_eq!(group, before);
}

#[test]
fn a_market_order_under_strict_takes_a_tenth_of_each_tick() {
    let market = Order { terms: Terms::Market, size: Size::Shares("10".parse().unwrap()), ..limit_order() };
    let mut group = Group::of(vec![market]).unwrap();
    let rules = rules(FillModel::Strict);
    let ticks = [("100", 30), ("101", 0), ("102", 40), ("103", 500)];
    let fills: Vec<String> = ticks
        .into_iter()
        .filter_map(|(at, volume)| settle(&mut group, &tick(at, Some(volume)), &rules))
        .map(|settled| format!("{}: {} at {}", settled.number, settled.fill.quantity, settled.fill.price))
        .collect();
    assert_eq!(fills, ["1: 3 at 100.00", "2: 4 at 102.00", "3: 3 at 103.00"]);
    assert_eq!(words(&group), ["filled"]);
}
