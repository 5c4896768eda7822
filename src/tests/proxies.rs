//! Names, origins and proxies: effect of the settings, and refusals without them.

use reqwest::{StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, TestProcess},
    guards::{exchange, place_order_path, problem},
};

#[rstest]
#[case::port("nas:8000", "nas", "nas:9000")]
#[case::address_line("http://nas.local/", "nas.local", "NAS.local:8000")]
#[case::star("*.example.org", "a.b.example.org", "a.example.org:1")]
#[case::everything("*", "anything", "192.0.2.77:8000")]
#[tokio::test]
async fn a_host_is_allowed_however_it_is_written(#[case] setting: &str, #[case] one: &str, #[case] other: &str) {
    let app = TestApp::start_with(&[("ALLOWED_HOSTS", setting)]).await;
    for host in [one, other] {
        let request = format!("GET /api/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = exchange(&app.client, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
    }
}

#[tokio::test]
async fn a_host_that_is_refused_is_told_what_to_set() {
    let app = TestApp::start().await;
    let response = app.client.http.get(app.client.url("/api/health")).header("host", "NAS:8000").send().await.unwrap();
    let answer: Value = response.json().await.unwrap();
    let expected = "This server does not answer for nas. If it should, start it with ALLOWED_HOSTS=nas.";
    assert_eq!((&answer["detail"], &answer["code"]), (&expected.into(), &"wrong_host".into()));

    let request = app.client.http.get(app.client.url("/")).header("host", "nas").header("accept", "text/html");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().await.unwrap().contains("ALLOWED_HOSTS=nas"), "a person reads it as a page");
}

#[rstest]
#[case::host("ALLOWED_HOSTS", "http://")]
#[case::origin("TRUSTED_ORIGINS", "nas.local")]
#[case::proxy("TRUSTED_PROXIES", "nginx")]
#[case::path("BASE_PATH", "/finally")]
#[case::access("ACCESS", "everybody")]
#[tokio::test]
async fn a_setting_that_cannot_be_meant_stops_the_start(#[case] variable: &str, #[case] value: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = TestProcess::command(folder.path()).env(variable, value).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.lines().count() == 1 && said.contains(variable), "{said}");
}

#[tokio::test]
async fn an_origin_behind_a_proxy_that_renames_us_may_write_when_it_is_trusted() {
    let app = TestApp::start_with(&[("TRUSTED_ORIGINS", "http://nas.local, https://nas.local:8443/")]).await;
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 1 });
    for (origin, site, status) in [
        ("http://nas.local", None, StatusCode::OK),
        ("http://NAS.local:80", None, StatusCode::OK),
        ("https://nas.local:8443", Some("cross-site"), StatusCode::OK),
        ("https://nas.local", None, StatusCode::FORBIDDEN),
        ("http://nas.local.evil.example", None, StatusCode::FORBIDDEN),
        ("null", Some("cross-site"), StatusCode::FORBIDDEN),
    ] {
        for (path, body) in [("/api/portfolio/trade", order.clone()), (place_order_path(), json!({ "order": order }))] {
            let mut request = app.client.http.post(app.client.url(path)).header("origin", origin).json(&body);
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            assert_eq!(request.send().await.unwrap().status(), status, "{origin} {path}");
        }
    }
}

#[rstest]
#[case::image(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], 403)]
#[case::script(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], 403)]
#[case::another_port(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], 403)]
#[case::frame(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], 403)]
#[case::old_browser(&[("origin", "https://evil.example")], 403)]
#[case::link(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], 200)]
#[case::our_page(&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], 200)]
#[case::typed(&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], 200)]
#[case::program(&[], 200)]
#[tokio::test]
async fn what_another_site_s_page_asks_for_is_refused_and_not_counted(
    #[case] headers: &[(&str, &str)],
    #[case] status: u16,
) {
    let app = TestApp::start_with(&[("RATE_LIMIT", "1")]).await;
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = app.client.http.get(app.client.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    if status == 200 {
        assert_eq!(ask("/api/portfolio", headers).await.status(), 200);
        return;
    }
    for path in ["/api/portfolio", "/api/health", "/api/stream/prices", "/api/openapi.json", "/", "/api/nowhere"] {
        for _ in 0..5 {
            assert_eq!(
                problem(ask(path, headers).await).await,
                (StatusCode::FORBIDDEN, "cross_site".to_owned()),
                "{path}"
            );
        }
    }
    assert_eq!(ask("/api/portfolio", &[]).await.status(), 200, "the person's own rate is whole");
}

#[tokio::test]
async fn people_behind_a_trusted_proxy_have_rates_of_their_own() {
    let status = async |app: &TestApp, forwarded: &str| {
        let request = app.client.http.get(app.client.url("/api/health")).header("x-forwarded-for", forwarded);
        request.send().await.unwrap().status()
    };
    let limited = async |app: &TestApp, forwarded: &str| {
        for _ in 0..20 {
            if status(app, forwarded).await == StatusCode::TOO_MANY_REQUESTS {
                return true;
            }
        }
        false
    };
    let trusting = TestApp::start_with(&[("RATE_LIMIT", "1"), ("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]).await;
    assert!(limited(&trusting, "192.0.2.1").await);
    assert_eq!(status(&trusting, "192.0.2.2").await, StatusCode::OK);
    assert_eq!(status(&trusting, "198.51.100.7, 192.0.2.3, 10.0.0.9").await, StatusCode::OK);
    assert!(limited(&trusting, "203.0.113.5, 192.0.2.4").await, "what a client makes up names nobody");
    assert_eq!(status(&trusting, "203.0.113.5").await, StatusCode::OK);

    let app = TestApp::start_with(&[("RATE_LIMIT", "1")]).await;
    assert!(limited(&app, "192.0.2.1").await);
    let answers: Vec<_> = [status(&app, "192.0.2.2").await, status(&app, "192.0.2.3").await].into();
    assert!(answers.contains(&StatusCode::TOO_MANY_REQUESTS), "anyone can send that header");
}

#[tokio::test]
async fn the_host_that_a_trusted_proxy_tells_is_the_one_that_counts() {
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 1 });
    let trusting =
        TestApp::start_with(&[("TRUSTED_PROXIES", "127.0.0.1"), ("ALLOWED_HOSTS", "nas.local"), ("ACCESS", "open")])
            .await;
    let place = async |app: &TestApp, forwarded: &str, origin: &str| {
        let request = app.client.http.post(app.client.url("/api/portfolio/trade")).json(&order);
        request.header("x-forwarded-host", forwarded).header("origin", origin).send().await.unwrap().status()
    };
    assert_eq!(place(&trusting, "nas.local", "https://nas.local").await, StatusCode::OK);
    assert_eq!(place(&trusting, "nas.local", "https://evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(place(&trusting, "evil.example", "https://evil.example").await, StatusCode::MISDIRECTED_REQUEST);
    let app = TestApp::start_with(&[("ALLOWED_HOSTS", "nas.local")]).await;
    assert_eq!(
        place(&app, "nas.local", "https://nas.local").await,
        StatusCode::FORBIDDEN,
        "anyone can send that header"
    );
}
