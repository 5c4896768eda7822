//! Days and flows.

use super::{Bench, MAIN, after_noon, market, order};
use crate::{
    domain::{
        money::Money,
        order::Side,
        performance::{day::AccountDay, flow::NewFlow},
    },
    error::ApiError,
    server::ledger::{AddDays, RecordDay, RecordFlow, Reset},
};

const DAY: i64 = 86_400;

fn flow(cents: i64, name: &str, seconds: i64) -> RecordFlow {
    let client_flow_id = Some(name.parse().unwrap());
    RecordFlow {
        flow: NewFlow { amount: Money::from_cents(cents), note: Some("a note".to_owned()), client_flow_id },
        id: format!("flow-{name}"),
        prices: market(&[("V", 1_000_000)]),
        at: after_noon(seconds),
    }
}

pub fn days_and_flows(bench: &mut Bench) {
    bench.submit(MAIN, order(Side::Buy, "V", "10", "1", after_noon(1))).unwrap();
    bench.submit(MAIN, flow(250_000, "f1", 2)).unwrap();
    assert!(bench.submit(MAIN, flow(250_000, "f1", 3)).unwrap().contains("replayed: true"));
    let other = bench.submit(MAIN, flow(1, "f1", 3));
    assert_eq!(other, Err(ApiError::FlowIdReused { client_flow_id: "f1".to_owned() }));
    let account = &bench.books[&MAIN].account;
    assert_eq!((account.cash.cents(), account.flows.cents()), (1_150_000, 250_000));
    assert!(account.is_balanced());
    let too_much = bench.submit(MAIN, flow(-1_150_001, "f2", 4));
    assert!(matches!(too_much, Err(ApiError::WithdrawalTooLarge { .. })), "{too_much:?}");
    bench.submit(MAIN, flow(-150_000, "f2", 4)).unwrap();
    assert_eq!(bench.books[&MAIN].high_water_mark, Some(Money::from_cents(1_100_000)), "it moves with the flows");
    assert!(bench.submit(MAIN, flow(0, "f3", 4)).is_err());

    let record = |units, seconds| RecordDay { prices: market(&[("V", units)]), at: after_noon(seconds) };
    bench.submit(MAIN, record(900_000, 5)).unwrap();
    bench.submit(MAIN, record(1_200_000, 6)).unwrap();
    bench.submit(MAIN, record(1_100_000, 7)).unwrap();
    let day = AccountDay::clone(bench.books[&MAIN].day.as_ref().unwrap());
    // 10,000.00 in cash, and 10 V.
    assert_eq!((day.low.cents(), day.high.cents(), day.close().cents()), (1_000_000, 1_250_000, 1_110_000));
    bench.submit(MAIN, record(1_300_000, 3 * DAY)).unwrap();
    let opened_at = bench.books[&MAIN].opened_at;
    let on =
        |days: i64| AccountDay { date: crate::domain::corporate_action::ExchangeDate::from_days(days), ..day.clone() };
    let (first, latest) = (day.date.days(), day.date.days() + 3);
    let days: Vec<_> = (first..=latest + 1).map(on).collect();
    let add = AddDays { opened_at, days: days.clone() };
    assert_eq!(bench.submit(MAIN, add), Ok("2".to_owned()), "two days are missing between the others");
    let other = AddDays { opened_at: after_noon(9), days };
    assert_eq!(bench.submit(MAIN, other), Ok("0".to_owned()), "another account's");
    assert_eq!(bench.books[&MAIN].day.as_ref().unwrap().date.days(), latest);

    bench.submit(MAIN, Reset { at: after_noon(3 * DAY + 1) }).unwrap();
    assert!(bench.books[&MAIN].day.is_none());
    assert!(bench.submit(MAIN, flow(250_000, "f1", 3 * DAY + 2)).unwrap().contains("replayed: true"));
    bench.submit(MAIN, flow(5, "f4", 3 * DAY + 2)).unwrap();
    assert_eq!((bench.books[&MAIN].counts.flows, bench.books[&MAIN].account.flows.cents()), (1, 5));
}
