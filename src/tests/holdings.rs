//! Many positions, and what is kept of a ticker that is held and not watched.

use futures::future::join_all;
use reqwest::StatusCode;

use crate::app::{TestApp, TestProcess, assert_identity};

/// Tickers that nobody watches.
fn strangers() -> impl Iterator<Item = String> {
    let letters = || 'A'..='Z';
    letters().flat_map(move |first| letters().map(move |second| format!("Q{first}{second}")))
}

#[tokio::test]
async fn a_chart_of_a_ticker_that_is_held_and_not_watched_is_whole_when_someone_looks() {
    let app = TestApp::start().await;
    assert_eq!(app.client.trade("buy", 1.0, "XOM").await.0, StatusCode::OK);
    for (interval, least) in [("1m", 490), ("1d", 250)] {
        let series = app.client.read(&format!("/api/prices/XOM/candles?interval={interval}&limit=500")).await;
        let candles = series["candles"].as_array().unwrap();
        assert!(candles.len() > least, "{interval}: {}", candles.len());
        let time = |index: usize| candles[index]["time"].as_i64().unwrap();
        assert!((1..candles.len()).all(|index| time(index - 1) < time(index)), "{interval}");
    }
    assert_eq!(app.client.get("/api/prices/KO/candles").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn little_memory_is_kept_for_a_ticker_that_is_held_and_not_watched() {
    const WARM: usize = 150;
    const MORE: usize = 150;
    /// A whole past is 280 KiB.
    const EACH_KIB_MAX: u64 = 48;
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start_with(folder.path(), &[("SIM_TICK_MS", "50")]).await;
    let buy = async |tickers: Vec<String>| {
        for some in tickers.chunks(25) {
            let orders = some.iter().map(|ticker| server.client.trade("buy", 0.000_001, ticker));
            for (status, answer) in join_all(orders).await {
                assert_eq!(status, StatusCode::OK, "{answer}");
            }
        }
    };
    let mut strangers = strangers();
    buy(strangers.by_ref().take(WARM).collect()).await;
    let before_kib = server.resident_kib();
    buy(strangers.by_ref().take(MORE).collect()).await;
    let each_kib = server.resident_kib().saturating_sub(before_kib) / MORE as u64;
    println!("{each_kib} KiB for each position");
    assert!(each_kib <= EACH_KIB_MAX, "{each_kib} KiB for each");

    // Up to the bound, and no further; what is held can still be bought and sold.
    buy(strangers.by_ref().take(500 - WARM - MORE).collect()).await;
    let (status, problem) = server.client.trade("buy", 0.000_001, "AAPL").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("too_many_positions")));
    assert_eq!(server.client.trade("sell", 0.000_001, "QAA").await.0, StatusCode::OK);
    assert_eq!(server.client.trade("buy", 0.000_001, "AAPL").await.0, StatusCode::OK);
    let portfolio = server.client.portfolio().await;
    assert_eq!(portfolio["positions"].as_array().unwrap().len(), 500);
    assert_identity(&portfolio);
}
