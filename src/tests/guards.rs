//! The checks between the network and the handlers: hosts, origins, policies, limits, deadlines, and the log of
//! requests.

use std::time::{Duration, Instant};

use finally::server::config::Patience;
use futures::future::join_all;
use reqwest::{Method, Response, StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    app::{TestApp, TestClient, TestProcess},
    scripted::{Reply, ScriptedServer},
};

/// Timeout for everything here, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Sends these bytes, and returns the response until the server closes the connection.
pub async fn exchange(client: &TestClient, request: &str) -> String {
    let mut socket = TcpStream::connect(client.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the server ends the connection").unwrap();
    String::from_utf8(answer).unwrap()
}

pub async fn problem(response: Response) -> (StatusCode, String) {
    let status = response.status();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn only_hosts_of_ours_are_answered() {
    let app = TestApp::start_with(&[("ALLOWED_HOSTS", "finally.example, [2001:db8::7]")]).await;
    let cases = [
        ("localhost", 200),
        ("LocalHost:8000", 200),
        ("127.0.0.1", 200),
        ("127.255.0.9:1", 200),
        ("[::1]:8000", 200),
        ("[::ffff:127.0.0.1]", 200),
        ("Finally.Example:443", 200),
        ("[2001:DB8:0::7]", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("finally.example.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("user@localhost", 421),
        ("192.0.2.1", 421),
        ("[2001:db8::8]", 421),
        ("", 421),
        ("local host", 421),
    ];
    for path in ["/api/health", "/", "/favicon.svg", "/metrics"] {
        for (host, status) in cases {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = exchange(&app.client, &request).await;
            // The favicon does not exist in a test's folder; the look-up is sufficient.
            let allowed = if path == "/favicon.svg" { 404 } else { 200 };
            let expected = if status == 200 { allowed } else { status };
            assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{path} {host}: {answer}");
            assert_eq!(answer.contains(r#""code":"wrong_host""#), status == 421, "{path} {host}");
        }
    }
}

#[rstest]
#[case::no_host("GET /api/health HTTP/1.1", "", 421)]
#[case::old_and_no_host("GET /api/health HTTP/1.0", "", 421)]
#[case::two_hosts("GET /api/health HTTP/1.1", "Host: localhost\r\nHost: evil.example\r\n", 421)]
#[case::request_line("GET http://evil.example/api/health HTTP/1.1", "Host: localhost\r\n", 421)]
#[case::good_request_line("GET http://localhost/api/health HTTP/1.1", "Host: localhost\r\n", 200)]
#[case::header_behind_request_line("GET http://localhost/api/health HTTP/1.1", "Host: evil.example\r\n", 421)]
#[tokio::test]
async fn a_host_is_named_once_and_everywhere_the_same(#[case] line: &str, #[case] headers: &str, #[case] status: u16) {
    let app = TestApp::start().await;
    let answer = exchange(&app.client, &format!("{line}\r\n{headers}Connection: close\r\n\r\n")).await;
    assert!(answer.split(' ').nth(1) == Some(&status.to_string()), "{answer}");
}

#[tokio::test]
async fn a_change_from_another_origin_is_refused() {
    let app = TestApp::start().await;
    let own = format!("http://{}", app.client.address);
    let cases = [
        (vec![], true),
        (vec![("sec-fetch-site", "same-origin"), ("origin", own.as_str())], true),
        (vec![("sec-fetch-site", "none")], true),
        (vec![("origin", own.as_str())], true),
        (vec![("sec-fetch-site", "same-site")], false),
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("sec-fetch-site", "cross-site"), ("origin", own.as_str())], false),
        (vec![("origin", "null")], false),
        (vec![("origin", "http://localhost:1")], false),
        (vec![("origin", "https://evil.example")], false),
    ];
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 1 });
    let targets = [("/api/portfolio/trade", order.clone()), (place_order_path(), json!({ "order": order }))];
    for (headers, is_allowed) in &cases {
        for (path, body) in &targets {
            let mut request = app.client.http.post(app.client.url(path)).json(body);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = request.send().await.unwrap();
            if *is_allowed {
                assert_eq!(response.status(), StatusCode::OK, "{path} {headers:?}");
            } else {
                assert_eq!(problem(response).await, (StatusCode::FORBIDDEN, "cross_site".to_owned()), "{headers:?}");
            }
        }
    }
    let bought = cases.iter().filter(|(_, is_allowed)| *is_allowed).count() * targets.len();
    assert_eq!(app.client.portfolio().await["positions"][0]["quantity"], bought as f64, "no refused order was filled");
}

pub fn place_order_path() -> &'static str {
    use finally::api::PlaceOrder;
    use leptos::server_fn::ServerFn;
    PlaceOrder::PATH
}

#[tokio::test]
async fn a_page_s_policy_allows_its_own_nonce_and_nothing_unsafe() {
    let app = TestApp::start().await;
    let mut nonces = std::collections::BTreeSet::new();
    for path in ["/", "/", "/no/such/page"] {
        let response = app.client.get(path).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert_eq!(response.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1);
        assert!(!policy.contains("'unsafe-") && !policy.contains("ws:"), "{policy}");
        for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self';"] {
            assert!(policy.contains(directive), "{directive} is not in {policy}");
        }
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
        assert!(nonce.len() >= 22, "128 bits");
        let html = response.text().await.unwrap();
        let scripts = html.matches("<script").count();
        assert!(scripts > 0);
        assert_eq!(html.matches(&format!(r#"nonce="{nonce}""#)).count(), scripts, "{path}: each script carries it");
        assert!(!html.contains(" style=") && !html.contains(" onclick="), "nothing inline without it");
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 3, "each answer has a nonce of its own");
}

#[rstest]
#[case::page(Method::GET, "/")]
#[case::unknown_page(Method::GET, "/nowhere")]
#[case::read(Method::GET, "/api/portfolio")]
#[case::stream(Method::GET, "/api/stream/prices")]
#[case::unknown_path(Method::GET, "/api/nowhere")]
#[case::wrong_method(Method::DELETE, "/api/portfolio")]
#[case::metrics(Method::GET, "/metrics")]
#[case::missing_file(Method::GET, "/pkg/nothing.js")]
#[tokio::test]
async fn every_answer_carries_the_security_headers(#[case] method: Method, #[case] path: &str) {
    let app = TestApp::start().await;
    let response = app.client.http.request(method, app.client.url(path)).send().await.unwrap();
    let headers = response.headers();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert!(headers["permissions-policy"].to_str().unwrap().contains("camera=()"));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    assert_eq!(policy.contains("nonce"), path == "/" || path == "/nowhere");
}

#[tokio::test]
async fn a_client_that_asks_too_fast_is_told_when_to_come_back() {
    let app = TestApp::start_with(&[("RATE_LIMIT", "1")]).await;
    let mut refused = None;
    // A burst of two, however long these take: a third would need two seconds.
    for _ in 0..50 {
        let response = app.client.get("/api/portfolio").await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(response);
            break;
        }
        assert_eq!(response.status(), StatusCode::OK);
    }
    let refused = refused.expect("a refusal");
    let seconds: u64 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds));
    assert_eq!(problem(refused).await.1, "too_many_requests");
    for (method, path) in [
        (Method::GET, "/api/stream/prices"),
        (Method::GET, "/api/nowhere"),
        (Method::DELETE, "/api/portfolio"),
        (Method::POST, place_order_path()),
        (Method::GET, "/"),
        (Method::GET, "/ticker/NVDA"),
        (Method::GET, "/no/such/page"),
        (Method::GET, "/metrics"),
    ] {
        // Each attempt may come after a pause that permits one request; the next one is refused then.
        let mut codes = Vec::new();
        for _ in 0..20 {
            codes.push(app.client.http.request(method.clone(), app.client.url(path)).send().await.unwrap().status());
        }
        assert!(codes.contains(&StatusCode::TOO_MANY_REQUESTS), "{path}");
    }
}

#[rstest]
#[case::per_client(&[("SSE_MAX_PER_CLIENT", "2")])]
#[case::in_all(&[("SSE_MAX_TOTAL", "2")])]
#[case::long_before_the_next_tick(&[("SSE_MAX_TOTAL", "2"), ("SIM_TICK_MS", "60000")])]
#[tokio::test]
async fn a_stream_s_place_is_free_again_when_it_closes(#[case] limit: &[(&str, &str)]) {
    let app = TestApp::start_with(limit).await;
    let open = async || app.client.get("/api/stream/prices").await;
    let first = open().await;
    let second = open().await;
    assert_eq!((first.status(), second.status()), (StatusCode::OK, StatusCode::OK));

    let refused = open().await;
    assert!(refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(problem(refused).await, (StatusCode::TOO_MANY_REQUESTS, "too_many_streams".to_owned()));
    assert_eq!(app.client.get("/api/stream/prices?changes=all").await.status(), StatusCode::BAD_REQUEST);

    drop(first);
    let started = Instant::now();
    while open().await.status() != StatusCode::OK {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(second);
}

const SHORT: Duration = Duration::from_millis(150);

#[rstest]
#[case::nothing("")]
#[case::half_a_head("GET /api/health HTTP/1.1\r\nHost: local")]
#[tokio::test]
async fn a_head_that_never_ends_ends_the_connection(#[case] sent: &str) {
    let app = TestApp::start_impatient(Patience { head: SHORT, ..Patience::default() }, &[]).await;
    let started = Instant::now();
    assert_eq!(exchange(&app.client, sent).await, "");
    assert!(started.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_head_larger_than_the_buffer_is_refused() {
    let app = TestApp::start().await;
    let request = format!("GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Filler: {}\r\n\r\n", "x".repeat(20_000));
    let mut socket = TcpStream::connect(app.client.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server has not read everything, so the end may be a reset.
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains(r#""code":"head_too_large""#), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_a_timeout_for_every_reader() {
    let app = TestApp::start_impatient(Patience { body: SHORT, ..Patience::default() }, &[]).await;
    for path in ["/api/portfolio/trade", place_order_path()] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\
             Connection: close\r\n\r\n{{\"ticker\":"
        );
        let answer = exchange(&app.client, &request).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(answer.contains(r#""code":"request_timeout""#), "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let model = ScriptedServer::start(|_| Reply::Stall).await;
    let variables = [
        ("LLM_MOCK", "false"),
        ("LLM_BASE_URL", &*model.url()),
        ("OPENROUTER_API_KEY", "any"),
        ("LLM_TIMEOUT_SECONDS", "20"),
    ];
    let app = TestApp::start_impatient(Patience { answer: SHORT, ..Patience::default() }, &variables).await;
    let response = app.client.post("/api/chat", json!({ "message": "Think for long." })).await;
    assert_eq!(problem(response).await, (StatusCode::INTERNAL_SERVER_ERROR, "internal".to_owned()));
}

#[tokio::test]
async fn metrics_tell_routes_by_their_templates() {
    let app = TestApp::start().await;
    let mut stream = app.client.get("/api/stream/prices").await;
    for _ in 0..3 {
        stream.chunk().await.unwrap();
    }
    app.client.trade("buy", 1.0, "V").await;
    app.client.trade("sell", 9.0, "V").await;
    app.client.get("/api/secret-path-of-a-person").await;
    app.client.http.request(Method::from_bytes(b"BREW").unwrap(), app.client.url("/api/health")).send().await.unwrap();

    let response = app.client.get("/metrics").await;
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = response.text().await.unwrap();
    for line in [
        r#"finally_requests_total{route="/api/portfolio/trade",method="POST",status="200"} 1"#,
        r#"finally_requests_total{route="/api/portfolio/trade",method="POST",status="422"} 1"#,
        r#"finally_requests_total{route="unmatched",method="GET",status="404"} 1"#,
        r#"finally_requests_total{route="/api/health",method="other",status="405"} 1"#,
        r#"finally_request_duration_seconds_count{route="/api/portfolio/trade"} 2"#,
        "finally_streams_open 1",
        "finally_stream_ticks_skipped_total ",
        "finally_stream_frames_sent_total ",
        "finally_stream_frames_written_total ",
        "finally_feed_ticks_total ",
        "finally_orders_open ",
        "finally_order_fills_total ",
        "finally_match_duration_seconds_count ",
        "finally_alerts_watched ",
        "finally_alert_firings_total ",
        "finally_feed_tick_age_seconds ",
        "finally_ledger_queue_depth ",
        "finally_ledger_batch_size_count ",
        "finally_ledger_commit_duration_seconds_count ",
        "finally_snapshots_total ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("secret-path"));
}

/// A stream over a bare socket, read up to its first tick.
async fn open_stream(client: &TestClient) -> TcpStream {
    let mut socket = TcpStream::connect(client.address).await.unwrap();
    socket.write_all(b"GET /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut text = String::new();
    while !text.contains("data: ") {
        let mut buffer = [0; 4_096];
        let length = timeout(PATIENCE, socket.read(&mut buffer)).await.unwrap().unwrap();
        assert!(length > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    socket
}

#[tokio::test]
async fn sigterm_ends_a_thousand_streams_in_under_two_seconds() {
    const STREAMS: usize = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start_with(folder.path(), &[("SIM_TICK_MS", "500")]).await;
    let client = server.client.clone();
    let sockets = join_all((0..STREAMS).map(|_| open_stream(&client))).await;
    let readers = sockets.into_iter().map(|mut socket| async move {
        let mut rest = Vec::new();
        // The read bytes show whether the connection was cut or ended.
        let _ = socket.read_to_end(&mut rest).await;
        String::from_utf8(rest).unwrap().contains("event: done")
    });
    let started = Instant::now();
    let (ends, (status, elapsed)) =
        tokio::join!(join_all(readers), async { (server.terminate().await, started.elapsed()) });
    assert!(status.success());
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
    assert_eq!(ends.iter().filter(|told| **told).count(), STREAMS, "each stream was told");
}

#[tokio::test]
async fn sigterm_cuts_a_request_that_does_not_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    let mut unfinished = TcpStream::connect(server.client.address).await.unwrap();
    let head = "POST /api/portfolio/trade HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 60\r\n\r\n{";
    unfinished.write_all(head.as_bytes()).await.unwrap();
    server.client.get("/api/health").await;
    let started = Instant::now();
    assert!(server.terminate().await.success());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn connections_are_accepted_again_after_the_files_ran_out() {
    const FILES: u32 = 64;
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start_command(TestProcess::command_with_files(folder.path(), FILES)).await;
    let address = server.client.address;
    let mut sockets = join_all((0..2 * FILES).map(async |_| TcpStream::connect(address).await.unwrap())).await;
    // The last of them waits in the kernel, unanswered.
    let last = sockets.last_mut().unwrap();
    last.write_all(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(timeout(Duration::from_millis(300), last.read_u8()).await.is_err(), "there were files left");
    drop(sockets);
    let answer = timeout(PATIENCE, server.client.get("/api/health")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
