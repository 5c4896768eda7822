//! Malformed requests: each gets its 4xx, as problem details, and has no effect.

use finally::api::{LoadAccount, LoadCandles, LoadTrades, PlaceOrder, SetAutonomy};
use leptos::server_fn::ServerFn;
use reqwest::{Method, StatusCode, header};
use rstest::rstest;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::app::TestApp;

#[rstest]
#[case::not_json("buy 10 AAPL", 400, "malformed_json")]
#[case::array("[]", 400, "malformed_json")]
#[case::nan(r#"{"ticker":"AAPL","side":"buy","quantity":NaN}"#, 400, "malformed_json")]
#[case::infinity(r#"{"ticker":"AAPL","side":"buy","quantity":Infinity}"#, 400, "malformed_json")]
#[case::twice(r#"{"ticker":"AAPL","ticker":"V","side":"buy","quantity":1}"#, 400, "malformed_json")]
#[case::unknown(r#"{"ticker":"AAPL","side":"buy","quantity":1,"account":"other"}"#, 400, "malformed_json")]
#[case::own_price(r#"{"ticker":"AAPL","side":"buy","quantity":1,"price":0.01}"#, 400, "malformed_json")]
#[case::missing(r#"{"ticker":"AAPL","side":"buy"}"#, 400, "missing_field")]
#[case::ticker(r#"{"ticker":"'; DROP TABLE trades","side":"buy","quantity":1}"#, 400, "invalid_ticker")]
#[case::side(r#"{"ticker":"AAPL","side":"short","quantity":1}"#, 400, "invalid_side")]
#[case::negative(r#"{"ticker":"AAPL","side":"buy","quantity":-5}"#, 400, "invalid_quantity")]
#[case::zero(r#"{"ticker":"AAPL","side":"buy","quantity":0.0}"#, 400, "invalid_quantity")]
#[case::overflow(r#"{"ticker":"AAPL","side":"buy","quantity":1e308}"#, 400, "invalid_quantity")]
#[case::decimals(r#"{"ticker":"AAPL","side":"buy","quantity":0.1234567}"#, 400, "invalid_quantity")]
#[tokio::test]
async fn a_hostile_order_gets_its_code(#[case] body: &'static str, #[case] status: u16, #[case] code: &str) {
    let app = TestApp::start().await;
    let request = app.client.http.post(app.client.url("/api/portfolio/trade"));
    let response = request.header(header::CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = response.json().await.unwrap();
    assert_eq!((problem["code"].as_str(), problem["status"].as_u64()), (Some(code), Some(u64::from(status))));
    assert_eq!(problem["request_id"], id);
    for field in ["type", "title", "detail"] {
        assert!(!problem[field].as_str().unwrap().is_empty(), "{field}");
    }
    assert_eq!(app.client.portfolio().await["total_value"], 10000.0);
}

#[tokio::test]
async fn a_body_of_another_kind_or_size_is_refused() {
    let app = TestApp::start().await;
    let url = app.client.url("/api/portfolio/trade");
    let send = |media_type: &'static str, body: String| {
        let request = app.client.http.post(&url).header(header::CONTENT_TYPE, media_type).body(body);
        async move {
            let response = request.send().await.unwrap();
            (response.status(), response.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned())
        }
    };
    let form = send("application/x-www-form-urlencoded", "ticker=AAPL".to_owned()).await;
    assert_eq!(form, (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type".to_owned()));
    let large = send("application/json", format!(r#"{{"ticker":"{}"}}"#, "A".repeat(70_000))).await;
    assert_eq!(large, (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large".to_owned()));
}

/// The page reads the same problems as a script.
#[rstest]
#[case::not_json(PlaceOrder::PATH, "buy 10 AAPL", 400, "malformed_json")]
#[case::nothing(PlaceOrder::PATH, "", 400, "malformed_json")]
#[case::no_argument(LoadCandles::PATH, "{}", 400, "malformed_json")]
#[case::wrong_type(LoadTrades::PATH, r#"{"limit":"many","before":null}"#, 400, "malformed_json")]
#[case::negative(LoadTrades::PATH, r#"{"limit":-1,"before":null}"#, 400, "malformed_json")]
#[case::no_ticker(LoadCandles::PATH, r#"{"ticker":"'; DROP","interval":"1m","since":null}"#, 400, "malformed_json")]
#[case::no_word(SetAutonomy::PATH, r#"{"autonomy":"reckless"}"#, 400, "malformed_json")]
#[case::no_such_trade(LoadTrades::PATH, r#"{"limit":1,"before":"nothing"}"#, 400, "invalid_parameter")]
#[tokio::test]
async fn a_server_function_s_bad_arguments_are_a_problem_in_words(
    #[case] path: &str,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let app = TestApp::start().await;
    let request = app.client.http.post(app.client.url(path)).header(header::CONTENT_TYPE, "application/json");
    let response = request.body(body).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.status().as_u16(), status);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], code, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.ends_with('.') && !detail.contains("server's answer"), "{detail}");
}

#[tokio::test]
async fn a_server_function_s_body_has_the_bound_of_all_others() {
    let app = TestApp::start().await;
    for path in [PlaceOrder::PATH, LoadAccount::PATH] {
        let request = app.client.http.post(app.client.url(path)).header(header::CONTENT_TYPE, "application/json");
        let response = request.body(format!(r#"{{"order":"{}"}}"#, "A".repeat(70_000))).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "body_too_large", "{path}");
    }
}

#[rstest]
#[case::unknown_path(Method::GET, "/api/nothing", 404, "not_found")]
#[case::unknown_deep_path(Method::POST, "/api/portfolio/trade/again", 404, "not_found")]
#[case::bare_api(Method::GET, "/api", 404, "not_found")]
#[case::api_and_slash(Method::GET, "/api/", 404, "not_found")]
#[case::unknown_function(Method::POST, "/api/fn/nothing", 404, "not_found")]
#[case::wrong_method(Method::DELETE, "/api/portfolio", 405, "method_not_allowed")]
#[case::read_of_a_write(Method::GET, "/api/portfolio/trade", 405, "method_not_allowed")]
#[tokio::test]
async fn an_address_that_is_not_there_answers_a_problem(
    #[case] method: Method,
    #[case] path: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let app = TestApp::start().await;
    let response = app.client.http.request(method, app.client.url(path)).send().await.unwrap();
    assert_eq!(response.status().as_u16(), status);
    let is_wrong_method = status == 405;
    assert_eq!(response.headers().contains_key(header::ALLOW), is_wrong_method);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], code);
    assert_eq!(problem["detail"].as_str().unwrap().contains("it answers "), is_wrong_method);
}

#[rstest]
#[case::half_a_letter(Method::GET, "/api/prices/%FF/candles", "invalid_ticker")]
#[case::overlong_form(Method::GET, "/api/prices/%C0%AF/candles", "invalid_ticker")]
#[case::surrogate(Method::DELETE, "/api/watchlist/%ED%A0%80", "invalid_ticker")]
#[case::no_hexadecimal(Method::DELETE, "/api/watchlist/%G1", "invalid_ticker")]
#[case::cut_off(Method::GET, "/api/prices/AAPL%/candles", "invalid_ticker")]
#[case::zero_byte(Method::DELETE, "/api/watchlist/V%00", "invalid_ticker")]
#[case::slash(Method::GET, "/api/prices/V%2FV/candles", "invalid_ticker")]
#[case::query(Method::GET, "/api/prices/AAPL/candles?interval=%FF", "invalid_parameter")]
#[case::parameter_twice(Method::GET, "/api/prices/AAPL/candles?limit=1&limit=2", "invalid_parameter")]
#[case::unknown_parameter(Method::GET, "/api/portfolio/trades?%FF=1", "invalid_parameter")]
#[case::limit(Method::GET, "/api/chat?limit=%00", "invalid_parameter")]
#[case::range(Method::GET, "/api/portfolio/history?range=%E0%80", "invalid_parameter")]
#[case::stream(Method::GET, "/api/stream/prices?tickers=%FF", "invalid_ticker")]
#[tokio::test]
async fn an_address_that_is_no_text_answers_a_problem(#[case] method: Method, #[case] path: &str, #[case] code: &str) {
    let app = TestApp::start().await;
    // Written by hand: a client would normalise the address.
    let mut socket = TcpStream::connect(app.client.address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 ") && head.contains("application/problem+json"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["code"], code);
}

#[rstest]
#[case::a_long_address(format!("GET /api/prices/{}/candles HTTP/1.1\r\nHost: localhost", "A".repeat(20_000)), 431, "head_too_large")]
#[case::a_very_long_address(format!("GET /api/{} HTTP/1.1\r\nHost: localhost", "A".repeat(70_000)), 431, "head_too_large")]
#[case::an_address_that_fits(format!("GET /api/prices/{}/candles HTTP/1.1\r\nHost: localhost", "A".repeat(6_000)), 400, "invalid_ticker")]
#[case::no_http("remember the milk".to_owned(), 400, "invalid_parameter")]
#[case::a_header_without_a_name("GET /api/health HTTP/1.1\r\n: x\r\nHost: localhost".to_owned(), 400, "invalid_parameter")]
#[tokio::test]
async fn a_head_that_cannot_be_read_is_a_problem_too(#[case] head: String, #[case] status: u16, #[case] code: &str) {
    let app = TestApp::start().await;
    let mut socket = TcpStream::connect(app.client.address).await.unwrap();
    // The connection may be closed while a too long request is being sent.
    let _ = socket.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && head.contains("application/problem+json"), "{head}");
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], code);
    assert!(head.to_lowercase().contains(&format!("x-request-id: {}", problem["request_id"].as_str().unwrap())));
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_well_formed() {
    let app = TestApp::start().await;
    let id_for = |sent: &'static str| {
        let request = app.client.http.get(app.client.url("/api/health")).header("x-request-id", sent);
        async move { request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned() }
    };
    assert_eq!(id_for("trace-42").await, "trace-42");
    assert_ne!(id_for("two words").await, "two words");
    assert_eq!(id_for("").await.len(), 36);
}

#[tokio::test]
async fn bytes_that_are_meant_to_break_a_parser_do_not() {
    let app = TestApp::start().await;
    let order = |field: &str, value: &str| {
        let mut fields =
            vec![("ticker", r#""V""#), ("side", r#""buy""#), ("quantity", "1"), ("client_order_id", r#""a""#)];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    };
    let deep = "[".repeat(30_000);
    let text = |length: usize| format!(r#""{}""#, "A".repeat(length));
    let mut bodies = vec![
        deep.clone().into_bytes(),
        order("ticker", &format!("{deep}{}", "]".repeat(30_000))),
        order("ticker", &text(60_000)),
        order("client_order_id", &text(129)),
        b"\xff\xfe{\"ticker\":\"V\"}".to_vec(),
        b"{\"ticker\":\"\xc3\x28\",\"side\":\"buy\",\"quantity\":1}".to_vec(),
        order("quantity", "1e-9"),
        order("quantity", "1e308"),
        order("quantity", "-0"),
        order("quantity", "00001"),
        order("quantity", "1_000"),
        order("quantity", &"9".repeat(50_000)),
        order("quantity", &format!("0.{}", "0".repeat(50_000))),
    ];
    for field in ["ticker", "side", "quantity", "client_order_id"] {
        for hostile in [
            r#""' OR 1=1; DROP TABLE trades; --""#,
            r#""<script>alert(1)</script> ""#,
            r#""\u0000""#,
            r#""\ud800""#,
            r#"{"$ne":null}"#,
            "[1]",
            "true",
        ] {
            bodies.push(order(field, hostile));
        }
    }
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let request = app.client.http.post(app.client.url("/api/portfolio/trade"));
        let response = request.header(header::CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{shown}");
        let problem: Value = response.json().await.unwrap();
        assert!(!problem["detail"].as_str().unwrap().to_lowercase().contains("sql"), "{problem}");
    }
    assert_eq!(app.client.portfolio().await["total_value"], 10000.0);
}
