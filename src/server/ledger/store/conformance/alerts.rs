//! Alerts, and the log of their firings.

use serde_json::json;

use super::{Bench, MAIN, after_noon, ticker};
use crate::{
    domain::alerts::{
        ALERTS_MAX, AlertStatus,
        request::{ChangeAlert, FiringValue, NewAlert},
    },
    error::ApiError,
    server::ledger::{
        alerts::{
            AlertOutcome, ChangeAlertWrite, CreateAlert, DeleteAlert, FoundTrue, ReadFirings, SaveVerdicts,
            SettleAlerts,
        },
        effect::Effect,
    },
};

fn request(symbol: &str, frequency: &str) -> NewAlert {
    let condition = json!({"left": {"price": symbol}, "op": ">", "right": 850.5});
    serde_json::from_value(json!({"condition": condition, "frequency": frequency, "note": "\"sell\" half"})).unwrap()
}

fn create(id: &str, symbol: &str) -> CreateAlert {
    CreateAlert { id: id.to_owned(), request: request(symbol, "always"), at: after_noon(1) }
}

fn outcome(id: &str, revision: u32, status: AlertStatus, firing: Option<&str>) -> AlertOutcome {
    let values = vec![FiringValue { operand: "XOM".to_owned(), value: 851.25 }];
    let firing = firing.map(|id| FoundTrue { id: id.to_owned(), values });
    AlertOutcome { id: id.to_owned(), revision, status, was_true: Some(firing.is_some()), firing }
}

fn settle(outcomes: Vec<AlertOutcome>, seconds: i64) -> SettleAlerts {
    SettleAlerts { outcomes, at: after_noon(seconds) }
}

pub fn watch_and_fire(bench: &mut Bench) {
    bench.submit(MAIN, create("a", "XOM")).unwrap();
    bench.submit(MAIN, create("b", "V")).unwrap();
    assert!(bench.books[&MAIN].wants(ticker("XOM")), "a ticker of an alert has a price");
    let change = |id: &str, change| ChangeAlertWrite { id: id.to_owned(), change, at: after_noon(2) };
    let pause = |paused| ChangeAlert { paused: Some(paused), ..ChangeAlert::default() };
    bench.submit(MAIN, change("a", pause(true))).unwrap();
    assert!(!bench.books[&MAIN].wants(ticker("XOM")));
    bench.submit(MAIN, change("a", pause(false))).unwrap();
    bench.submit(MAIN, change("a", pause(false))).unwrap();
    assert_eq!(bench.submit(MAIN, change("x", pause(true))), Err(ApiError::UnknownAlert));

    bench.submit(MAIN, settle(vec![outcome("a", 1, AlertStatus::Active, Some("f0"))], 3)).unwrap();
    assert_eq!(bench.books[&MAIN].alerts.unread, 0, "it was changed since it was looked at");
    let both = vec![outcome("a", 3, AlertStatus::Active, Some("f1")), outcome("b", 1, AlertStatus::Done, Some("f2"))];
    bench.submit(MAIN, settle(both, 4)).unwrap();
    bench.submit(MAIN, settle(vec![outcome("b", 1, AlertStatus::Done, Some("f3"))], 5)).unwrap();
    bench.submit(MAIN, settle(vec![outcome("a", 3, AlertStatus::Active, Some("f4"))], 6)).unwrap();
    let alerts = &bench.books[&MAIN].alerts;
    let firings: Vec<_> = alerts.iter().map(|alert| (alert.id.as_str(), alert.firings)).collect();
    assert_eq!((alerts.unread, firings), (3, vec![("a", 2), ("b", 1)]));
    bench.submit(MAIN, SaveVerdicts { outcomes: vec![outcome("a", 3, AlertStatus::Active, None)] }).unwrap();
    assert_eq!(bench.books[&MAIN].alerts.get("a").unwrap().was_true, Some(false));

    let read = |until: Option<&str>| ReadFirings { until: until.map(str::to_owned) };
    assert_eq!(bench.submit(MAIN, read(Some("f2"))), Ok("1".to_owned()));
    assert_eq!(bench.submit(MAIN, read(Some("gone"))), Ok("1".to_owned()));
    assert_eq!(bench.submit(MAIN, read(None)), Ok("0".to_owned()));
    bench.submit(MAIN, DeleteAlert { id: "b".to_owned() }).unwrap();
    assert_eq!(bench.submit(MAIN, DeleteAlert { id: "b".to_owned() }), Err(ApiError::UnknownAlert));
    bench.submit(MAIN, settle(vec![outcome("a", 3, AlertStatus::Expired, None)], 9)).unwrap();
    assert!(!bench.books[&MAIN].wants(ticker("XOM")));
}

pub fn as_many_as_may_be(bench: &mut Bench) {
    for number in 0..ALERTS_MAX {
        let alert =
            crate::domain::alerts::record::Alert::new(format!("{number:04}"), &request("V", "once"), after_noon(1));
        let effect = Effect::Alert(std::sync::Arc::new(alert.unwrap()));
        bench.books.get_mut(&MAIN).unwrap().apply(&effect);
        bench.prepare(vec![effect]);
    }
    assert_eq!(bench.submit(MAIN, create("x", "V")), Err(ApiError::TooManyAlerts));
}
