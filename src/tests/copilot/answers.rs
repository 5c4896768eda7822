//! Valid replies: the model's request, the executed actions, and the record.

use reqwest::{StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::Row;

use super::{
    COMPLETIONS, KEY, account_data, ask, body, buys, completion, reply, rows, say, says, start, start_answering,
    start_with, trades, watched,
};
use crate::{
    app::{TestApp, cents},
    scripted::{Reply, ScriptedServer},
};

#[tokio::test]
async fn an_answer_reads_the_account_as_it_is_now() {
    let (app, model) = start_answering(says("Here is **your** account.")).await;
    let (_, bought) = app.client.trade("buy", 2.0, "NVDA").await;
    let answer = ask(&app.client, "How am I doing?").await;
    assert_eq!((&answer["role"], &answer["message"]), (&json!("assistant"), &json!("Here is **your** account.")));
    assert_eq!((&answer["trades"], &answer["watchlist_changes"]), (&json!([]), &json!([])));
    assert!(answer["created_at"].as_str().unwrap().ends_with('Z'));

    let requests = model.requests();
    assert_eq!((requests.len(), requests[0].path.as_str(), requests[0].method.as_str()), (1, COMPLETIONS, "POST"));
    assert_eq!(requests[0].headers["authorization"], format!("Bearer {KEY}"));
    let asked = body(&requests[0]);
    assert_eq!(asked["model"], "openai/gpt-oss-120b");
    assert_eq!(asked["response_format"]["type"], "json_schema");
    assert!(asked.get("provider").is_none(), "that is for OpenRouter alone");
    let data = account_data(&requests[0]);
    assert_eq!(data["cash_balance"], bought["cash_balance"]);
    let position = &data["positions"][0];
    assert_eq!((&position["ticker"], &position["quantity"]), (&json!("NVDA"), &json!(2.0)));
    assert_eq!(data["watchlist"].as_array().unwrap().len(), 10);
    assert_eq!(data["recent_trades"][0]["ticker"], "NVDA");
    assert!(!data["equity_curve"].as_array().unwrap().is_empty());
    let total = cents(&data["cash_balance"]) + cents(&position["market_value"]);
    assert_eq!(cents(&data["total_value"]), total, "one moment");
    let user = asked["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(user, json!({ "role": "user", "content": r#"{"user_message":"How am I doing?"}"# }));
}

#[tokio::test]
async fn additions_run_first_then_trades_then_removals() {
    let content = json!({
        "message": "As you like.",
        "trades": [
            { "ticker": "XOM", "side": "buy", "quantity": 2 },
            { "ticker": "XOM", "side": "sell", "quantity": 0.5 },
            { "ticker": "V", "side": "sell", "quantity": 1 },
        ],
        "watchlist_changes": [
            { "ticker": "XOM", "action": "remove" },
            { "ticker": "XOM", "action": "add" },
            { "ticker": "KO", "action": "remove" },
        ],
    });
    let (app, _model) = start_answering(content).await;
    let answer = ask(&app.client, "Do it").await;
    let outcomes = |list: &Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|action| json!([action["ticker"], action["status"]])).collect()
    };
    assert_eq!(
        outcomes(&answer["trades"]),
        [json!(["XOM", "executed"]), json!(["XOM", "executed"]), json!(["V", "rejected"])]
    );
    assert_eq!(
        outcomes(&answer["watchlist_changes"]),
        [json!(["XOM", "executed"]), json!(["XOM", "executed"]), json!(["KO", "rejected"])]
    );
    assert_eq!(answer["watchlist_changes"][0]["action"], "add");
    assert!(answer["trades"][0]["price"].as_f64().unwrap() > 0.0);
    assert_eq!(answer["trades"][2]["error"], "Selling 1 V is not possible; you hold none.");
    assert_eq!(answer["watchlist_changes"][2]["error"], "KO is not on the watchlist.");
    assert!(!watched(&app.client).await.contains(&"XOM".to_owned()));

    let trades = trades(&app.client).await;
    assert_eq!(trades.len(), 2);
    assert!(trades.iter().all(|trade| trade["source"] == "copilot"));
    assert_eq!(trades[1]["price"], answer["trades"][0]["price"], "what it says is what it traded at");
    let linked =
        rows(&app.database(), "SELECT trade_id FROM chat_actions WHERE trade_id IS NOT NULL ORDER BY ordinal").await;
    let linked: Vec<String> = linked.iter().map(|row| row.get(0)).collect();
    assert_eq!(linked, [trades[1]["id"].as_str().unwrap(), trades[0]["id"].as_str().unwrap()]);
}

#[tokio::test]
async fn a_failure_half_way_leaves_what_ran() {
    let content = json!({ "message": "", "trades": [
        { "ticker": "V", "side": "buy", "quantity": 5 },
        { "ticker": "AAPL", "side": "buy", "quantity": 1000 },
        { "ticker": "V", "side": "sell", "quantity": 2 },
    ] });
    let (app, _model) = start_answering(content).await;
    let answer = ask(&app.client, "Go").await;
    let statuses: Vec<_> = answer["trades"].as_array().unwrap().iter().map(|trade| &trade["status"]).collect();
    assert_eq!(statuses, ["executed", "rejected", "executed"]);
    assert!(answer["trades"][1]["error"].as_str().unwrap().starts_with("Buying 1,000 AAPL costs $"));
    assert_eq!(app.client.portfolio().await["positions"][0]["quantity"], 3.0);
}

#[tokio::test]
async fn the_record_says_why_a_trade_happened() {
    let (app, _model) = start_answering(buys(2.0, "V")).await;
    ask(&app.client, "Buy two Visa").await;
    let found = rows(
        &app.database(),
        "SELECT question.message, reply.model, reply.prompt_tokens, reply.completion_tokens, reply.latency_ms,
                reply.raw_reply, trades.client_order_id, chat_actions.id
         FROM trades JOIN chat_actions ON chat_actions.trade_id = trades.id
         JOIN chat_messages AS reply ON reply.id = chat_actions.message_id
         JOIN chat_messages AS question ON question.id = reply.in_reply_to",
    )
    .await;
    let row = &found[0];
    assert_eq!(row.get::<String, _>(0), "Buy two Visa");
    assert_eq!(row.get::<String, _>(1), "scripted/model");
    assert_eq!((row.get::<i64, _>(2), row.get::<i64, _>(3)), (900, 40));
    assert!(row.get::<i64, _>(4) >= 0);
    assert_eq!(row.get::<String, _>(5), buys(2.0, "V").to_string());
    assert_eq!(row.get::<String, _>(6), format!("copilot-{}", row.get::<String, _>(7)));
}

#[rstest]
#[case::over_half(&[(30.0, "AAPL")], "A trade of the copilot may be worth at most 50 % of the total value")]
#[case::dear(&[(5.0, "V"), (1000.0, "V")], "Buying 1,000 V costs $")]
#[tokio::test]
async fn a_trade_over_the_limit_is_rejected(#[case] orders: &[(f64, &str)], #[case] reason: &str) {
    let orders: Vec<_> = orders
        .iter()
        .map(|(quantity, ticker)| json!({ "ticker": ticker, "side": "buy", "quantity": quantity }))
        .collect();
    let (app, _model) = start_answering(json!({ "message": "Buying.", "trades": orders })).await;
    // 30 shares are more than half of $10,000, and less than all of it.
    let answer = ask(&app.client, "Buy a lot").await;
    let last = answer["trades"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["status"], "rejected");
    assert!(last["error"].as_str().unwrap().starts_with(reason), "{last}");
}

#[tokio::test]
async fn trades_of_a_minute_are_added_up() {
    let model = ScriptedServer::start(|_| reply(&buys(5.0, "AAPL"))).await;
    let app = start_with(&model, &[("COPILOT_NOTIONAL_PER_MINUTE", "1500")]).await;
    let first = ask(&app.client, "Buy").await;
    assert_eq!(first["trades"][0]["status"], "executed");
    let second = ask(&app.client, "Again").await;
    let error = second["trades"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("The copilot may trade $1,500.00 a minute; $"), "{error}");
    // A person's order is not limited by it.
    assert_eq!(app.client.trade("buy", 5.0, "AAPL").await.0, StatusCode::OK);
    assert_eq!(trades(&app.client).await.len(), 2);
}

#[tokio::test]
async fn no_more_than_ten_actions_run() {
    let orders: Vec<_> = (0..14).map(|_| json!({ "ticker": "V", "side": "buy", "quantity": 0.1 })).collect();
    let (app, _model) = start_answering(json!({ "message": "Many.", "trades": orders })).await;
    let answer = ask(&app.client, "Buy many").await;
    let statuses: Vec<_> = answer["trades"].as_array().unwrap().iter().map(|trade| trade["status"].clone()).collect();
    assert_eq!(statuses.iter().filter(|status| *status == "executed").count(), 10);
    assert!(statuses[10..].iter().all(|status| status == "rejected"));
    assert_eq!(answer["trades"][13]["error"], "A reply may hold at most 10 actions; this one is beyond them.");
    assert_eq!(trades(&app.client).await.len(), 10);
}

#[rstest]
#[case::fence(|| completion("```json\n{\"message\":\"Hi\"}\n```"), "Hi")]
#[case::refusal(|| Reply::json(&json!({ "choices": [{ "message": { "content": null, "refusal": "I cannot help with that." } }] })), "I cannot help with that.")]
#[case::no_usage(|| Reply::json(&json!({ "choices": [{ "message": { "content": "{\"message\":\"Hi\"}" } }] })), "Hi")]
#[tokio::test]
async fn an_unusual_answer_is_one_all_the_same(#[case] answer: fn() -> Reply, #[case] message: &str) {
    let model = ScriptedServer::start(move |_| answer()).await;
    let app = start(&model).await;
    assert_eq!(ask(&app.client, "Hello").await["message"], message);
    assert_eq!(model.requests().len(), 1);
}

#[rstest]
#[case::as_a_bad_request(400, r#"{"error":{"message":"json_schema is not supported"}}"#)]
#[case::as_unprocessable(422, "{}")]
#[case::as_llama_cpp_python(500, r#"{"error":{"message":"{'loc': ('body', 'response_format', 'type')}"}}"#)]
#[tokio::test]
async fn a_server_that_refuses_the_schema_is_asked_in_another_way_from_then_on(
    #[case] status: u16,
    #[case] refusal: &'static str,
) {
    let model = ScriptedServer::start(move |request| match body(request)["response_format"]["type"].as_str() {
        Some("json_schema") => Reply::text(status, refusal),
        _ => reply(&says("Hi")),
    })
    .await;
    let app = start(&model).await;
    ask(&app.client, "Hello").await;
    ask(&app.client, "Again").await;
    let formats: Vec<_> =
        model.requests().iter().map(|request| body(request)["response_format"]["type"].clone()).collect();
    assert_eq!(formats, ["json_schema", "json_object", "json_object"]);
    assert!(body(&model.requests()[1])["response_format"]["schema"]["properties"]["message"].is_object());
}

#[rstest]
#[case::schema("json_schema")]
#[case::object("json_object")]
#[tokio::test]
async fn a_set_format_is_kept_to(#[case] format: &str) {
    let model = ScriptedServer::start(|_| Reply::text(400, "{}")).await;
    let app = start_with(&model, &[("LLM_RESPONSE_FORMAT", format)]).await;
    assert_eq!(say(&app.client, "Hello").await.1["code"], "llm_unavailable");
    let formats: Vec<_> =
        model.requests().iter().map(|request| body(request)["response_format"]["type"].clone()).collect();
    assert_eq!(formats, [format]);
}

#[tokio::test]
async fn a_local_model_needs_no_key() {
    let model = ScriptedServer::start(|_| reply(&says("Hi"))).await;
    let app = start_with(&model, &[("OPENROUTER_API_KEY", "")]).await;
    assert_eq!(app.client.read("/api/health").await["copilot"], "ready");
    ask(&app.client, "Hello").await;
    assert!(!model.requests()[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_copilot_that_is_off_says_so_and_the_rest_works() {
    let app = TestApp::start_with(&[("COPILOT", "off")]).await;
    assert_eq!(app.client.read("/api/health").await["copilot"], "off");
    let (status, problem) = say(&app.client, "Hello").await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("llm_not_configured")));
    assert!(problem["detail"].as_str().unwrap().contains("COPILOT"));
    assert_eq!(app.client.read("/api/chat").await, json!({ "messages": [], "next_before": null }));
    assert_eq!(app.client.trade("buy", 1.0, "V").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_mock_trades_watches_and_tells_the_total() {
    let app = TestApp::start().await;
    let answer = ask(&app.client, "Buy 5 AAPL, watch XOM and unwatch NFLX").await;
    assert_eq!((&answer["trades"][0]["status"], &answer["trades"][0]["quantity"]), (&json!("executed"), &json!(5.0)));
    let changes = answer["watchlist_changes"].as_array().unwrap();
    assert!(changes.iter().all(|change| change["status"] == "executed"), "{changes:?}");
    let watched = watched(&app.client).await;
    assert!(watched.contains(&"XOM".to_owned()) && !watched.contains(&"NFLX".to_owned()));
    assert_eq!(app.client.portfolio().await["positions"][0]["quantity"], 5.0);
    let told = ask(&app.client, "How is it going?").await;
    assert!(told["message"].as_str().unwrap().starts_with("Your portfolio is worth $"), "{told}");
}

#[tokio::test]
async fn the_mock_trades_a_ticker_that_it_adds_in_the_same_reply() {
    let app = TestApp::start().await;
    let answer = ask(&app.client, "add KO and buy 3 KO").await;
    assert_eq!(answer["trades"][0]["status"], "executed", "{answer}");
}

#[rstest]
#[case::empty(json!({ "message": "" }), "invalid_message")]
#[case::blank(json!({ "message": " \n " }), "invalid_message")]
#[case::too_long(json!({ "message": "x".repeat(4_001) }), "invalid_message")]
#[case::another_type(json!({ "message": 5 }), "invalid_message")]
#[case::missing(json!({}), "missing_field")]
#[case::null(json!({ "message": null }), "missing_field")]
#[case::unknown(json!({ "message": "Hi", "autonomy": "auto" }), "malformed_json")]
#[case::id(json!({ "message": "Hi", "client_message_id": "a b" }), "invalid_parameter")]
#[case::id_of_another_type(json!({ "message": "Hi", "client_message_id": 7 }), "invalid_parameter")]
#[tokio::test]
async fn a_message_that_is_none_is_refused(#[case] message: Value, #[case] code: &str) {
    let app = TestApp::start().await;
    let response = app.client.post("/api/chat", message).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.json::<Value>().await.unwrap()["code"], code);
    assert_eq!(super::messages(&app.client).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_longest_message_is_answered() {
    let app = TestApp::start().await;
    ask(&app.client, &"é".repeat(4_000)).await;
}
