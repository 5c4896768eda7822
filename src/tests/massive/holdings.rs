//! Traded and held tickers outside the watchlist, with a vendor's prices.

use finally::{api::LoadRealized, domain::corporate_action::ExchangeDate};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::{SNAPSHOT, SOON, asked_for, entry, in_session, market_at, settings, snapshot, start};
use crate::{
    app::{TestApp, assert_identity, cents},
    scripted::{Reply, Request, ScriptedServer, eventually},
};

/// A market at a price that omits some tickers.
fn market_without(missing: &'static [&'static str], price: f64) -> impl FnMut(&Request) -> Reply + Send {
    move |request| {
        if request.path.starts_with(SNAPSHOT) {
            let known = asked_for(request).filter(|ticker| !missing.contains(&ticker.as_str()));
            snapshot(known.map(|ticker| entry(&ticker, price)))
        } else {
            Reply::json(&json!({ "status": "OK", "resultsCount": 0 }))
        }
    }
}

#[tokio::test]
async fn a_ticker_that_nobody_watches_is_asked_for_and_filled() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    let (status, receipt) = app.client.trade("buy", 2.0, "XOM").await;
    assert_eq!((status, &receipt["trade"]["price"]), (StatusCode::OK, &json!(100.0)));
    let watchlist = app.client.read("/api/watchlist").await;
    assert_eq!(watchlist["tickers"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn a_ticker_that_the_vendor_leaves_out_is_unknown() {
    let server = ScriptedServer::start(market_without(&["ZZZZQ"], 100.0)).await;
    let app = start(&server).await;
    let (status, problem) = app.client.trade("buy", 1.0, "ZZZZQ").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_ticker")), "{problem}");
    assert_eq!(app.client.portfolio().await["cash_balance"], 10_000.0);
    // A ticker that has traded is not unknown after one omission, and an empty answer proves nothing.
    server.play(|request| {
        if request.path.starts_with(SNAPSHOT) { snapshot(std::iter::empty::<Value>()) } else { Reply::text(404, "") }
    });
    let (_, problem) = app.client.trade("buy", 1.0, "KO").await;
    assert_eq!(problem["code"], "no_price", "{problem}");
}

/// Another server on the same file, with the same vendor.
async fn restart(app: TestApp, server: &ScriptedServer) -> TestApp {
    start_on(app.stop_and_keep().await, server).await
}

/// Number of requests for a ticker's reference data of a kind.
fn asked_of(server: &ScriptedServer, kind: &str, ticker: &str) -> usize {
    let requests = server.requests_to(&format!("/v3/reference/{kind}"));
    requests.iter().filter(|request| request.query.contains(ticker)).count()
}

async fn start_on(folder: TempDir, server: &ScriptedServer) -> TestApp {
    let settings = settings(server);
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    TestApp::start_on(folder, &settings, in_session).await
}

#[tokio::test]
async fn a_holding_whose_ticker_vanished_keeps_its_last_price_and_can_be_written_off() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    for (quantity, ticker) in [(3.0, "XOM"), (2.0, "AAPL")] {
        assert_eq!(app.client.trade("buy", quantity, ticker).await.0, StatusCode::OK);
    }
    server.play(market_at(110.0));
    super::wait_for_price(&app, "AAPL", 110.0).await;
    server.play(market_without(&["XOM"], 120.0));
    let app = restart(app, &server).await;

    super::wait_for_price(&app, "AAPL", 120.0).await;
    let portfolio = app.client.portfolio().await;
    let position = |ticker: &str| {
        let mut positions = portfolio["positions"].as_array().unwrap().iter();
        positions.find(|position| position["ticker"] == ticker).unwrap().clone()
    };
    let (gone, there) = (position("XOM"), position("AAPL"));
    assert_eq!((&gone["current_price"], &gone["stale"]), (&json!(110.0), &json!(true)), "{gone}");
    assert!(gone["price_at"].is_string() && there.get("stale").is_none() && there.get("price_at").is_none());
    assert_eq!((&portfolio["total_value"], &portfolio["stale"]), (&json!(10_070.0), &json!(true)));
    let page = app.client.get("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("The last price known, of "), "the page says how old a price is");

    let (status, problem) = app.client.trade("sell", 3.0, "XOM").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert!(["no_price", "stale_price"].contains(&problem["code"].as_str().unwrap()), "{problem}");
    // The copilot's limits need a known total value.
    let answer = crate::copilot::ask(&app.client, "buy 1 MSFT").await;
    assert_eq!(answer["trades"][0]["status"], "executed", "{answer}");

    write_off(app).await;
}

async fn write_off(app: TestApp) {
    let write_off = async |ticker: &str| {
        let response = app.client.post("/api/portfolio/write-off", json!({ "ticker": ticker })).await;
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let (status, problem) = write_off("AAPL").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("price_is_live")));
    let before = app.client.portfolio().await;
    let (status, receipt) = write_off("xom").await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
    let trade = &receipt["trade"];
    assert_eq!(
        (&trade["correction"], &trade["price"], &trade["notional"]),
        (&json!("write_off"), &json!(110.0), &json!(330.0))
    );
    assert_eq!((&trade["realized_pnl"], &receipt["position"]), (&json!(30.0), &Value::Null));
    assert_eq!(cents(&receipt["cash_balance"]), cents(&before["cash_balance"]) + 33_000);
    let after = app.client.portfolio().await;
    assert_eq!((&after["realized_pnl"], after.get("stale")), (&json!(30.0), None));
    assert_identity(&after);
    assert_eq!(app.client.read("/api/portfolio/trades").await["trades"][0]["correction"], "write_off");
    assert_eq!(write_off("XOM").await.1["code"], "not_found");
    let (status, problem) = write_off("toolong").await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_ticker")));
}

#[tokio::test]
async fn a_vanished_ticker_can_be_written_off_though_nothing_else_is_followed() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    assert_eq!(app.client.trade("buy", 3.0, "XOM").await.0, StatusCode::OK);
    let watchlist = app.client.read("/api/watchlist").await;
    for line in watchlist["tickers"].as_array().unwrap() {
        let address = app.client.url(&format!("/api/watchlist/{}", line["ticker"].as_str().unwrap()));
        app.client.http.delete(address).send().await.unwrap();
    }
    // A vendor that has cleared its snapshots, as at night, denies nothing.
    server.play(|request| {
        if request.path.starts_with(SNAPSHOT) { snapshot(std::iter::empty::<Value>()) } else { Reply::text(404, "") }
    });
    let app = restart(app, &server).await;
    let write_off = async || app.client.post("/api/portfolio/write-off", json!({ "ticker": "XOM" })).await.status();
    let asked_before = server.requests_to(SNAPSHOT).len();
    eventually(SOON, "some polls", async || server.requests_to(SNAPSHOT).len() > asked_before + 3).await;
    assert_eq!(write_off().await, StatusCode::UNPROCESSABLE_ENTITY);

    server.play(market_without(&["XOM"], 120.0));
    eventually(SOON, "the write-off", async || write_off().await == StatusCode::OK).await;
    let portfolio = app.client.portfolio().await;
    assert_eq!((&portfolio["total_value"], &portfolio["positions"]), (&json!(10_000.0), &json!([])));
    let polls = server.requests_to(SNAPSHOT);
    assert!(polls.iter().any(|request| request.query.contains("XOM") && request.query.contains("SPY")));
}

/// A market with reference data of one ticker.
fn market_with(price: f64, splits: Value, dividends: Value) -> impl FnMut(&Request) -> Reply + Send {
    // A day without trades.
    let entry = move |ticker: String| {
        let mut entry = entry(&ticker, price);
        entry["day"] = json!({"o": price, "h": 1.1 * price, "l": 0.9 * price, "c": price, "v": 1_000});
        entry["prevDay"] = json!({"c": price});
        entry
    };
    let mut market = market_at(price);
    move |request| match request.path.as_str() {
        path if path.starts_with(SNAPSHOT) => snapshot(asked_for(request).map(entry)),
        "/v3/reference/splits" => Reply::json(&json!({ "status": "OK", "results": splits })),
        "/v3/reference/dividends" => Reply::json(&json!({ "status": "OK", "results": dividends })),
        _ => market(request),
    }
}

fn today() -> ExchangeDate {
    ExchangeDate::of(in_session())
}

async fn actions(app: &TestApp) -> Vec<Value> {
    app.client.read("/api/corporate-actions").await["corporate_actions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_split_multiplies_what_is_held_once_and_there_is_no_gain() {
    let server = ScriptedServer::start(market_with(200.0, json!([]), json!([]))).await;
    let app = start(&server).await;
    assert_eq!(app.client.trade("buy", 10.0, "NVDA").await.0, StatusCode::OK);
    let split =
        json!([{"id": "S1", "ticker": "NVDA", "execution_date": today().to_string(), "split_from": 1, "split_to": 10}]);
    // It is noticed while the server runs: the price jumps, and the vendor is queried.
    server.play(market_with(20.0, split, json!([])));
    let position = async |app: &TestApp| app.client.portfolio().await["positions"][0].clone();
    eventually(SOON * 3, "the split", async || position(&app).await["quantity"] == 100.0).await;

    let check = async |app: &TestApp| {
        let (portfolio, held) = (app.client.portfolio().await, position(app).await);
        assert_eq!(
            (&held["quantity"], &held["avg_cost"], &held["unrealized_pnl"]),
            (&json!(100.0), &json!(20.0), &json!(0.0))
        );
        assert_eq!((&portfolio["total_value"], &portfolio["realized_pnl"]), (&json!(10_000.0), &json!(0.0)));
        assert_identity(&portfolio);
        let trade = app.client.read("/api/portfolio/trades").await["trades"][0].clone();
        assert_eq!((&trade["quantity"], &trade["price"]), (&json!(10.0), &json!(200.0)), "as it was executed");
        assert_eq!(trade["adjusted"], json!({ "quantity": 100.0, "price": 20.0 }));
        let recorded = actions(app).await;
        assert_eq!(recorded.len(), 1);
        assert_eq!(
            (&recorded[0]["id"], &recorded[0]["quantity"], &recorded[0]["quantity_after"]),
            (&json!("S1"), &json!(10.0), &json!(100.0))
        );
        assert_eq!((&recorded[0]["kind"], &recorded[0]["status"]), (&json!("split"), &json!("applied")));
    };
    check(&app).await;
    let series = app.client.read("/api/prices/NVDA/candles?interval=1d").await;
    let highs = series["candles"].as_array().unwrap().iter().map(|candle| candle["high"].as_f64().unwrap());
    assert!(highs.fold(0.0, f64::max) < 30.0, "{series}");

    let before = asked_of(&server, "splits", "NVDA");
    let app = restart(app, &server).await;
    super::wait_for_price(&app, "NVDA", 20.0).await;
    eventually(SOON * 3, "asked again", async || asked_of(&server, "splits", "NVDA") > before).await;
    check(&app).await;
    assert_eq!(app.client.trade("sell", 100.0, "NVDA").await.1["cash_balance"], 10_000.0);
}

#[tokio::test]
async fn a_dividend_is_owed_from_its_ex_date_and_credited_once_on_its_pay_date() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    assert_eq!(app.client.trade("buy", 7.0, "AAPL").await.0, StatusCode::OK);
    // Dates the purchase two days back.
    let database = app.database();
    let folder = app.stop_and_keep().await;
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    for statement in [
        "UPDATE trades SET executed_at_ms = executed_at_ms - 172800000",
        "UPDATE accounts SET opened_at_ms = opened_at_ms - 172800000",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    drop(connection);
    let dividend = |id: &str, pay_date: &str, cash_amount: f64| json!({"id": id, "ticker": "AAPL", "ex_dividend_date": today().to_string(), "pay_date": pay_date, "cash_amount": cash_amount, "currency": "USD"});
    let dividends = json!([dividend("D1", &today().to_string(), 0.245), dividend("D2", "2099-01-01", 1.0)]);
    server.play(market_with(100.0, json!([]), dividends));
    let app = start_on(folder, &server).await;
    let cash = async |app: &TestApp| cents(&app.client.portfolio().await["cash_balance"]);
    // 1.715 rounds half to even.
    eventually(SOON, "the dividend", async || cash(&app).await == 930_172).await;
    let check = async |app: &TestApp| {
        let portfolio = app.client.portfolio().await;
        assert_eq!((&portfolio["dividend_income"], &portfolio["realized_pnl"]), (&json!(1.72), &json!(0.0)));
        assert_eq!((&portfolio["total_value"], &portfolio["cash_balance"]), (&json!(10_001.72), &json!(9_301.72)));
        let states: Vec<_> =
            actions(app).await.iter().map(|action| (action["id"].clone(), action["status"].clone())).collect();
        assert_eq!(states.len(), 2);
        assert!(
            states.contains(&(json!("D1"), json!("applied"))) && states.contains(&(json!("D2"), json!("owed"))),
            "{states:?}"
        );
    };
    eventually(SOON, "both", async || actions(&app).await.len() == 2).await;
    check(&app).await;
    let told = crate::copilot::call::<LoadRealized>(&app.client, json!({})).await;
    let line = |pay_date: &str, amount: f64, is_paid: bool| json!({ "ticker": "AAPL", "pay_date": pay_date, "quantity": 7.0, "amount": amount, "is_paid": is_paid });
    let dividends = told["dividends"].as_array().unwrap();
    assert!(dividends.contains(&line(&today().to_string(), 1.72, true)), "{told}");
    assert!(dividends.contains(&line("2099-01-01", 7.0, false)), "{told}");
    let before = asked_of(&server, "dividends", "AAPL");
    let app = restart(app, &server).await;
    eventually(SOON * 3, "asked again", async || asked_of(&server, "dividends", "AAPL") > before).await;
    check(&app).await;

    // An owed dividend lapses with a reset.
    app.client.post("/api/portfolio/reset", json!({})).await;
    assert_eq!(app.client.portfolio().await["cash_balance"], 10_000.0);
    assert!(app.client.portfolio().await.get("dividend_income").is_none());
    assert_eq!(actions(&app).await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_vendor_without_reference_data_trades_all_the_same() {
    let mut market = market_at(100.0);
    let server = ScriptedServer::start(move |request| match request.path.starts_with("/v3/") {
        true => Reply::text(403, json!({ "status": "NOT_AUTHORIZED" }).to_string()),
        false => market(request),
    })
    .await;
    let app = start(&server).await;
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.0, StatusCode::OK);
    assert_eq!(actions(&app).await, [Value::Null; 0]);
    assert_eq!(app.client.read("/api/health").await["status"], "ok");
}
