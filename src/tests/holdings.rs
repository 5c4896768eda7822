//! Many positions, and the data kept of held, unwatched tickers.

use futures::future::join_all;
use reqwest::StatusCode;

use crate::app::{TestApp, TestProcess};

/// Unwatched tickers.
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
    const WARM: usize = 30;
    const MORE: usize = 40;
    /// A whole past is 280 KiB.
    const EACH_KIB_MAX: u64 = 48;
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start_with(folder.path(), &[("SIM_TICK_MS", "50")]).await;
    let buy = async |tickers: Vec<String>| {
        for some in tickers.chunks(5) {
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
}
