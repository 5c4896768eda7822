//! The rules against NautilusTrader's: `reference.json`, by `scripts/reference/fills.py`.
//!
//! Both fire each order at the same tick, and a limit order at the same price. The prices of stops and stop-limits differ by
//! design: there they fill at the stop's price, over a gap as well; here at the tick's, or at the limit once they rest there.

use serde::Deserialize;

use super::*;
use crate::domain::{money::Price, orders::terms::Trail};

/// An order and the prices after its acceptance; prices in cents.
#[derive(Debug, Deserialize)]
struct Case {
    r#type: String,
    side: String,
    accepted_at: i64,
    prices: Vec<i64>,
    limit: Option<i64>,
    stop: Option<i64>,
    trail: Option<i64>,
    fill: Option<Fill>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Fill {
    /// Number of the tick after the acceptance, from 1.
    tick: usize,
    price: String,
}

fn cents(cents: i64) -> Price {
    Price::from_units(cents * 100).expect("prices of the cases are small")
}

impl Case {
    fn resting(&self) -> Resting {
        let price = |cents_of: Option<i64>| cents(cents_of.expect("its type has this price"));
        let terms = match self.r#type.as_str() {
            "limit" => Terms::Limit { limit: price(self.limit) },
            "stop" => Terms::Stop { stop: price(self.stop) },
            "stop_limit" => Terms::StopLimit { stop: price(self.stop), limit: price(self.limit) },
            "trailing_stop" => Terms::TrailingStop { trail: Trail::Amount(price(self.trail)) },
            other => panic!("{other} is no type of the cases"),
        };
        let side = if self.side == "buy" { Side::Buy } else { Side::Sell };
        Resting { side, terms, mark: Some(cents(self.accepted_at)), is_elected: false, extended_hours: false }
    }

    /// The fill by the rules here.
    fn filled(&self) -> Option<Fill> {
        let mut order = self.resting();
        for (tick, price) in self.prices.iter().enumerate() {
            let span = Span::tick(cents(*price), None, false, SessionKind::Regular);
            match order.step(&span, &FillRules::default(), false) {
                Step::Rest => order.mark = order.mark_after(&span),
                Step::Elect(_) => order.is_elected = true,
                Step::Fill { price, .. } => {
                    return Some(Fill { tick: tick + 1, price: price.to_string() });
                }
            }
        }
        None
    }
}

#[test]
fn orders_fire_at_the_ticks_at_which_another_program_fires_them() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("reference.json")).expect("it is of this form");
    assert!(cases.len() >= 400 && cases.iter().filter(|case| case.fill.is_some()).count() >= 150);
    for case in cases {
        let ours = case.filled();
        let tick = |fill: &Option<Fill>| fill.as_ref().map(|fill| fill.tick);
        assert_eq!(tick(&ours), tick(&case.fill), "{case:?}");
        let Some(fill) = &ours else { continue };
        let limit = case.limit.map(|limit| cents(limit).to_string());
        match case.r#type.as_str() {
            "limit" => assert_eq!(ours, case.fill, "{case:?}"),
            "stop_limit" if Some(&fill.price) == limit.as_ref() => {}
            _ => assert_eq!(fill.price, cents(case.prices[fill.tick - 1]).to_string(), "{case:?}"),
        }
    }
}
