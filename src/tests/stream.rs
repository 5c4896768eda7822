//! The price stream, byte by byte.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use finally::domain::compact_frame::{CompactReader, Reading};
use reqwest::{Response, StatusCode, header};
use rstest::rstest;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    app::{TestApp, TestProcess},
    scripted::eventually,
};

/// Timeout for immediate operations on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Beginning of the regular ping event.
const PING: &str = ": still here\nevent: ping\n";

/// A stream's bytes, read event by event.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    async fn open(app: &TestApp) -> Self {
        Self::open_with(app, "").await
    }

    async fn open_with(app: &TestApp, query: &str) -> Self {
        let response = app.client.get(&format!("/api/stream/prices{query}")).await;
        Self { response, buffer: String::new() }
    }

    /// The next event's text, without its final blank line; skips pings; `None` at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event = self.buffer[..end].to_owned();
                self.buffer.drain(..end + 2);
                if !event.starts_with(PING) {
                    return Some(event);
                }
                continue;
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.buffer.push_str(str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next tick: its id and its data.
    async fn next_tick(&mut self) -> (u64, Value) {
        let event = self.next().await.expect("a tick");
        let (id, data) = event.split_once('\n').unwrap();
        let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (id.strip_prefix("id: ").unwrap().parse().unwrap(), data)
    }
}

#[tokio::test]
async fn a_stream_opens_with_everything_and_goes_on_tick_by_tick() {
    let app = TestApp::start().await;
    let mut events = Events::open(&app).await;
    let headers = events.response.headers();
    assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert!(!headers.contains_key(header::CONTENT_ENCODING));
    assert_eq!(events.next().await.as_deref(), Some("retry: 1000"));

    let (first_id, first) = events.next_tick().await;
    assert_eq!(first.as_object().unwrap().len(), 10);
    let fields: Vec<_> = first["AAPL"].as_object().unwrap().keys().cloned().collect();
    let mut expected = [
        "ticker",
        "price",
        "previous_price",
        "timestamp",
        "change",
        "change_percent",
        "direction",
        "day_change",
        "day_change_percent",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected);

    let mut last_id = first_id;
    let mut moved = false;
    for _ in 0..20 {
        let (id, tick) = events.next_tick().await;
        assert!(id > last_id);
        last_id = id;
        moved |= tick["TSLA"]["price"] != first["TSLA"]["price"];
    }
    assert!(moved, "prices move");
}

#[tokio::test]
async fn a_stream_asked_for_compressed_is_not() {
    let app = TestApp::start().await;
    let request = app.client.http.get(app.client.url("/api/stream/prices")).header(header::ACCEPT_ENCODING, "br, gzip");
    let response = request.send().await.unwrap();
    assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
}

#[tokio::test]
async fn every_listener_gets_the_same_ticks() {
    let app = TestApp::start().await;
    let listeners = futures::future::join_all((0..20).map(|_| async {
        let mut events = Events::open(&app).await;
        events.next().await;
        let mut ticks = BTreeMap::new();
        for _ in 0..15 {
            let (id, data) = events.next_tick().await;
            ticks.insert(id, data);
        }
        ticks
    }))
    .await;
    for ticks in &listeners[1..] {
        let shared = ticks.iter().filter(|(id, _)| listeners[0].contains_key(id));
        assert!(shared.clone().count() > 0);
        shared.for_each(|(id, data)| assert_eq!(data, &listeners[0][id]));
    }
}

#[tokio::test]
async fn a_slow_reader_skips_to_the_newest_tick() {
    let app = TestApp::start_with(&[("SIM_TICK_MS", "10")]).await;
    let mut slow = Events::open(&app).await;
    // More ticks pass than fit into the sockets' buffers, while nothing is read.
    let mut fast = Events::open(&app).await;
    fast.next().await;
    let (start, _) = fast.next_tick().await;
    let newest = loop {
        let (id, _) = fast.next_tick().await;
        if id > start + 400 {
            break id;
        }
    };
    slow.next().await;
    let mut ids = Vec::new();
    while ids.last().is_none_or(|id| *id < newest) {
        ids.push(slow.next_tick().await.0);
    }
    assert!(ids.is_sorted(), "never back in time");
}

#[tokio::test]
async fn readers_that_stall_hold_nobody_back_and_hold_little_memory() {
    const STALLED: u64 = 50;
    const KIB_EACH_MAX: u64 = 64;
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    let mut reading = Events { response: server.client.get("/api/stream/prices").await, buffer: String::new() };
    reading.next().await;
    let (start, _) = reading.next_tick().await;
    let before_kib = server.resident_kib();
    // Each has the head of its response and is never read again.
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        stalled.push(server.client.get("/api/stream/prices").await);
    }
    let (mut last, mut missed) = (start, 0);
    while last < start + 400 {
        let (id, _) = reading.next_tick().await;
        missed += id - last - 1;
        last = id;
    }
    let grown_kib = server.resident_kib().saturating_sub(before_kib);
    assert!(grown_kib < STALLED * KIB_EACH_MAX, "{grown_kib} KiB for {STALLED} stalled readers");
    // A busy machine may cost the reader a few ticks; blocking on the stalled ones would cost all of them.
    assert!(missed < 40, "{missed} of 400 ticks were missed");
    drop(stalled);
}

#[tokio::test]
async fn a_shutdown_ends_open_streams_with_a_last_event_and_soon() {
    let app = TestApp::start().await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut events = Events::open(&app).await;
        events.next().await;
        events.next_tick().await;
        streams.push(events);
    }
    let started = Instant::now();
    let readers = streams.into_iter().map(|mut events| async move {
        let mut last = None;
        while let Some(event) = events.next().await {
            last = Some(event);
        }
        last
    });
    let (lasts, ()) = tokio::join!(futures::future::join_all(readers), app.stop());
    assert!(started.elapsed() < Duration::from_secs(2));
    for last in lasts {
        assert!(last.unwrap().starts_with("event: done\n"));
    }
}

/// Data of the next event of a stream of compact frames, as a reader takes it.
async fn next_frame(events: &mut Events) -> String {
    let event = events.next().await.expect("a frame");
    event.split_once("\ndata: ").expect("an id and data").1.to_owned()
}

#[tokio::test]
async fn a_reader_of_compact_frames_knows_what_the_others_are_told() {
    let app = TestApp::start_with(&[("SIM_TICK_MS", "50")]).await;
    let mut compact = Events::open_with(&app, "?format=compact").await;
    let mut json = Events::open(&app).await;
    compact.next().await;
    json.next().await;
    let mut reader = CompactReader::default();
    let (mut known, mut told) = (BTreeMap::new(), BTreeMap::new());
    let mut kinds = Vec::new();
    for round in 0..60 {
        let frame = next_frame(&mut compact).await;
        kinds.push(frame.as_bytes()[0]);
        assert_eq!(reader.read(&frame), Ok(Reading::Taken));
        let id: u64 = frame[1..].split_once(' ').unwrap().0.parse().unwrap();
        known.insert(id, serde_json::to_value(reader.quotes()).unwrap());
        let (id, tick) = json.next_tick().await;
        told.insert(id, Value::Array(tick.as_object().unwrap().values().cloned().collect()));
        // Adds a ticker in between.
        if round == 30 {
            app.client.post("/api/watchlist", serde_json::json!({ "ticker": "XOM" })).await;
        }
    }
    let shared: Vec<_> = known.keys().filter(|id| told.contains_key(id)).collect();
    assert!(shared.len() > 20, "{shared:?}");
    shared.into_iter().for_each(|id| assert_eq!(known[id], told[id], "tick {id}"));
    assert_eq!(kinds[0], b'K');
    assert!(kinds[1..].contains(&b'K'), "another list of tickers");
    assert!(kinds.iter().filter(|kind| **kind == b'D').count() > 40);
}

#[rstest]
#[case::another_format("?format=xml")]
#[case::with_a_choice("?format=compact&tickers=V")]
#[case::with_changes("?format=compact&changes=only")]
#[tokio::test]
async fn formats_that_there_are_not_are_refused(#[case] query: &str) {
    let app = TestApp::start().await;
    assert_eq!(app.client.get(&format!("/api/stream/prices{query}")).await.status(), StatusCode::BAD_REQUEST);
}

/// A new connection on which `request` was sent.
async fn connect(app: &TestApp, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(app.client.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// Reads from the wire until `mark` occurs.
async fn read_until(socket: &mut TcpStream, mark: &str) -> String {
    let mut text = String::new();
    while !text.contains(mark) {
        let mut buffer = [0; 4_096];
        let length = timeout(PATIENCE, socket.read(&mut buffer)).await.expect("in time").unwrap();
        assert!(length > 0, "{text}");
        text.push_str(str::from_utf8(&buffer[..length]).unwrap());
    }
    text
}

/// Decodes a chunked body, which must be complete.
fn unchunk(mut body: &str) -> String {
    let mut text = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n").unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            assert_eq!(rest, "\r\n");
            return text;
        }
        text.push_str(&rest[..length]);
        body = rest[length..].strip_prefix("\r\n").unwrap();
    }
}

/// The ticks' ids of a complete stream: whole events with a proper beginning and end.
fn ids_of(body: &str) -> Vec<u64> {
    let mut events: Vec<&str> = body.strip_suffix("\n\n").unwrap().split("\n\n").collect();
    events.retain(|event| !event.starts_with(PING));
    assert_eq!(events.remove(0), "retry: 1000");
    assert!(events.pop().unwrap().starts_with("event: done\n"));
    let id_of = |event: &str| {
        let (id, data) = event.split_once("\ndata: ").unwrap();
        assert!(serde_json::from_str::<Value>(data).unwrap().is_object());
        id.strip_prefix("id: ").unwrap().parse().unwrap()
    };
    events.into_iter().map(id_of).collect()
}

#[rstest]
#[case::in_chunks("1.1")]
#[case::to_the_connections_end("1.0")]
#[tokio::test]
async fn a_body_is_framed_as_its_reader_s_http_has_it(#[case] version: &str) {
    let app = TestApp::start().await;
    let request = format!("GET /api/stream/prices HTTP/{version}\r\nHost: localhost\r\n\r\n");
    let mut socket = connect(&app, &request).await;
    let mut text = read_until(&mut socket, "id: ").await;
    tokio::join!(app.stop(), async { socket.read_to_string(&mut text).await.unwrap() });
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/{version} 200 OK\r\n")), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    let is_chunked = head.contains("transfer-encoding: chunked");
    assert_eq!(is_chunked, version == "1.1", "{head}");
    let ids = if is_chunked { ids_of(&unchunk(body)) } else { ids_of(body) };
    assert!(!ids.is_empty() && ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

#[tokio::test]
async fn a_connection_can_be_asked_for_other_things_before_its_stream_and_for_none_after() {
    let app = TestApp::start().await;
    let health = "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let stream = "GET /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut socket = connect(&app, health).await;
    read_until(&mut socket, "\"status\"").await;
    // All in one packet.
    socket.write_all(format!("{health}{stream}{health}").as_bytes()).await.unwrap();
    let mut text = read_until(&mut socket, "id: ").await;
    assert!(text.find("\"status\"") < text.find("retry: 1000"));
    socket.write_all(health.as_bytes()).await.unwrap();
    for _ in 0..5 {
        text.push_str(&read_until(&mut socket, "id: ").await);
    }
    tokio::join!(app.stop(), async { socket.read_to_string(&mut text).await.unwrap() });
    assert_eq!(text.matches("\"status\"").count(), 1);
    let body = &text[text.find("retry: 1000").unwrap()..];
    assert!(ids_of(&unchunk(&format!("d\r\n{body}"))).len() > 5);
}

#[tokio::test]
async fn a_stream_s_head_alone_keeps_no_place() {
    let app = TestApp::start_with(&[("SSE_MAX_TOTAL", "1")]).await;
    let mut socket = connect(&app, "HEAD /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(read_until(&mut socket, "\r\n\r\n").await.contains("text/event-stream"));
    assert_eq!(app.client.get("/api/stream/prices").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_reader_slower_than_the_ticks_gets_whole_events_and_newer_ones() {
    let app = TestApp::start_with(&[("SIM_TICK_MS", "10")]).await;
    // Fills the buffers between the two quickly.
    for letter in 'A'..='Z' {
        app.client.post("/api/watchlist", serde_json::json!({ "ticker": format!("ZZ{letter}") })).await;
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(65_536).unwrap();
    let mut socket = socket.connect(app.client.address).await.unwrap();
    socket.write_all(b"GET /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let counted = async |name: &str| -> u64 {
        let metrics = app.client.get("/metrics").await.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    let mut bytes = Vec::new();
    for _ in 0..2 {
        // It does not read until nothing more is sent…
        let mut before = None;
        eventually(PATIENCE, "the socket is full", async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let sent = counted("finally_stream_frames_sent_total").await;
            before.replace(sent) == Some(sent)
        })
        .await;
        // …and then a little at a time, until the newest tick arrives.
        let skipped = counted("finally_stream_ticks_skipped_total").await;
        while counted("finally_stream_ticks_skipped_total").await == skipped {
            let mut buffer = [0; 8_000];
            let length = timeout(PATIENCE, socket.read(&mut buffer)).await.expect("in time").unwrap();
            bytes.extend_from_slice(&buffer[..length]);
        }
    }
    tokio::join!(app.stop(), async { socket.read_to_end(&mut bytes).await.unwrap() });
    let text = String::from_utf8(bytes).unwrap();
    let ids = ids_of(&unchunk(text.split_once("\r\n\r\n").unwrap().1));
    assert!(ids.is_sorted_by(|one, next| one < next));
    let gaps = ids.windows(2).filter(|pair| pair[1] - pair[0] > 1).count();
    assert!(gaps >= 2, "{gaps} gaps in {} ticks", ids.len());
}
