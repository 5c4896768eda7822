//! The catalogue of tools, and the Model Context Protocol over it.

use finally::server::https::client_builder;
use reqwest::{Response, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{app::TestApp, guards::problem};

/// Posts a message of the protocol, as a client does.
async fn post(app: &TestApp, token: Option<&str>, message: Value) -> Response {
    let client = client_builder().build().unwrap();
    let request = client
        .post(app.client.url("/mcp"))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .json(&message);
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

/// The result of a request, or its error.
async fn ask(app: &TestApp, token: Option<&str>, method: &str, params: Value) -> Result<Value, Value> {
    let answer = post(app, token, json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })).await;
    assert_eq!(answer.status(), StatusCode::OK, "{method}");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["id"], 7);
    match answer.get("error") {
        Some(error) => Err(error.clone()),
        None => Ok(answer["result"].clone()),
    }
}

/// Calls a tool: its answer, and whether that is a refusal.
async fn call(app: &TestApp, token: Option<&str>, tool: &str, input: Value) -> (Value, bool) {
    let result = ask(app, token, "tools/call", json!({ "name": tool, "arguments": input })).await.unwrap();
    if result["isError"] == true {
        let words = result["content"][0]["text"].as_str().unwrap();
        return (serde_json::from_str(words).unwrap(), true);
    }
    (result["structuredContent"].clone(), false)
}

async fn token(app: &TestApp, scopes: &[&str]) -> String {
    let answer = app.client.post("/api/tokens", json!({ "name": "a client", "scopes": scopes })).await;
    answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_protocol_offers_the_tools_of_the_catalogue() {
    let app = TestApp::start().await;
    let client = json!({ "name": "a test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let hello = ask(&app, None, "initialize", params).await.unwrap();
    assert_eq!(hello["serverInfo"]["name"], "finally");
    for capability in ["tools", "resources", "prompts"] {
        assert!(hello["capabilities"][capability].is_object(), "{hello}");
    }
    let ready = post(&app, None, json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    assert_eq!(ready.status(), StatusCode::ACCEPTED);

    let listed = app.client.read("/api/tools").await;
    let offered = ask(&app, None, "tools/list", json!({})).await.unwrap();
    let (listed, offered) = (listed["tools"].as_array().unwrap(), offered["tools"].as_array().unwrap());
    assert_eq!(listed.len(), offered.len());
    for (listed, offered) in listed.iter().zip(offered) {
        assert_eq!(listed["name"], offered["name"]);
        assert_eq!(listed["description"], offered["description"]);
        assert_eq!(listed["input_schema"], offered["inputSchema"]);
        assert_eq!(listed["output_schema"], offered["outputSchema"]);
        assert_eq!(listed["effect"] == "read", offered["annotations"]["readOnlyHint"] == true, "{}", listed["name"]);
    }
}

#[tokio::test]
async fn every_reading_tool_answers() {
    let app = TestApp::start().await;
    assert_eq!(app.client.trade("buy", 2.0, "NVDA").await.0, StatusCode::OK);
    let order = json!({ "ticker": "NVDA", "side": "sell", "type": "stop", "quantity": 1, "stop_price": 1 });
    let (placed, is_refused) = call(&app, None, "place_order", order.clone()).await;
    assert!(!is_refused, "{placed}");
    for (tool, input, field) in [
        ("get_portfolio", json!({}), "positions"),
        ("list_trades", json!({ "limit": 5 }), "trades"),
        ("get_value_history", json!({ "range": "1h" }), "snapshots"),
        ("list_orders", json!({ "status": "open" }), "orders"),
        ("get_order", json!({ "id": placed["id"] }), "status"),
        ("preview_order", order, "estimated_price"),
        ("get_quote", json!({ "ticker": "xom" }), "price"),
        ("get_candles", json!({ "ticker": "NVDA", "interval": "1d", "limit": 20 }), "candles"),
        ("get_indicator", json!({ "ticker": "NVDA", "study": "low", "period": 20 }), "value"),
        ("get_market", json!({}), "session"),
        ("get_watchlist", json!({}), "tickers"),
        ("list_alerts", json!({}), "alerts"),
        ("list_alert_firings", json!({}), "firings"),
        ("get_performance", json!({ "range": "1m" }), "figures"),
        ("list_performance_days", json!({}), "days"),
        ("list_lots", json!({ "method": "fifo" }), "open"),
        ("list_flows", json!({}), "flows"),
        ("list_corporate_actions", json!({}), "corporate_actions"),
        ("search_library", json!({ "q": "revenue" }), "hits"),
        ("list_documents", json!({}), "documents"),
    ] {
        let (answer, is_refused) = call(&app, None, tool, input).await;
        assert!(!is_refused, "{tool}: {answer}");
        assert!(answer.get(field).is_some(), "{tool} has no {field}: {answer}");
    }
}

#[tokio::test]
async fn a_client_trades_within_its_token_s_scopes_and_no_further() {
    let app = TestApp::start().await;
    let (reader, trader) = (token(&app, &["read"]).await, token(&app, &["read", "trade"]).await);
    let order =
        json!({ "ticker": "NVDA", "side": "buy", "type": "market", "quantity": 1, "client_order_id": "mine-1" });
    let (refusal, is_refused) = call(&app, Some(&reader), "place_order", order.clone()).await;
    assert_eq!((is_refused, &refusal["code"]), (true, &json!("not_allowed")));
    assert_eq!(app.client.portfolio().await["positions"], json!([]));
    assert!(!call(&app, Some(&reader), "get_portfolio", json!({})).await.1);

    for _ in 0..2 {
        let (order, is_refused) = call(&app, Some(&trader), "place_order", order.clone()).await;
        assert_eq!((is_refused, &order["status"]), (false, &json!("filled")));
    }
    assert_eq!(app.client.portfolio().await["positions"][0]["quantity"], 1.0, "the same id trades once");

    let stranger = post(&app, Some("fin_0"), json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).await;
    assert_eq!(problem(stranger).await, (StatusCode::UNAUTHORIZED, "token_invalid".to_owned()));
}

#[rstest]
#[case::no_cash("place_order", json!({ "ticker": "NVDA", "side": "buy", "type": "market", "quantity": 100_000 }), "insufficient_cash")]
#[case::absurd("place_order", json!({ "ticker": "NVDA", "side": "buy", "type": "market", "quantity": -1 }), "invalid_quantity")]
#[case::nothing("place_order", json!({}), "missing_field")]
#[case::unknown_field("place_order", json!({ "ticker": "NVDA", "side": "buy", "type": "market", "quantity": 1, "account": "other" }), "malformed_json")]
#[case::no_ticker("get_quote", json!({}), "missing_field")]
#[case::bad_ticker("get_quote", json!({ "ticker": "../portfolio" }), "invalid_ticker")]
#[case::not_a_text("get_quote", json!({ "ticker": ["NVDA"] }), "invalid_parameter")]
#[case::extra("get_portfolio", json!({ "account": "other" }), "malformed_json")]
#[case::path_in_an_id("get_order", json!({ "id": "../../portfolio/reset" }), "unknown_order")]
#[case::no_id("cancel_order", json!({ "id": "" }), "missing_field")]
#[case::up_in_an_id("cancel_order", json!({ "id": ".." }), "unknown_order")]
#[case::here_in_an_id("cancel_order", json!({ "id": "." }), "unknown_order")]
#[case::two_in_an_id("cancel_order", json!({ "id": "?ticker=NVDA" }), "unknown_order")]
#[case::unknown_order("cancel_order", json!({ "id": "00000000-0000-0000-0000-000000000000" }), "unknown_order")]
#[case::unknown_study("get_indicator", json!({ "ticker": "NVDA", "study": "magic" }), "invalid_parameter")]
#[case::long_period("get_indicator", json!({ "ticker": "NVDA", "study": "sma", "period": 251 }), "invalid_parameter")]
#[tokio::test]
async fn a_bad_call_is_refused_with_its_reason_and_changes_nothing(
    #[case] tool: &str,
    #[case] input: Value,
    #[case] code: &str,
) {
    let app = TestApp::start().await;
    let (refusal, is_refused) = call(&app, None, tool, input).await;
    assert_eq!((is_refused, &refusal["code"]), (true, &json!(code)), "{refusal}");
    assert!(refusal["detail"].as_str().unwrap().len() > 10);
    let portfolio = app.client.portfolio().await;
    assert_eq!((&portfolio["cash_balance"], &portfolio["positions"]), (&json!(10_000.0), &json!([])));
}

#[tokio::test]
async fn resources_and_prompts_are_read() {
    let app = TestApp::start().await;
    let listed = ask(&app, None, "resources/list", json!({})).await.unwrap();
    for resource in listed["resources"].as_array().unwrap() {
        let read = ask(&app, None, "resources/read", json!({ "uri": resource["uri"] })).await.unwrap();
        let text = read["contents"][0]["text"].as_str().unwrap();
        assert!(serde_json::from_str::<Value>(text).unwrap().is_object(), "{resource}");
    }
    assert!(ask(&app, None, "resources/read", json!({ "uri": "finally://nowhere" })).await.is_err());
    let prompts = ask(&app, None, "prompts/list", json!({})).await.unwrap();
    assert!(prompts["prompts"].as_array().unwrap().len() >= 4);
    let params = json!({ "name": "plan_trade", "arguments": { "ticker": "NVDA" } });
    let prompt = ask(&app, None, "prompts/get", params).await.unwrap();
    assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("NVDA"));
    assert!(ask(&app, None, "prompts/get", json!({ "name": "plan_trade" })).await.is_err());
    assert!(ask(&app, None, "tools/call", json!({ "name": "sell_everything" })).await.is_err());
}

#[tokio::test]
async fn a_page_of_another_site_reaches_no_tool() {
    let app = TestApp::start().await;
    let client = client_builder().build().unwrap();
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let request = client.post(app.client.url("/mcp")).header("origin", "https://evil.example").json(&message);
    assert_eq!(problem(request.send().await.unwrap()).await, (StatusCode::FORBIDDEN, "cross_site".to_owned()));
}
