//! The page as rendered by the server, before any script runs.

use finally::{
    api::{LoadTrades, LoadWorkstation},
    domain::{order::TradesPage, workstation::Workstation},
    wire,
};
use leptos::server_fn::ServerFn;
use reqwest::{StatusCode, header};
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn the_page_is_rendered_with_the_account_and_live_prices() {
    let app = TestApp::start().await;
    app.client.trade("buy", 3.0, "NVDA").await;
    let html = app.client.get("/").await.text().await.unwrap();
    let watchlist = app.client.read("/api/watchlist").await;
    for entry in watchlist["tickers"].as_array().unwrap() {
        let ticker = entry["ticker"].as_str().unwrap();
        assert!(html.contains(&format!(r#"data-testid="watchlist-row" data-ticker="{ticker}""#)), "{ticker}");
    }
    assert_eq!(html.matches(r#"data-testid="watchlist-price""#).count(), 10);
    assert!(html.contains(r#"data-testid="position-row" data-ticker="NVDA""#));
    assert!(
        html.contains(r#"<path class="up"></path><path class="down"></path>"#),
        "the first paint lights up nothing"
    );
    assert!(!html.contains(">—<"), "every figure is there");
}

#[tokio::test]
async fn a_deep_link_answers_the_page_with_its_ticker() {
    let app = TestApp::start().await;
    for (path, ticker) in [
        ("/", "AAPL"),
        ("/ticker/NVDA", "NVDA"),
        ("/ticker/nvda", "NVDA"),
        ("/ticker/NVDA/", "NVDA"),
        ("/ticker/XOM", "AAPL"),
    ] {
        let response = app.client.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let chart = format!(r#"data-testid="main-chart" data-ticker="{ticker}""#);
        assert!(response.text().await.unwrap().contains(&chart), "{path}");
    }
}

#[tokio::test]
async fn the_account_view_is_rendered_at_its_address_within_the_frame() {
    let app = TestApp::start().await;
    for path in ["/account", "/account/"] {
        let html = app.client.get(path).await.text().await.unwrap();
        assert!(html.contains(r#"data-testid="account-view""#), "{path}");
        assert!(html.contains("Start over"), "{path}: a browser without scripts sees it whole");
        assert!(
            html.contains(r#"data-testid="total-value""#) && html.contains(r#"data-testid="chat-panel""#),
            "{path}"
        );
        assert!(!html.contains(r#"data-testid="watchlist-row""#), "{path}: the trade view is built when it is opened");
    }
}

#[tokio::test]
async fn an_unknown_page_is_a_page_that_says_so() {
    let app = TestApp::start().await;
    for path in ["/no/such/page", "/ticker/no-ticker-at-all"] {
        let response = app.client.get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
    }
    let response = app.client.get("/no/such/page").await;
    assert!(response.text().await.unwrap().contains("There is no such page"));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_never_kept_as_such() {
    let app = TestApp::start().await;
    let package = app.site().join("pkg");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("finally.css"), "body {}").unwrap();
    let caching = async |path| app.client.get(path).await.headers().get(header::CACHE_CONTROL).cloned();
    assert_eq!(caching("/pkg/finally.css").await.unwrap(), "no-cache", "its name carries no hash here");
    assert_eq!(app.client.get("/pkg/away.css").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(caching("/pkg/away.css").await, None);
}

/// The page parses JSON itself, and more strictly than others: fields in order, numbers by their digits.
#[tokio::test]
async fn the_page_reads_all_that_the_server_hands_it() {
    let app = TestApp::start().await;
    app.client.trade("buy", 3.0, "NVDA").await;
    app.client.trade("sell", 1.5, "NVDA").await;
    let workstation = app.client.post(LoadWorkstation::PATH, json!({ "selected": "NVDA" })).await.text().await.unwrap();
    let read: Workstation = wire::read(&workstation).unwrap();
    assert_eq!(read, serde_json::from_str(&workstation).unwrap());
    let trades = app.client.post(LoadTrades::PATH, json!({ "limit": 10, "before": null })).await.text().await.unwrap();
    let read: TradesPage = wire::read(&trades).unwrap();
    assert_eq!((read.trades.len(), &read), (2, &serde_json::from_str(&trades).unwrap()));
}
