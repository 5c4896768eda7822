//! Alerts, through REST.

use std::time::Duration;

use finally::{domain::instant::UtcInstant, server::clock::system_clock};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, TestClient, TestProcess, fast_folder},
    events::Events,
};

/// Timeout for effects of a tick or two, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn answer(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

async fn create(client: &TestClient, condition: Value, frequency: &str) -> Value {
    let body = json!({ "condition": condition, "frequency": frequency, "note": "look at it" });
    let (status, alert) = answer(client.post("/api/alerts", body).await).await;
    assert_eq!(status, StatusCode::CREATED, "{alert}");
    alert
}

async fn change(client: &TestClient, alert: &Value, body: Value) -> (StatusCode, Value) {
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    answer(client.http.patch(client.url(&path)).json(&body).send().await.unwrap()).await
}

/// Waits until something of an alert is so.
async fn until(client: &TestClient, alert: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    let waiting = async {
        loop {
            let alert = client.read(&path).await;
            if is_so(&alert) {
                return alert;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the alert is so in time")
}

fn price_above(ticker: &str, price: f64) -> Value {
    json!({ "left": { "price": ticker }, "op": ">", "right": price })
}

#[tokio::test]
async fn an_alert_fires_when_its_condition_is_true_and_every_page_is_told() {
    let app = TestApp::start().await;
    let (mut events, _) = Events::begin(&app.client).await;
    let alert = create(&app.client, price_above("NVDA", 0.01), "once").await;
    assert_eq!((&alert["status"], &alert["sentence"]), (&"active".into(), &"NVDA is above 0.01".into()));
    let mut told = Vec::new();
    while told.last().is_none_or(|told: &Value| told["action"] != "fired") {
        let event = events.next().await.unwrap();
        assert_eq!(event.kind, "alert");
        told.push(event.data.clone());
    }
    let fired = told.last().unwrap();
    assert_eq!((&fired["id"], &fired["status"], &fired["unread"]), (&alert["id"], &"done".into(), &1.into()));
    assert_eq!((&fired["sentence"], &fired["note"]), (&"NVDA is above 0.01".into(), &"look at it".into()));

    let done = app.client.read(&format!("/api/alerts/{}", alert["id"].as_str().unwrap())).await;
    assert_eq!((&done["status"], &done["firings"]), (&"done".into(), &1.into()));
    let log = app.client.read("/api/alerts/firings").await;
    let firing = &log["firings"][0];
    assert_eq!((&firing["id"], &firing["alert_id"], &log["unread"]), (&fired["firing"], &alert["id"], &1.into()));
    assert_eq!(firing["values"][0]["operand"], "NVDA", "what was true");
    assert!(firing["values"][0]["value"].as_f64().unwrap() > 0.01 && firing["is_read"] == false, "{firing}");
    let (status, read) = answer(app.client.post("/api/alerts/firings/read", json!({})).await).await;
    assert_eq!((status, read), (StatusCode::OK, json!({ "unread": 0 })));
    assert_eq!(app.client.read("/api/alerts").await["unread"], 0);
    let again = events.next().await.unwrap();
    assert_eq!((&again.data["action"], &again.data["unread"]), (&"read".into(), &0.into()));
}

#[tokio::test]
async fn an_alert_is_changed_paused_and_deleted_and_its_firings_stay() {
    let app = TestApp::start().await;
    let alert = create(&app.client, price_above("XOM", 1_000_000.0), "always").await;
    let watching = until(&app.client, &alert, |alert| alert["verdict"] == "false").await;
    assert_eq!((&watching["status"], &watching["firings"]), (&"active".into(), &0.into()), "XOM has a price for it");
    let (status, paused) = change(&app.client, &alert, json!({ "paused": true, "note": "" })).await;
    assert_eq!((status, &paused["status"], &paused["note"]), (StatusCode::OK, &"paused".into(), &Value::Null));
    let lower = json!({ "paused": false, "condition": price_above("XOM", 0.01) });
    let (_, active) = change(&app.client, &alert, lower).await;
    assert_eq!(active["status"], "active");
    let fired = until(&app.client, &alert, |alert| alert["firings"] == 1).await;
    assert_eq!((&fired["status"], &fired["verdict"]), (&"active".into(), &"true".into()), "it stays true");

    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    let gone = app.client.http.delete(app.client.url(&path)).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let (status, problem) = answer(app.client.get(&path).await).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &"unknown_alert".into()));
    assert_eq!(app.client.read("/api/alerts").await["alerts"], json!([]));
    assert_eq!(app.client.read("/api/alerts/firings").await["firings"][0]["sentence"], "XOM is above 0.01");
}

#[tokio::test]
async fn every_operand_has_a_value_and_one_that_is_not_known_is_shown() {
    let app = TestApp::start().await;
    app.client.trade("buy", 5.0, "NVDA").await;
    let sma = json!({ "indicator": "sma", "ticker": "NVDA", "period": 20, "interval": "1m" });
    let live = json!({ "indicator": "rsi", "ticker": "NVDA", "period": 14, "interval": "5m", "on": "live" });
    let known = [
        json!({ "price": "NVDA" }),
        json!({ "day_change_percent": "NVDA" }),
        json!({ "volume": "NVDA" }),
        sma,
        live,
        json!({ "account": "cash" }),
        json!({ "account": "total_value" }),
        json!({ "account": "day_pnl" }),
        json!({ "account": "drawdown_percent" }),
        json!({ "position": "NVDA", "field": "quantity" }),
        json!({ "position": "NVDA", "field": "weight_percent" }),
        json!({ "position": "NVDA", "field": "unrealized_pnl_percent" }),
        json!({ "time": "15:45", "zone": "America/New_York" }),
    ];
    let above = |left: Value| json!({ "left": left, "op": ">", "right": 1_000_000_000_000.0_f64 });
    for operand in known {
        let alert = create(&app.client, above(operand), "once").await;
        until(&app.client, &alert, |alert| alert["verdict"] == "false").await;
    }
    let not_held = json!({ "position": "V", "field": "unrealized_pnl_percent" });
    let alert = create(&app.client, above(not_held), "once").await;
    // The next one has been looked at, and so has this.
    let next = create(&app.client, above(json!({ "price": "V" })), "once").await;
    until(&app.client, &next, |alert| alert["verdict"] == "false").await;
    let unknown = app.client.read(&format!("/api/alerts/{}", alert["id"].as_str().unwrap())).await;
    assert_eq!((&unknown["verdict"], &unknown["firings"]), (&"unknown".into(), &0.into()));
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let zone = json!({ "left": { "time": "09:30", "zone": "Mars/Olympus" }, "op": ">", "right": 0 });
    let past = json!({ "condition": price_above("V", 1.0), "frequency": "once", "expires_at": "2020-01-01T00:00:00Z" });
    let long = json!({ "condition": price_above("V", 1.0), "frequency": "once", "note": "x".repeat(201) });
    let cases = [
        (json!({ "condition": zone, "frequency": "once" }), "condition"),
        (json!({ "condition": { "all": [] }, "frequency": "once" }), "condition"),
        (past, "expires_at"),
        (long, "note"),
    ];
    for (body, field) in cases {
        let (status, problem) = answer(app.client.post("/api/alerts", body).await).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &"invalid_parameter".into()), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
}

#[tokio::test]
async fn an_alert_that_has_expired_fires_no_more() {
    let app = TestApp::start().await;
    let soon = UtcInstant::from_unix_ms(system_clock().unix_ms() + 400);
    let condition = price_above("V", 1_000_000.0);
    let body = json!({ "condition": condition, "frequency": "always", "expires_at": soon });
    let (_, alert) = answer(app.client.post("/api/alerts", body).await).await;
    let expired = until(&app.client, &alert, |alert| alert["status"] == "expired").await;
    assert_eq!(expired["firings"], 0);
}

#[tokio::test]
async fn after_a_kill_an_alert_that_was_true_does_not_fire_again() {
    let folder = fast_folder();
    let process = TestProcess::start(folder.path()).await;
    let alert = create(&process.client, price_above("NVDA", 0.01), "always").await;
    until(&process.client, &alert, |alert| alert["firings"] == 1).await;
    process.kill().await;
    let process = TestProcess::start(folder.path()).await;
    let after = until(&process.client, &alert, |alert| alert["verdict"] == "true").await;
    assert_eq!((&after["firings"], &after["status"]), (&1.into(), &"active".into()));
    assert_eq!(process.client.read("/api/alerts").await["unread"], 1);
}
