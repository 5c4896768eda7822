//! API tokens: what they admit, and what they do not.

use std::time::Duration;

use finally::server::https::client_builder;
use reqwest::{Method, Response, StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{app::TestApp, guards::problem};

/// Makes a token as the person at this machine does; returns its id and its secret.
async fn token(app: &TestApp, scopes: &[&str]) -> (String, String) {
    let answer = app.client.post("/api/tokens", json!({ "name": "a script", "scopes": scopes })).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let made: Value = answer.json().await.unwrap();
    (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

async fn ask(app: &TestApp, token: &str, method: Method, path: &str, body: Option<Value>) -> Response {
    let client = client_builder().build().unwrap();
    let request = client.request(method, app.client.url(path)).bearer_auth(token);
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

fn order() -> Value {
    json!({ "ticker": "AAPL", "side": "buy", "quantity": 1 })
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_no_more() {
    let app = TestApp::start().await;
    let (_, reader) = token(&app, &["read"]).await;
    let (_, trader) = token(&app, &["read", "trade"]).await;
    let (_, proposer) = token(&app, &["propose"]).await;
    for (token, method, path, body, expected) in [
        (&reader, Method::GET, "/api/portfolio", None, Ok(200)),
        (&reader, Method::GET, "/api/exports/trades.csv", None, Ok(200)),
        (&reader, Method::GET, "/metrics", None, Ok(200)),
        (&reader, Method::POST, "/api/portfolio/trade", Some(order()), Err("not_allowed")),
        (&reader, Method::POST, "/api/watchlist", Some(json!({ "ticker": "XOM" })), Err("not_allowed")),
        (&reader, Method::POST, "/api/portfolio/reset", None, Err("not_allowed")),
        (&reader, Method::GET, "/api/tokens", None, Err("not_allowed")),
        (&reader, Method::GET, "/", None, Err("not_allowed")),
        (&proposer, Method::GET, "/api/portfolio", None, Err("not_allowed")),
        (&trader, Method::POST, "/api/portfolio/trade", Some(order()), Ok(200)),
        (&trader, Method::PATCH, "/api/settings", Some(json!({ "autonomy": "auto" })), Err("not_allowed")),
        (&trader, Method::POST, "/api/portfolio/reset", None, Err("not_allowed")),
    ] {
        let answer = ask(&app, token, method.clone(), path, body).await;
        match expected {
            Ok(status) => assert_eq!(answer.status(), status, "{method} {path}"),
            Err(code) => assert_eq!(problem(answer).await, (StatusCode::FORBIDDEN, code.to_owned()), "{method} {path}"),
        }
    }
    assert_eq!(app.client.portfolio().await["positions"].as_array().unwrap().len(), 1, "one purchase of all");
}

#[tokio::test]
async fn a_revoked_or_unknown_token_admits_nobody_here_either() {
    let app = TestApp::start().await;
    let (id, secret) = token(&app, &["read"]).await;
    assert_eq!(ask(&app, &secret, Method::GET, "/api/portfolio", None).await.status(), StatusCode::OK);
    let listed = app.client.read("/api/tokens").await;
    assert_eq!(listed["tokens"][0]["id"], id.as_str());
    assert!(listed["tokens"][0]["last_used_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(&secret));

    let client = client_builder().build().unwrap();
    let revoke = || client.delete(app.client.url(&format!("/api/tokens/{id}"))).send();
    assert_eq!(revoke().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(problem(revoke().await.unwrap()).await, (StatusCode::NOT_FOUND, "not_found".to_owned()));
    for wrong in [secret.as_str(), "fin_0", "0000", ""] {
        let answer = ask(&app, wrong, Method::GET, "/api/portfolio", None).await;
        assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
        assert_eq!(problem(answer).await, (StatusCode::UNAUTHORIZED, "token_invalid".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn a_token_ends_when_it_says() {
    let app = TestApp::start().await;
    let end = (OffsetDateTime::now_utc() + Duration::from_millis(1_500)).format(&Rfc3339).unwrap();
    let body = json!({ "name": "for a moment", "scopes": ["read"], "expires_at": end });
    let made: Value = app.client.post("/api/tokens", body).await.json().await.unwrap();
    let secret = made["token"].as_str().unwrap();
    assert_eq!(ask(&app, secret, Method::GET, "/api/portfolio", None).await.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(problem(ask(&app, secret, Method::GET, "/api/portfolio", None).await).await.1, "token_invalid");
}

#[tokio::test]
async fn a_token_outlives_a_restart_and_only_its_hash_is_kept() {
    let app = TestApp::start().await;
    let (_, secret) = token(&app, &["read"]).await;
    let app = app.restart().await;
    assert_eq!(ask(&app, &secret, Method::GET, "/api/portfolio", None).await.status(), StatusCode::OK);
    let database = app.database();
    let _folder = app.stop_and_keep().await;
    let bytes = std::fs::read(database).unwrap();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

#[tokio::test]
async fn revoking_all_access_revokes_tokens_too() {
    let app = TestApp::start().await;
    let (_, secret) = token(&app, &["read"]).await;
    let database = app.database();
    let folder = app.stop_and_keep().await;
    assert_eq!(finally::server::ledger::access::revoke_all(&database).unwrap(), 1);
    let app = TestApp::start_on(folder, &[], finally::server::clock::system_clock).await;
    assert_eq!(problem(ask(&app, &secret, Method::GET, "/api/portfolio", None).await).await.1, "token_invalid");
}

#[tokio::test]
async fn a_token_makes_no_token_with_more_than_its_own_scopes() {
    let app = TestApp::start().await;
    let (_, admin) = token(&app, &["read", "admin"]).await;
    let make = async |scopes: Value| {
        ask(&app, &admin, Method::POST, "/api/tokens", Some(json!({ "name": "another", "scopes": scopes }))).await
    };
    assert_eq!(make(json!(["read"])).await.status(), StatusCode::CREATED);
    assert_eq!(problem(make(json!(["read", "trade"])).await).await, (StatusCode::FORBIDDEN, "not_allowed".to_owned()));
}

#[tokio::test]
async fn a_token_is_enough_on_another_machine_and_for_a_page_of_another_site() {
    let app = TestApp::start_with(&[("TRUSTED_PROXIES", "127.0.0.1"), ("ALLOWED_HOSTS", "nas.local")]).await;
    let (_, secret) = token(&app, &["read", "trade"]).await;
    let client = client_builder().build().unwrap();
    let elsewhere = |path: &str| client.get(app.client.url(path)).header("x-forwarded-for", "192.0.2.55");
    assert_eq!(elsewhere("/api/portfolio").bearer_auth(&secret).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(problem(elsewhere("/api/portfolio").send().await.unwrap()).await.1, "sign_in_needed");

    let foreign = |client: &reqwest::Client| {
        client.post(app.client.url("/api/portfolio/trade")).header("origin", "https://evil.example").json(&order())
    };
    assert_eq!(problem(foreign(&client).send().await.unwrap()).await.1, "cross_site");
    assert_eq!(foreign(&client).bearer_auth(&secret).send().await.unwrap().status(), StatusCode::OK);
}

#[rstest]
#[case::no_name(json!({ "scopes": ["read"] }), "missing_field")]
#[case::no_scopes(json!({ "name": "x" }), "missing_field")]
#[case::empty_name(json!({ "name": " ", "scopes": ["read"] }), "invalid_parameter")]
#[case::long_name(json!({ "name": "x".repeat(81), "scopes": ["read"] }), "invalid_parameter")]
#[case::no_scope(json!({ "name": "x", "scopes": [] }), "invalid_parameter")]
#[case::unknown_scope(json!({ "name": "x", "scopes": ["read", "root"] }), "invalid_parameter")]
#[case::past_end(json!({ "name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z" }), "invalid_parameter")]
#[case::no_instant(json!({ "name": "x", "scopes": ["read"], "expires_at": "tomorrow" }), "invalid_parameter")]
#[case::unknown_field(json!({ "name": "x", "scopes": ["read"], "account": "other" }), "malformed_json")]
#[tokio::test]
async fn a_bad_request_for_a_token_makes_none(#[case] body: Value, #[case] code: &str) {
    let app = TestApp::start().await;
    assert_eq!(problem(app.client.post("/api/tokens", body).await).await, (StatusCode::BAD_REQUEST, code.to_owned()));
    assert_eq!(app.client.read("/api/tokens").await, json!({ "tokens": [] }));
}

#[tokio::test]
async fn an_account_has_64_tokens_at_most() {
    let app = TestApp::start().await;
    for _ in 0..64 {
        token(&app, &["read"]).await;
    }
    let more = app.client.post("/api/tokens", json!({ "name": "one more", "scopes": ["read"] })).await;
    assert_eq!(problem(more).await, (StatusCode::UNPROCESSABLE_ENTITY, "too_many_tokens".to_owned()));
}
