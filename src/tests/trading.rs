//! Buying and selling through REST.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, assert_identity, cents};

#[tokio::test]
async fn a_fresh_account_has_its_deposit_and_the_default_watchlist() {
    let app = TestApp::start().await;
    let portfolio = app.client.portfolio().await;
    assert_eq!(
        portfolio,
        json!({
            "cash_balance": 10000.0, "positions": [], "positions_value": 0.0, "total_value": 10000.0,
            "unrealized_pnl": 0.0, "realized_pnl": 0.0, "buying_power": 10000.0, "held_for_orders": 0.0,
        })
    );
    let watchlist = app.client.read("/api/watchlist").await;
    let entries = watchlist["tickers"].as_array().unwrap();
    let tickers: Vec<_> = entries.iter().map(|entry| entry["ticker"].as_str().unwrap()).collect();
    assert_eq!(tickers, ["AAPL", "GOOGL", "MSFT", "AMZN", "TSLA", "NVDA", "META", "JPM", "V", "NFLX"]);
    for entry in entries {
        assert!(entry["price"].as_f64().unwrap() > 0.0);
        let points = entry["sparkline"].as_array().unwrap().len();
        assert!((30..=60).contains(&points), "{points} points at first sight");
    }
}

#[tokio::test]
async fn a_buy_takes_its_notional_from_cash_and_a_sell_brings_it_back() {
    let app = TestApp::start().await;
    let (status, bought) = app.client.trade("buy", 10.0, "aapl").await;
    assert_eq!(status, StatusCode::OK);
    let trade = &bought["trade"];
    assert_eq!((&trade["ticker"], &trade["side"], &trade["source"]), (&json!("AAPL"), &json!("buy"), &json!("manual")));
    assert_eq!(cents(&trade["notional"]), (trade["price"].as_f64().unwrap() * 1_000.0).round() as i64);
    assert_eq!(cents(&bought["cash_balance"]), 1_000_000 - cents(&trade["notional"]));
    assert_eq!(bought["position"]["quantity"], 10.0);
    assert_eq!(bought["position"]["avg_cost"], trade["price"]);
    assert_eq!(cents(&bought["total_value"]), 1_000_000, "at the price it was bought for");
    assert!(bought.get("replayed").is_none());

    let (_, sold) = app.client.trade("sell", 4.0, "AAPL").await;
    assert_eq!(sold["position"]["quantity"], 6.0);
    let (_, rest) = app.client.trade("sell", 6.0, "AAPL").await;
    assert_eq!(rest["position"], Value::Null);

    let portfolio = app.client.portfolio().await;
    assert_eq!(portfolio["positions"], json!([]));
    let realized = cents(&sold["trade"]["realized_pnl"]) + cents(&rest["trade"]["realized_pnl"]);
    assert_eq!(cents(&portfolio["realized_pnl"]), realized);
    assert_eq!(cents(&portfolio["cash_balance"]), 1_000_000 + realized);
}

#[tokio::test]
async fn every_portfolio_adds_up() {
    let app = TestApp::start().await;
    for (quantity, ticker) in [(3.5, "NVDA"), (0.333333, "V"), (7.0, "AAPL"), (0.000001, "JPM")] {
        assert_eq!(app.client.trade("buy", quantity, ticker).await.0, StatusCode::OK);
    }
    for _ in 0..50 {
        let portfolio = app.client.portfolio().await;
        let positions = portfolio["positions"].as_array().unwrap();
        for held in positions {
            let product = held["quantity"].as_f64().unwrap() * held["current_price"].as_f64().unwrap();
            assert!((product - held["market_value"].as_f64().unwrap()).abs() < 0.005 + 1e-9, "{held}");
        }
        let values: i64 = positions.iter().map(|held| cents(&held["market_value"])).sum();
        assert_eq!(cents(&portfolio["positions_value"]), values);
        assert_eq!(cents(&portfolio["total_value"]), cents(&portfolio["cash_balance"]) + values);
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_filled_says_why_and_changes_nothing() {
    let app = TestApp::start().await;
    app.client.trade("buy", 2.0, "V").await;
    let before = app.client.portfolio().await["cash_balance"].clone();
    for (side, quantity, ticker, code, words) in [
        ("buy", 1_000.0, "AAPL", "insufficient_cash", "Buying 1,000 AAPL costs $"),
        ("sell", 2.5, "V", "insufficient_shares", "you hold 2."),
        ("sell", 1.0, "MSFT", "insufficient_shares", "you hold none."),
        ("sell", 1.0, "XOM", "insufficient_shares", "you hold none."),
    ] {
        let (status, problem) = app.client.trade(side, quantity, ticker).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["code"], code);
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    assert_eq!(app.client.portfolio().await["cash_balance"], before);
}

#[tokio::test]
async fn a_ticker_that_nobody_watches_is_priced_and_filled_and_the_watchlist_stays() {
    let app = TestApp::start().await;
    let watchlist = async || {
        let list = app.client.read("/api/watchlist").await;
        list["tickers"].as_array().unwrap().iter().map(|line| line["ticker"].clone()).collect::<Vec<_>>()
    };
    let before = watchlist().await;
    let (status, receipt) = app.client.trade("buy", 2.0, "xom").await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
    assert_eq!((&receipt["trade"]["ticker"], &receipt["position"]["quantity"]), (&"XOM".into(), &2.0.into()));
    assert_eq!(watchlist().await, before);
    let portfolio = app.client.portfolio().await;
    assert!(portfolio["positions"][0]["current_price"].is_number(), "a held ticker is followed");
    assert_identity(&portfolio);
    assert_eq!(app.client.trade("sell", 2.0, "XOM").await.0, StatusCode::OK);
    // It is no longer held, and still priced for a while.
    assert_eq!(app.client.trade("buy", 1.0, "XOM").await.0, StatusCode::OK);
    assert_eq!(watchlist().await, before);
}

#[tokio::test]
async fn one_client_order_id_is_one_fill_however_often_it_is_sent() {
    let app = TestApp::start().await;
    let order = json!({ "ticker": "MSFT", "side": "buy", "quantity": 1.5, "client_order_id": "only-once" });
    let answers = futures::future::join_all((0..64).map(|_| app.client.order(order.clone()))).await;
    let first = answers.iter().find(|(_, receipt)| receipt.get("replayed").is_none()).expect("one fill").1.clone();
    let replays = answers.iter().filter(|(_, receipt)| receipt["replayed"] == true).count();
    assert_eq!(replays, 63);
    for (status, mut receipt) in answers {
        assert_eq!(status, StatusCode::OK);
        receipt.as_object_mut().unwrap().remove("replayed");
        assert_eq!(receipt, first);
    }
    assert_eq!(app.client.portfolio().await["positions"][0]["quantity"], 1.5);

    let other = json!({ "ticker": "MSFT", "side": "buy", "quantity": 2, "client_order_id": "only-once" });
    let (status, problem) = app.client.order(other).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("order_id_reused")));
}

#[tokio::test]
async fn clients_at_once_spend_no_cent_twice() {
    let app = TestApp::start().await;
    // Each order takes a ninth of the cash or more, so most of the 64 must be refused.
    let answers = futures::future::join_all((0..64).map(|_| app.client.trade("buy", 6.0, "AAPL"))).await;
    let filled: Vec<_> = answers.iter().filter(|(status, _)| *status == StatusCode::OK).collect();
    let refused = answers.iter().filter(|(_, answer)| answer["code"] == "insufficient_cash").count();
    assert_eq!(filled.len() + refused, 64, "nothing but fills and refusals");
    assert!((5..=9).contains(&filled.len()));
    let spent: i64 = filled.iter().map(|(_, receipt)| cents(&receipt["trade"]["notional"])).sum();
    let portfolio = app.client.portfolio().await;
    assert_eq!(cents(&portfolio["cash_balance"]), 1_000_000 - spent);
    assert_eq!(portfolio["positions"][0]["quantity"], 6.0 * filled.len() as f64);
}

#[tokio::test]
async fn a_server_function_trades_through_the_same_path() {
    use finally::{api::PlaceOrder, error::ApiError};
    use leptos::server_fn::ServerFn;

    let app = TestApp::start().await;
    let order = json!({ "order": { "ticker": "V", "side": "buy", "quantity": 1 } });
    let answer: Value = app.client.post(PlaceOrder::PATH, order).await.json().await.unwrap();
    assert_eq!(answer["Ok"]["trade"]["source"], "manual");
    let too_much = json!({ "order": { "ticker": "V", "side": "buy", "quantity": 1_000_000 } });
    let response = app.client.post(PlaceOrder::PATH, too_much).await;
    assert_eq!(response.status(), StatusCode::OK, "a refusal is an answer");
    let refused: Result<Value, ApiError> = response.json().await.unwrap();
    assert!(matches!(refused, Err(ApiError::InsufficientCash { .. })));
}

#[tokio::test]
async fn an_order_is_found_by_its_name() {
    use finally::api::FindOrder;
    use leptos::server_fn::ServerFn;

    let app = TestApp::start().await;
    let find = async |name: &str| -> Value {
        app.client.post(FindOrder::PATH, json!({ "client_order_id": name })).await.json().await.unwrap()
    };
    assert_eq!(find("asked-for").await, Value::Null, "asking trades nothing");
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 2, "client_order_id": "asked-for" });
    let (_, receipt) = app.client.order(order).await;
    assert_eq!(find("asked-for").await, receipt);
}

#[tokio::test]
async fn an_order_that_expects_a_price_is_filled_near_it_or_refused() {
    let app = TestApp::start().await;
    let price = app.client.trade("buy", 1.0, "AAPL").await.1["trade"]["price"].as_f64().unwrap();
    let order = |expected: f64, slippage: Option<f64>| {
        let mut order = json!({ "ticker": "AAPL", "side": "buy", "quantity": 1, "expected_price": expected });
        if let Some(slippage) = slippage {
            order["max_slippage_percent"] = slippage.into();
        }
        order
    };
    let cents_of = |dollars: f64| (dollars * 100.0).round() / 100.0;
    let before = app.client.portfolio().await["cash_balance"].clone();
    for (expected, slippage) in [(cents_of(price * 0.9), None), (cents_of(price * 1.1), None), (1.0, Some(99.0))] {
        let (status, refused) = app.client.order(order(expected, slippage)).await;
        assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("price_moved")), "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains("nothing was traded"), "{refused}");
    }
    assert_eq!(app.client.portfolio().await["cash_balance"], before);
    let (status, filled) = app.client.order(order(cents_of(price * 1.1), Some(20.0))).await;
    assert_eq!(status, StatusCode::OK, "{filled}");
}

#[tokio::test]
async fn what_was_filled_is_answered_again_whatever_price_is_expected_by_then() {
    let app = TestApp::start().await;
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 1, "client_order_id": "collar-1" });
    let (_, first) = app.client.order(order.clone()).await;
    let mut again = order;
    again["expected_price"] = 1.into();
    let (status, replayed) = app.client.order(again.clone()).await;
    assert_eq!((status, &replayed["replayed"]), (StatusCode::OK, &json!(true)), "{replayed}");
    assert_eq!(replayed["trade"], first["trade"]);
    // A refusal fills nothing, so its id is still free.
    again["client_order_id"] = "collar-2".into();
    assert_eq!(app.client.order(again.clone()).await.1["code"], "price_moved");
    again["expected_price"] = first["trade"]["price"].clone();
    again["max_slippage_percent"] = 50.into();
    assert_eq!(app.client.order(again).await.0, StatusCode::OK);
}
