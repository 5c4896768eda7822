//! Splits and dividends.

use super::{Bench, MAIN, after_noon, market, order, quantity, ticker};
use crate::{
    domain::{
        corporate_action::{ActionKind, CorporateAction, DividendRate, ExchangeDate, SplitRatio},
        money::Money,
        order::Side,
    },
    server::ledger::{ApplyAction, PayDividends, Reset},
};

const DAY: i64 = 86_400;

/// The exchange's date a number of days after noon's date.
fn day(days: i64) -> ExchangeDate {
    ExchangeDate::of(after_noon(days * DAY))
}

fn apply(id: &str, kind: ActionKind) -> ApplyAction {
    let action = CorporateAction { id: id.to_owned(), ticker: ticker("V"), ex_date: day(1), kind };
    ApplyAction { action, prices: market(&[("V", 1_000_000)]), at: after_noon(DAY) }
}

fn dividend(pay_days: i64) -> ActionKind {
    ActionKind::Dividend { rate: DividendRate::from_billionths(500_000_000).unwrap(), pay_date: day(pay_days) }
}

pub fn split_and_pay(bench: &mut Bench) {
    bench.submit(MAIN, order(Side::Buy, "V", "10", "1", after_noon(1))).unwrap();
    assert_eq!(bench.submit(MAIN, apply("d1", dividend(1))), Ok("Now".to_owned()));
    assert_eq!(bench.submit(MAIN, apply("d1", dividend(1))), Ok("Nothing".to_owned()));
    bench.submit(MAIN, apply("d2", dividend(30))).unwrap();
    let ratio = SplitRatio { from: quantity("1"), to: quantity("4") };
    assert_eq!(bench.submit(MAIN, apply("s1", ActionKind::Split(ratio))), Ok("Now".to_owned()));
    assert_eq!(bench.submit(MAIN, apply("s1", ActionKind::Split(ratio))), Ok("Nothing".to_owned()));
    assert_eq!(bench.books[&MAIN].account.holdings[&ticker("V")].quantity, quantity("40"));
    assert_eq!(bench.submit(MAIN, PayDividends { at: after_noon(DAY) }), Ok("1".to_owned()));
    assert_eq!(bench.submit(MAIN, PayDividends { at: after_noon(DAY) }), Ok("0".to_owned()));
    assert_eq!(bench.books[&MAIN].account.income, Money::from_cents(500));
}

pub fn split_orders_alone(bench: &mut Bench) {
    bench.submit(MAIN, super::orders::waiting_for_v(1, 1)).unwrap();
    bench.submit(MAIN, super::orders::waiting_for_v(2, DAY - 1)).unwrap();
    let ratio = SplitRatio { from: quantity("1"), to: quantity("4") };
    let on_day = ApplyAction { at: after_noon(DAY), ..apply("s1", ActionKind::Split(ratio)) };
    assert_eq!(bench.submit(MAIN, on_day), Ok("Now".to_owned()));
    assert_eq!(
        bench.submit(MAIN, apply("s1", ActionKind::Split(ratio))),
        Ok("Nothing".to_owned()),
        "it is applied once"
    );
    assert_eq!(bench.submit(MAIN, apply("d1", dividend(1))), Ok("Nothing".to_owned()));
    let orders = bench.books[&MAIN].orders.clone();
    let mut sizes: Vec<_> = orders.groups().map(|listed| listed.group.leader().left().unwrap()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [quantity("2"), quantity("8")], "the one that was placed on the day is in new shares");
}

pub fn reset_while_owed(bench: &mut Bench) {
    bench.submit(MAIN, order(Side::Buy, "V", "10", "1", after_noon(1))).unwrap();
    bench.submit(MAIN, apply("d1", dividend(1))).unwrap();
    bench.submit(MAIN, Reset { at: after_noon(DAY + 1) }).unwrap();
    assert_eq!(bench.submit(MAIN, PayDividends { at: after_noon(DAY + 2) }), Ok("0".to_owned()));
}
