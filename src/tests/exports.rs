//! The exported history.

use reqwest::{StatusCode, header};

use crate::app::TestApp;

#[tokio::test]
async fn a_history_of_many_pages_is_one_request_under_any_rate() {
    const TRADES: usize = 1_203;
    let app = TestApp::start_with(&[("RATE_LIMIT", "1")]).await;
    let database = app.database();
    // Inserted directly into the file: this many trades would take too long.
    let rows = rusqlite::Connection::open(&database).unwrap();
    rows.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    rows.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO trades (id, account_id, ticker, side, quantity_millionths, price_units, notional_cents,
             realized_pnl_cents, source, executed_at_ms, cash_cents_after, quantity_millionths_after,
             cost_basis_cents_after, total_value_cents_after)
         SELECT 'trade-' || i, 'default', 'V', 'buy', 1500000, 10050, 151, 0, 'manual', 1795348800000 + i, 1, 1, 1, 1 FROM n",
        [i64::try_from(TRADES).unwrap()],
    )
    .unwrap();
    let response = app.client.get("/api/exports/trades.csv?separator=%3B&decimal=,").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
    assert!(response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().contains("finally-trades.csv"));
    let text = response.text().await.unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "executed_at_utc;ticker;side;quantity;price;notional;realized_pnl;source;id");
    assert_eq!(lines.len(), 1 + TRADES);
    assert!(lines[1].contains(";V;buy;1,5;1,005;1,51;0,00;manual;trade-1203"), "{}", lines[1]);
    let names = lines[1..].iter().map(|line| line.rsplit(';').next().unwrap());
    assert!(names.eq((1..=TRADES).rev().map(|number| format!("trade-{number}"))), "newest first, none twice");
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_refused() {
    let app = TestApp::start().await;
    for query in ["separator=|", "decimal=x", "zone=utc", "separator=%FF"] {
        let answer = app.client.get(&format!("/api/exports/trades.csv?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    let empty = app.client.get("/api/exports/trades.csv").await.text().await.unwrap();
    assert_eq!(empty.lines().count(), 1);
}
