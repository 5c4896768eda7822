use serde_json::json;

use super::*;
use crate::domain::{
    orders::{
        accept::{Circumstances, DayEnd},
        hold::Holds,
        order::{
            CancelReason,
            tests::{fill_of, limit_order},
        },
        request::NewOrder,
        rules::FillRules,
        span::Span,
        terms::Terms,
    },
    session::SessionKind,
};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[test]
fn an_order_is_written_as_the_contract_says() {
    let mut order = limit_order();
    order.fill(&fill_of(&order, "4".parse().unwrap(), price("99"))).unwrap();
    order.cancel(CancelReason::Requested).unwrap();
    let json = serde_json::to_value(OrderView::of(&order, Vec::new())).unwrap();
    let expected = json!({
        "id": "00000000-0000-0000-0000-000000000001", "status": "canceled", "reason": "requested", "type": "limit",
        "side": "buy", "quantity": 10.0, "filled_quantity": 4.0, "filled_avg_price": 99.0, "limit_price": 100.0,
        "stop_price": null, "time_in_force": "day", "class": "simple", "parent_id": null, "legs": [], "revision": 1,
        "held_amount": 0.0, "source": "manual", "fills": []
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&json[field], value, "{field}");
    }
    assert_eq!(serde_json::from_value::<OrderView>(json).unwrap(), OrderView::of(&order, Vec::new()));
}

#[test]
fn a_trailing_stop_shows_its_present_stop() {
    let terms = Terms::TrailingStop { trail: Trail::Percent("10".parse().unwrap()) };
    let order = Order { side: Side::Sell, terms, high_water_mark: Some(price("110")), ..limit_order() };
    let view = OrderView::of(&order, Vec::new());
    assert_eq!((view.stop_price, view.high_water_mark), (Some(price("99")), Some(price("110"))));
    assert_eq!((view.trail_amount, view.trail_percent), (None, Some("10".parse().unwrap())));
}

fn preview(fields: serde_json::Value) -> OrderPreview {
    let mut body = json!({"ticker": "NVDA", "side": "buy", "type": "market", "quantity": 10});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let request: NewOrder = serde_json::from_value(body).unwrap();
    let (tick, rules, holds) =
        (Span::tick(price("100"), None, false, SessionKind::Regular), FillRules::default(), Holds::default());
    let now = UtcInstant::EPOCH;
    let circumstances = Circumstances {
        now,
        tick: &tick,
        is_open: true,
        day_end: DayEnd { regular: now, extended: now },
        rules: &rules,
        cash: Money::from_cents(1_000_000),
        shares: None,
        holds: &holds,
        open_orders: 0,
        source: OrderSource::Manual,
    };
    let (faults, accepted) = circumstances.judge(&request, [1, 2, 3].map(OrderId::from_u128));
    let facts = PreviewFacts {
        ticker: request.ticker,
        side: request.side,
        last: Some(price("100")),
        buying_power: Money::from_cents(1_000_000),
        commission: rules.commission,
        accepted: accepted.as_ref(),
        faults: &faults,
    };
    facts.preview()
}

#[test]
fn a_preview_tells_cost_hold_and_what_is_left() {
    let at_once = preview(json!({}));
    assert!(at_once.fills_at_once && at_once.refusals.is_empty());
    assert_eq!(at_once.estimated_notional, Some(Money::from_cents(100_000)));
    assert_eq!(at_once.buying_power_after, Money::from_cents(900_000));
    let waiting = preview(json!({"type": "stop", "stop_price": 120}));
    assert_eq!((waiting.fills_at_once, waiting.estimated_price), (false, Some(price("120"))));
    assert_eq!(
        (waiting.held_amount, waiting.buying_power_after),
        (Money::from_cents(126_000), Money::from_cents(874_000))
    );
}

#[test]
fn a_preview_weighs_risk_against_reward() {
    let bracket = preview(json!({
        "class": "bracket", "take_profit": {"limit_price": 115}, "stop_loss": {"stop_price": 95}
    }));
    let risk = bracket.risk.unwrap();
    assert_eq!((risk.amount, risk.percent, risk.reward_ratio), (Money::from_cents(5_000), Some(5.0), Some(3.0)));
}

#[test]
fn a_preview_tells_why_it_would_be_refused() {
    let refused = preview(json!({"type": "stop", "stop_price": 90, "quantity": 1_000}));
    let codes: Vec<_> = refused.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
    assert_eq!(codes, ["invalid_price", "insufficient_cash"]);
    assert_eq!(refused.refusals[0].field.as_deref(), Some("stop_price"));
}
