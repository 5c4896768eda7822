//! Open orders, through REST.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, TestClient, TestProcess, assert_identity, cents, fast_folder};

/// Timeout for operations of a tick or two, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn place(client: &TestClient, order: Value) -> (StatusCode, Value) {
    answer(client.post("/api/orders", order).await).await
}

async fn answer(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

async fn taken(client: &TestClient, order: Value) -> Value {
    let (status, order) = place(client, order).await;
    assert_eq!(status, StatusCode::CREATED, "{order}");
    order
}

async fn change(client: &TestClient, order: &Value, body: Value) -> (StatusCode, Value) {
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    answer(client.http.patch(client.url(&path)).json(&body).send().await.unwrap()).await
}

async fn cancel(client: &TestClient, order: &Value, query: &str) -> (StatusCode, Value) {
    let path = format!("/api/orders/{}{query}", order["id"].as_str().unwrap());
    answer(client.http.delete(client.url(&path)).send().await.unwrap()).await
}

async fn price(client: &TestClient, ticker: &str) -> f64 {
    let list = client.read("/api/watchlist").await;
    let entry = list["tickers"].as_array().unwrap().iter().find(|entry| entry["ticker"] == ticker).unwrap();
    entry["price"].as_f64().unwrap()
}

/// Waits until an order has a status.
async fn until(client: &TestClient, order: &Value, status: &str) -> Value {
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    let waiting = async {
        loop {
            let order = client.read(&path).await;
            if order["status"] == status {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("the order is not {status} in time"))
}

fn cheap(quantity: f64) -> Value {
    json!({ "ticker": "NVDA", "side": "buy", "type": "limit", "quantity": quantity, "limit_price": 1.5 })
}

#[tokio::test]
async fn a_limit_order_waits_and_holds_its_cash_until_it_is_cancelled() {
    let app = TestApp::start().await;
    let order = taken(&app.client, cheap(100.0)).await;
    assert_eq!(
        (&order["status"], &order["held_amount"], &order["revision"]),
        (&"working".into(), &150.0.into(), &1.into())
    );
    assert_eq!(
        (&order["type"], &order["filled_quantity"], &order["fills"]),
        (&"limit".into(), &0.0.into(), &json!([]))
    );
    let portfolio = app.client.portfolio().await;
    assert_eq!((cents(&portfolio["buying_power"]), cents(&portfolio["held_for_orders"])), (985_000, 15_000));
    assert_eq!(cents(&portfolio["cash_balance"]), 1_000_000);
    assert_eq!(app.client.read("/api/orders").await["orders"][0], order);

    let (status, problem) = change(&app.client, &order, json!({ "limit_price": 2, "if_revision": 7 })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &"revision_conflict".into()));
    assert_eq!(problem["order"], order, "with the order as it is");
    let (status, changed) = change(&app.client, &order, json!({ "limit_price": 2, "if_revision": 1 })).await;
    assert_eq!((status, &changed["revision"], &changed["held_amount"]), (StatusCode::OK, &2.into(), &200.0.into()));

    let (status, cancelled) = cancel(&app.client, &order, "?if_revision=2").await;
    assert_eq!(
        (status, &cancelled["status"], &cancelled["reason"]),
        (StatusCode::OK, &"canceled".into(), &"requested".into())
    );
    assert_eq!(cents(&app.client.portfolio().await["buying_power"]), 1_000_000);
    let (status, problem) = cancel(&app.client, &order, "").await;
    assert_eq!((status, &problem["code"], &problem["order"]), (StatusCode::CONFLICT, &"too_late".into(), &cancelled));
    assert_eq!(app.client.read("/api/orders").await["orders"], json!([]));
    assert_eq!(app.client.read("/api/orders?status=closed").await["orders"][0], cancelled);
}

#[tokio::test]
async fn a_limit_that_is_reached_is_filled_once_at_the_price_or_better() {
    let app = TestApp::start().await;
    let limit = (price(&app.client, "AAPL").await * 1.05 * 100.0).round() / 100.0;
    let order = json!({ "ticker": "AAPL", "side": "buy", "type": "limit", "quantity": 3, "limit_price": limit, "client_order_id": "once" });
    let placed = taken(&app.client, order.clone()).await;
    let filled = until(&app.client, &placed, "filled").await;
    let fill = &filled["fills"][0];
    assert!(fill["price"].as_f64().unwrap() < limit, "it was marketable, and filled at the market: {filled}");
    assert_eq!((&filled["filled_quantity"], &filled["filled_avg_price"]), (&3.0.into(), &fill["price"]));
    assert_eq!((&fill["number"], &filled["held_amount"]), (&1.into(), &0.0.into()));
    let (status, again) = place(&app.client, order).await;
    assert_eq!((status, &again["replayed"], &again["id"]), (StatusCode::OK, &true.into(), &placed["id"]));
    let trades = app.client.read("/api/portfolio/trades").await;
    assert_eq!(trades["trades"].as_array().unwrap().len(), 1);
    assert_eq!((&trades["trades"][0]["id"], &trades["trades"][0]["order_id"]), (&fill["trade_id"], &placed["id"]));
    let portfolio = app.client.portfolio().await;
    assert_eq!((&portfolio["positions"][0]["quantity"], &portfolio["held_for_orders"]), (&3.0.into(), &0.0.into()));
    assert_identity(&portfolio);
    let (status, problem) =
        app.client.order(json!({ "ticker": "V", "side": "buy", "quantity": 1, "client_order_id": "once" })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &"order_id_reused".into()), "one name space");
}

#[tokio::test]
async fn a_bracket_is_bought_at_once_and_its_legs_protect_it() {
    let app = TestApp::start().await;
    let now = price(&app.client, "V").await;
    let bracket = json!({
        "ticker": "V", "side": "buy", "type": "market", "quantity": 4, "class": "bracket", "time_in_force": "gtc",
        "take_profit": { "limit_price": (now * 2.0).round() }, "stop_loss": { "trail_percent": 40 },
    });
    let order = taken(&app.client, bracket).await;
    assert_eq!((&order["status"], order["legs"].as_array().unwrap().len()), (&"filled".into(), 2));
    let [profit, stop] = [0, 1].map(|leg| order["legs"][leg].clone());
    assert_eq!(
        (&profit["status"], &stop["status"], &stop["type"]),
        (&"working".into(), &"working".into(), &"trailing_stop".into())
    );
    assert!(stop["stop_price"].as_f64().unwrap() < now && stop["high_water_mark"].is_number(), "{stop}");
    let (status, problem) = app.client.trade("sell", 1.0, "V").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        problem["detail"].as_str().unwrap().ends_with("you hold 4, of which 4 are held for open orders."),
        "{problem}"
    );
    // The target is moved to the market's price, so that it sells.
    let (status, moved) =
        change(&app.client, &profit, json!({ "limit_price": (now * 0.8 * 100.0).round() / 100.0 })).await;
    assert_eq!(status, StatusCode::OK, "{moved}");
    until(&app.client, &profit, "filled").await;
    let ended = until(&app.client, &stop, "canceled").await;
    assert_eq!(ended["reason"], "other_leg_filled");
    assert_eq!(app.client.portfolio().await["positions"], json!([]));
}

#[tokio::test]
async fn an_order_with_a_condition_is_submitted_when_that_is_true() {
    let app = TestApp::start().await;
    let when = |price: f64| json!({ "left": { "price": "XOM" }, "op": ">", "right": price });
    let waits = json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 2, "limit_price": 1.5,
        "time_in_force": "gtc", "condition": when(1_000_000.0) });
    let held = taken(&app.client, waits).await;
    assert_eq!((&held["status"], &held["held_amount"]), (&"held".into(), &0.0.into()), "it holds nothing yet");
    assert_eq!(held["condition"]["op"], ">");
    let zone = json!({ "left": { "time": "09:30", "zone": "Nowhere" }, "op": ">", "right": 0 });
    let nowhere = json!({ "ticker": "V", "side": "buy", "type": "market", "quantity": 1, "condition": zone });
    let (status, problem) = place(&app.client, nowhere).await;
    assert_eq!((status.as_u16(), &problem["code"]), (400, &"invalid_parameter".into()), "{problem}");

    let limit = json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 2, "limit_price": 1.5, "condition": when(0.01) });
    let working = until(&app.client, &taken(&app.client, limit).await, "working").await;
    assert_eq!(cents(&working["held_amount"]), 300);
    let market = json!({ "ticker": "V", "side": "buy", "type": "market", "quantity": 1, "condition": when(0.01) });
    let filled = until(&app.client, &taken(&app.client, market).await, "filled").await;
    assert_eq!(filled["fills"].as_array().unwrap().len(), 1);
    let dear = json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 9_000, "limit_price": 2, "condition": when(0.01) });
    let rejected = until(&app.client, &taken(&app.client, dear).await, "rejected").await;
    assert_eq!(rejected["reason"], "insufficient_cash");
    let (status, cancelled) = cancel(&app.client, &held, "").await;
    assert_eq!((status, &cancelled["status"]), (StatusCode::OK, &"canceled".into()));
    assert_eq!(cents(&app.client.portfolio().await["held_for_orders"]), 300);
}

#[tokio::test]
async fn the_strict_model_fills_a_tenth_of_each_ticks_volume() {
    let app = TestApp::start_with(&[("FILL_MODEL", "strict")]).await;
    let order = json!({ "ticker": "F", "side": "buy", "type": "market", "quantity": 30, "time_in_force": "gtc" });
    let (_, placed) = place(&app.client, order).await;
    let filled = until(&app.client, &placed, "filled").await;
    let fills = filled["fills"].as_array().unwrap();
    assert!(fills.len() > 1, "in parts: {filled}");
    let sum: f64 = fills.iter().map(|fill| fill["quantity"].as_f64().unwrap()).sum();
    assert!((sum - 30.0).abs() < 1e-6, "{sum}");
    assert_identity(&app.client.portfolio().await);
}

#[tokio::test]
async fn a_preview_tells_every_reason_and_changes_nothing() {
    let app = TestApp::start().await;
    let order = json!({ "ticker": "V", "side": "sell", "type": "stop", "quantity": 5, "stop_price": 100_000 });
    let (status, preview) = answer(app.client.post("/api/orders/preview", order.clone()).await).await;
    assert_eq!(status, StatusCode::OK, "{preview}");
    let codes: Vec<_> = preview["refusals"].as_array().unwrap().iter().map(|refusal| refusal["code"].clone()).collect();
    assert_eq!(codes, ["invalid_price", "insufficient_shares"]);
    let (status, problem) = place(&app.client, order).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &"invalid_price".into()));
    assert_eq!(app.client.read("/api/orders?status=all").await["orders"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    for (order, status, code) in [
        (json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 1 }), 400, "missing_field"),
        (
            json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 1, "limit_price": 1.001 }),
            422,
            "invalid_price",
        ),
        (
            json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 1_000_000, "limit_price": 1 }),
            422,
            "insufficient_cash",
        ),
        (
            json!({ "ticker": "V", "side": "sell", "type": "limit", "quantity": 1, "limit_price": 1000 }),
            422,
            "insufficient_shares",
        ),
        (json!({ "ticker": "V", "side": "buy", "type": "market", "quantity": 100_000 }), 422, "insufficient_cash"),
        (json!({ "ticker": "V", "side": "sell", "type": "market", "quantity": 1 }), 422, "insufficient_shares"),
        (json!({ "ticker": "V", "side": "buy", "type": "market", "notional": 1_000_000 }), 422, "insufficient_cash"),
        (
            json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 1, "limit_price": 1, "time_in_force": "gtd" }),
            400,
            "missing_field",
        ),
    ] {
        let (answered, problem) = place(&app.client, order).await;
        assert_eq!((answered.as_u16(), problem["code"].as_str().unwrap()), (status, code), "{problem}");
    }
    let unknown = app.client.get("/api/orders/01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f").await;
    assert_eq!(answer(unknown).await.1["code"], "unknown_order");
    assert_eq!(app.client.get("/api/orders/none").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.client.read("/api/orders?status=all").await["orders"], json!([]));
    assert_eq!(cents(&app.client.portfolio().await["buying_power"]), 1_000_000);
}

#[tokio::test]
async fn orders_are_listed_in_pages_cancelled_together_and_by_a_reset() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        taken(&app.client, cheap(1.0)).await;
    }
    let v =
        taken(&app.client, json!({ "ticker": "V", "side": "buy", "type": "limit", "quantity": 1, "limit_price": 2 }))
            .await;
    let page = app.client.read("/api/orders?limit=3").await;
    assert_eq!((page["orders"].as_array().unwrap().len(), &page["orders"][0]["id"]), (3, &v["id"]));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.client.read(&format!("/api/orders?limit=3&cursor={cursor}")).await;
    assert_eq!((rest["orders"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    let all = app.client.http.delete(app.client.url("/api/orders?ticker=NVDA")).send().await.unwrap();
    assert_eq!(answer(all).await.1["orders"].as_array().unwrap().len(), 3);
    assert_eq!(app.client.read("/api/orders").await["orders"].as_array().unwrap().len(), 1);
    assert_eq!(app.client.post("/api/portfolio/reset", json!({})).await.status(), StatusCode::OK);
    assert_eq!(until(&app.client, &v, "canceled").await["reason"], "account_reset");
    assert_eq!(cents(&app.client.portfolio().await["held_for_orders"]), 0);
}

#[tokio::test]
async fn orders_are_there_after_a_kill_hold_as_before_and_fill() {
    let folder = fast_folder();
    let mut resting = Vec::new();
    for round in 0..3 {
        let process = TestProcess::start(folder.path()).await;
        let client = &process.client;
        let open = client.read("/api/orders").await["orders"].as_array().unwrap().clone();
        let mut ids: Vec<Value> = open.iter().map(|order| order["id"].clone()).collect();
        ids.reverse();
        assert_eq!(ids, resting, "round {round}");
        let held: i64 = open.iter().map(|order| cents(&order["held_amount"])).sum();
        let portfolio = client.portfolio().await;
        assert_eq!(cents(&portfolio["held_for_orders"]), held);
        assert_identity(&portfolio);
        resting.push(taken(client, cheap(1.0)).await["id"].clone());
        let first = json!({ "id": resting[0] });
        if round == 2 {
            let limit = (price(client, "NVDA").await * 1.05 * 100.0).round() / 100.0;
            assert_eq!(change(client, &first, json!({ "limit_price": limit })).await.0, StatusCode::OK);
            until(client, &first, "filled").await;
        }
        process.kill().await;
    }
    let process = TestProcess::start(folder.path()).await;
    let trades = process.client.read("/api/portfolio/trades").await;
    assert_eq!(trades["trades"].as_array().unwrap().len(), 1, "nothing is filled twice");
    assert_eq!(process.client.read("/api/orders").await["orders"].as_array().unwrap().len(), 2);
}
