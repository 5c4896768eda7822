//! Documents from addresses: successful fetches, and refusals before any request.

use axum::{Router, response::Redirect, routing::get};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{REPORT, document_id, search, settled};
use crate::app::TestApp;

/// A server on this machine with a report, and with redirects to forbidden addresses.
async fn site() -> String {
    let report = get(async || ([("content-type", "text/plain")], REPORT));
    let to = |address: &'static str| get(async move || Redirect::temporary(address));
    let routes = Router::new()
        .route("/report.txt", report)
        .route("/moved", to("/report.txt"))
        .route("/inside", to("http://169.254.169.254/latest/meta-data/"))
        .route("/round", to("/round"))
        .route("/picture", get(async || ([("content-type", "image/png")], b"\x89PNG\0".as_slice())))
        .route("/large", get(async || vec![b'a'; (20 << 20) + 1]))
        .route("/broken", get(async || StatusCode::NOT_FOUND));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, routes).await });
    address.to_string()
}

async fn fetched(path: &str) -> (TestApp, Value) {
    let site = site().await;
    let app = TestApp::start_with(&[("LIBRARY_FETCH_HOSTS", &site)]).await;
    let answer = app.client.post("/api/library/documents", json!({ "url": format!("http://{site}{path}") })).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let document = settled(&app.client, &document_id(&answer.json().await.unwrap())).await;
    (app, document)
}

#[rstest]
#[case("/report.txt")]
#[case("/moved")]
#[tokio::test]
async fn what_is_at_an_address_is_taken_in(#[case] path: &str) {
    let (app, document) = fetched(path).await;
    assert_eq!((&document["state"], &document["origin"]), (&json!("done"), &json!("address")), "{document}");
    assert!(!search(&app.client, "revenues").await.is_empty());
}

#[rstest]
#[case::into_the_network("/inside", "address_refused")]
#[case::in_a_circle("/round", "fetch_failed")]
#[case::a_picture("/picture", "unsupported_file")]
#[case::too_large("/large", "file_too_large")]
#[case::not_there("/broken", "fetch_failed")]
#[tokio::test]
async fn what_cannot_be_taken_in_fails_with_its_cause(#[case] path: &str, #[case] code: &str) {
    let (_app, document) = fetched(path).await;
    assert_eq!((&document["state"], &document["task"]["error_code"]), (&json!("failed"), &json!(code)), "{document}");
    assert!(document["task"]["error_text"].as_str().unwrap().ends_with('.'));
}

#[rstest]
#[case("http://127.0.0.1/")]
#[case("http://127.1/")]
#[case("http://[::ffff:127.0.0.1]/")]
#[case("http://169.254.169.254/latest/meta-data/")]
#[case("http://0x7f000001/")]
#[case("https://10.0.0.1/")]
#[case("https://example.org:22/")]
#[case("file:///etc/passwd")]
#[tokio::test]
async fn an_address_inside_is_refused_at_once(#[case] address: &str) {
    let app = TestApp::start().await;
    let answer = app.client.post("/api/library/documents", json!({ "url": address })).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "address_refused");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
    let app = TestApp::start().await;
    let answer = app.client.post("/api/library/documents", json!({ "url": "http://localhost/report.pdf" })).await;
    let document = settled(&app.client, &document_id(&answer.json().await.unwrap())).await;
    assert_eq!(document["task"]["error_code"], "address_refused", "{document}");
}
