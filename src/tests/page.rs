//! The page as the server renders it, before any script runs.

use reqwest::{StatusCode, header};

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
    assert!(!html.contains("data-flash"), "the first paint flashes nothing");
    assert!(!html.contains(">—<"), "every figure is there");
}

#[tokio::test]
async fn an_unknown_page_is_a_page_that_says_so() {
    let app = TestApp::start().await;
    let response = app.client.get("/no/such/page").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().await.unwrap().contains("There is no such page"));
}
