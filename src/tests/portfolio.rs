//! The history of trades, the equity curve, and the reset.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, cents},
    scripted::eventually,
};

#[tokio::test]
async fn trades_are_paged_newest_first() {
    let app = TestApp::start().await;
    for quantity in 1..=7 {
        app.client.trade("buy", f64::from(quantity), "JPM").await;
    }
    let mut quantities = Vec::new();
    let mut path = "/api/portfolio/trades?limit=3".to_owned();
    loop {
        let page = app.client.read(&path).await;
        let trades = page["trades"].as_array().unwrap();
        assert!(trades.len() <= 3);
        quantities.extend(trades.iter().map(|trade| trade["quantity"].as_f64().unwrap()));
        let Some(before) = page["next_before"].as_str() else { break };
        path = format!("/api/portfolio/trades?limit=3&before={before}");
    }
    assert_eq!(quantities, [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
}

#[tokio::test]
async fn the_equity_curve_has_a_point_right_after_a_trade() {
    let app = TestApp::start().await;
    // Waits for the first regular value, so that none is recorded beside the trade's.
    eventually(Duration::from_secs(30), "the curve has begun", async || {
        !app.client.read("/api/portfolio/history").await["snapshots"].as_array().unwrap().is_empty()
    })
    .await;
    let (_, receipt) = app.client.trade("buy", 1.5, "NVDA").await;
    let history = app.client.read("/api/portfolio/history?range=1h").await;
    let snapshots = history["snapshots"].as_array().unwrap();
    assert!(!snapshots.is_empty());
    assert_eq!(snapshots.last().unwrap()["total_value"], receipt["total_value"]);
    assert!(snapshots.last().unwrap()["recorded_at"].as_str().unwrap().ends_with('Z'));
    for range in ["1d", "1w", "all"] {
        assert_eq!(app.client.read(&format!("/api/portfolio/history?range={range}")).await, history);
    }
    assert_eq!(app.client.read("/api/portfolio/history").await, history, "a day is the default");
}

#[tokio::test]
async fn a_reset_starts_over_and_keeps_the_watchlist() {
    let app = TestApp::start().await;
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 3, "client_order_id": "before-the-reset" });
    let (_, receipt) = app.client.order(order.clone()).await;
    app.client.post("/api/watchlist", json!({ "ticker": "XOM" })).await;

    let response = app.client.http.post(app.client.url("/api/portfolio/reset")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let portfolio: Value = response.json().await.unwrap();
    assert_eq!((cents(&portfolio["cash_balance"]), &portfolio["positions"]), (1_000_000, &json!([])));
    assert_eq!(portfolio["realized_pnl"], 0.0);
    assert_eq!(app.client.read("/api/portfolio/trades").await, json!({ "trades": [], "next_before": null }));
    assert_eq!(app.client.read("/api/watchlist").await["tickers"].as_array().unwrap().len(), 11);

    let (status, again) = app.client.order(order).await;
    assert_eq!((status, &again["replayed"]), (StatusCode::OK, &json!(true)), "an order sent again is still known");
    assert_eq!(again["trade"], receipt["trade"]);
    assert_eq!(app.client.portfolio().await["positions"], json!([]));

    app.client.trade("buy", 1.0, "V").await;
    let app = app.restart().await;
    assert_eq!(app.client.read("/api/portfolio/trades").await["trades"].as_array().unwrap().len(), 1);
    assert_eq!(app.client.portfolio().await["positions"][0]["quantity"], 1.0);
}

#[tokio::test]
async fn a_parameter_that_is_not_valid_is_told() {
    let app = TestApp::start().await;
    for path in [
        "/api/portfolio/trades?limit=0",
        "/api/portfolio/trades?limit=501",
        "/api/portfolio/trades?limit=ten",
        "/api/portfolio/trades?before=nothing",
        "/api/portfolio/trades?page=2",
        "/api/portfolio/history?range=1y",
        "/api/prices/AAPL/candles?interval=2m",
        "/api/prices/AAPL/candles?limit=-1",
        "/api/stream/prices?changes=all",
    ] {
        let response = app.client.get(path).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "invalid_parameter", "{path}");
    }
    for path in ["/api/prices/TOOLONG/candles", "/api/stream/prices?tickers=AAPL,,V"] {
        let response = app.client.get(path).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "invalid_ticker", "{path}");
    }
}

#[tokio::test]
async fn sales_are_added_up_ticker_by_ticker_since_the_reset() {
    use finally::api::LoadRealized;
    use leptos::server_fn::ServerFn;

    let app = TestApp::start().await;
    let realized =
        async |app: &TestApp| -> Value { app.client.post(LoadRealized::PATH, json!({})).await.json().await.unwrap() };
    for (side, quantity, ticker) in [("buy", 3.0, "V"), ("sell", 1.0, "V"), ("sell", 2.0, "V"), ("buy", 2.0, "JPM")] {
        app.client.trade(side, quantity, ticker).await;
    }
    let (_, sold) = app.client.trade("sell", 0.5, "JPM").await;
    let realised = realized(&app).await;
    assert_eq!(realised["dividends"], json!([]));
    let lines = realised["lines"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| line["ticker"].as_str().unwrap()).collect::<Vec<_>>(), ["JPM", "V"]);
    assert_eq!((&lines[0]["sales"], &lines[1]["sales"]), (&json!(1), &json!(2)));
    assert_eq!(lines[0]["proceeds"], sold["trade"]["notional"]);
    let sum: i64 = lines.iter().map(|line| cents(&line["pnl"])).sum();
    assert_eq!(sum, cents(&app.client.portfolio().await["realized_pnl"]), "to the cent");

    app.client.http.post(app.client.url("/api/portfolio/reset")).send().await.unwrap();
    assert_eq!(realized(&app).await, json!({ "lines": [], "dividends": [] }));
}

#[tokio::test]
async fn lots_of_every_method_add_up_to_the_books() {
    let app = TestApp::start().await;
    for (side, quantity, ticker) in [
        ("buy", 3.0, "V"),
        ("buy", 2.0, "V"),
        ("sell", 4.0, "V"),
        ("buy", 1.5, "JPM"),
        ("buy", 2.0, "V"),
        ("sell", 0.5, "V"),
    ] {
        app.client.trade(side, quantity, ticker).await;
    }
    let portfolio = app.client.portfolio().await;
    let realised = cents(&portfolio["realized_pnl"]);
    // cash + Σ cost_basis = initial deposit + realised P&L
    let cost = 1_000_000 + realised - cents(&portfolio["cash_balance"]);
    for method in ["fifo", "lifo", "hifo", "average"] {
        let lots = app.client.read(&format!("/api/lots?method={method}")).await;
        let sum = |list: &str, field: &str| -> i64 {
            lots[list].as_array().unwrap().iter().map(|lot| cents(&lot[field])).sum()
        };
        assert_eq!(lots["method"], method);
        assert_eq!(sum("closed", "gain") - sum("open", "cost_basis"), realised - cost, "{method}: {lots}");
        assert_eq!(sum("closed", "gain"), sum("closed", "proceeds") - sum("closed", "cost_basis"));
        assert_eq!(
            (cents(&lots["realized_gain"]), cents(&lots["open_cost_basis"])),
            (sum("closed", "gain"), sum("open", "cost_basis"))
        );
    }
    let average = app.client.read("/api/lots").await;
    assert_eq!((cents(&average["realized_gain"]), &average["open"][1]["ticker"]), (realised, &json!("V")));
    let fifo = app.client.read("/api/lots?method=fifo&ticker=v&limit=1").await;
    assert_eq!((&fifo["closed_count"], fifo["closed"].as_array().unwrap().len()), (&json!(3), 1));
    assert!(fifo["open"].as_array().unwrap().iter().all(|lot| lot["ticker"] == "V"), "{fifo}");
    for path in ["/api/lots?method=best", "/api/lots?ticker=TOOLONG", "/api/lots?limit=0"] {
        assert_eq!(app.client.get(path).await.status(), StatusCode::BAD_REQUEST, "{path}");
    }
}
