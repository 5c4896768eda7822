//! Bounds on everything that a client can prolong or enlarge: connections, unread responses, a page's requests.

use std::time::{Duration, Instant};

use finally::server::config::Patience;
use futures::future::join_all;
use reqwest::StatusCode;
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::{app::TestApp, guards::PATIENCE, scripted::eventually};

const SHORT: Duration = Duration::from_millis(200);

/// A peer with a small receive buffer.
async fn narrow_peer(app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1_024).unwrap();
    socket.connect(app.client.address).await.unwrap()
}

/// The server's open connections and streams, by the system and the metrics.
async fn streams_open(app: &TestApp) -> String {
    let text = app.client.get("/metrics").await.text().await.unwrap();
    text.lines().find_map(|line| line.strip_prefix("finally_streams_open ")).unwrap().to_owned()
}

#[tokio::test]
async fn a_stream_that_is_never_read_is_cut() {
    let patience = Patience { progress: SHORT, ..Patience::default() };
    let app = TestApp::start_impatient(patience, &[("SIM_TICK_MS", "10")]).await;
    let mut peer = narrow_peer(&app).await;
    peer.write_all(b"GET /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    eventually(PATIENCE, "the stream begins", async || streams_open(&app).await == "1").await;
    eventually(PATIENCE, "the stream is cut", async || streams_open(&app).await == "0").await;
}

#[tokio::test]
async fn answers_that_are_never_read_are_cut() {
    let patience = Patience { progress: SHORT, ..Patience::default() };
    let app = TestApp::start_impatient(patience, &[]).await;
    let peer = narrow_peer(&app).await;
    let (mut read, mut write) = peer.into_split();
    let request = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let started = Instant::now();
    // Sends requests without reading; a server that waited forever would make this wait forever too.
    while write.write_all(request).await.is_ok() {
        assert!(started.elapsed() < PATIENCE);
    }
    // Bytes that arrived before the end may be read; then the connection ends.
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, read.read_to_end(&mut rest)).await.expect("it was cut");
    assert_eq!(app.client.get("/api/health").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_peer_that_reads_slowly_is_not_cut() {
    let patience = Patience { progress: Duration::from_millis(500), ..Patience::default() };
    let app = TestApp::start_impatient(patience, &[("SIM_TICK_MS", "10")]).await;
    let mut peer = narrow_peer(&app).await;
    peer.write_all(b"GET /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1_500) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(peer.read(&mut [0; 16_384]).await.unwrap() > 0);
    }
}

#[rstest]
#[case::as_it_comes(&[("SSE_MAX_PER_CLIENT", "6")], true)]
#[case::no_limit(&[], false)]
#[case::proxy(&[("SSE_MAX_PER_CLIENT", "6"), ("TRUSTED_PROXIES", "127.0.0.1")], false)]
#[tokio::test]
async fn a_client_has_so_many_connections_and_no_more(#[case] variables: &[(&str, &str)], #[case] is_bounded: bool) {
    // Six streams and 256 further connections.
    const CONNECTIONS: usize = 262;
    let app = TestApp::start_with(variables).await;
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        open.push(TcpStream::connect(app.client.address).await.unwrap());
    }
    let mut one_more = TcpStream::connect(app.client.address).await.unwrap();
    one_more.write_all(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // The server has not read the request, so the end may be a reset.
    let _ = one_more.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    if !is_bounded {
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        return;
    }
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("Retry-After: "), "{answer}");
    assert!(answer.contains(r#""code":"too_many_requests""#), "{answer}");
    open.truncate(CONNECTIONS / 2);
    eventually(PATIENCE, "places are given back", async || {
        app.client.http.get(app.client.url("/api/health")).send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
}

#[tokio::test]
async fn a_page_s_files_have_a_rate_of_their_own() {
    let app = TestApp::start_with(&[("RATE_LIMIT", "1")]).await;
    let page = app.client.get("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    for number in 0..150 {
        // The files do not exist in a test's folder; the look-up is sufficient.
        let file = app.client.get(&format!("/pkg/{number}.js")).await;
        assert_eq!(file.status(), StatusCode::NOT_FOUND);
    }
    eventually(Duration::from_secs(30), "they have one: at last a file is refused", async || {
        let answers = join_all((0..300).map(|_| app.client.get("/pkg/nothing.js"))).await;
        answers.iter().any(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS)
    })
    .await;
}

#[tokio::test]
async fn every_limited_answer_says_what_is_left_of_the_rate() {
    let app = TestApp::start_with(&[("RATE_LIMIT", "1")]).await;
    let state = |answer: &reqwest::Response| {
        let text = |name| answer.headers()[name].to_str().unwrap().to_owned();
        (text("ratelimit-policy"), text("ratelimit"))
    };
    let policy = "\"requests\";q=2;w=2".to_owned();
    let first = app.client.get("/api/portfolio").await;
    assert_eq!((first.status(), state(&first)), (StatusCode::OK, (policy.clone(), "\"requests\";r=1;t=1".to_owned())));
    let answers = join_all((0..5).map(|_| app.client.get("/api/portfolio"))).await;
    let refused = answers.iter().find(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS).unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(state(refused), (policy, "\"requests\";r=0;t=2".to_owned()));
    let unlimited = TestApp::start().await.client.get("/api/portfolio").await;
    assert!(!unlimited.headers().contains_key("ratelimit"));
}
