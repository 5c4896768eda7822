//! Failures of a model's server: each fault has its status and code, is recorded, and trades nothing.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::Row;

use super::{KEY, ask, body, buys, completion, count, messages, reply, rows, say, says, start, start_with, trades};
use crate::{
    app::TestProcess,
    scripted::{Reply, ScriptedServer},
};

/// A response of status 200 in which the server, or its provider, reports a failure.
fn error_inside(error: Value) -> Reply {
    Reply::json(&json!({ "error": error }))
}

/// The valid part of an invalid reply, which would buy.
const SPOILT: &str = r#""trades":[{"ticker":"AAPL","side":"buy","quantity":1}]"#;

fn spoilt(how: &str) -> Reply {
    completion(how.replace("TRADES", SPOILT))
}

#[rstest]
#[case::key(|| Reply::text(401, KEY), 502, "llm_unavailable", "OPENROUTER_API_KEY")]
#[case::forbidden(|| Reply::text(403, KEY), 502, "llm_unavailable", "OPENROUTER_API_KEY")]
#[case::credit(|| Reply::text(402, "{}"), 502, "llm_unavailable", "credit")]
#[case::bad_request(|| Reply::text(400, r#"{"error":"canary"}"#), 502, "llm_unavailable", "LLM_MODEL")]
#[case::no_such_model(|| Reply::text(404, "{}"), 502, "llm_unavailable", "LLM_MODEL")]
#[case::unprocessable(|| Reply::text(422, "{}"), 502, "llm_unavailable", "LLM_MODEL")]
#[case::redirect(|| Reply::text(302, "").with_header("location", "http://127.0.0.1:1/"), 502, "llm_unavailable", "302")]
#[case::too_many(|| Reply::text(429, "{}"), 502, "llm_unavailable", "429")]
#[case::too_many_for_long(|| Reply::text(429, "{}").with_header("retry-after", "3600"), 502, "llm_unavailable", "429")]
#[case::server_error(|| Reply::text(500, "{}"), 502, "llm_unavailable", "500")]
#[case::bad_gateway(|| Reply::text(502, "<html>"), 502, "llm_unavailable", "502")]
#[case::unavailable(|| Reply::text(503, ""), 502, "llm_unavailable", "503")]
#[case::overloaded(|| Reply::text(529, ""), 502, "llm_unavailable", "529")]
#[case::error_in_a_success(|| error_inside(json!({ "code": 429, "message": "canary" })), 502, "llm_unavailable", "429")]
#[case::error_with_a_word(|| error_inside(json!({ "code": "boom", "message": "canary" })), 502, "llm_unavailable", "502")]
#[case::error_of_the_provider(|| Reply::json(&json!({ "choices": [{ "error": { "code": 503 } }] })), 502, "llm_unavailable", "503")]
#[case::key_in_a_success(|| error_inside(json!({ "code": 401, "message": KEY })), 502, "llm_unavailable", "OPENROUTER_API_KEY")]
#[case::context(|| Reply::text(400, r#"{"error":{"code":"context_length_exceeded"}}"#), 502, "llm_unavailable", "LLM_CONTEXT_TOKENS")]
#[case::markup(|| Reply::text(200, "<html>login</html>"), 502, "llm_unavailable", "documented form")]
#[case::empty_body(|| Reply::text(200, ""), 502, "llm_unavailable", "documented form")]
#[case::no_choices(|| Reply::json(&json!({ "choices": [] })), 502, "llm_unavailable", "documented form")]
#[case::cut(|| Reply::Cut, 502, "llm_unavailable", "reached")]
#[case::closed(|| Reply::Raw(Vec::new()), 502, "llm_unavailable", "reached")]
#[case::not_http(|| Reply::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()), 502, "llm_unavailable", "reached")]
#[case::stall(|| Reply::Stall, 504, "llm_timeout", "2 s")]
#[case::stall_in_the_body(|| Reply::Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()), 502, "llm_unavailable", "reached")]
#[case::nothing_written(|| Reply::json(&json!({ "choices": [{ "message": { "content": null } }] })), 502, "llm_invalid_reply", "understood")]
#[case::empty_reply(|| completion(""), 502, "llm_invalid_reply", "understood")]
#[case::prose(|| completion("I bought 10 shares of AAPL for you!"), 502, "llm_invalid_reply", "understood")]
#[case::cut_off(|| spoilt(r#"{"message":"Buying",TRADES"#), 502, "llm_invalid_reply", "understood")]
#[case::unknown_field(|| spoilt(r#"{"message":"Buying",TRADES,"account":"other"}"#), 502, "llm_invalid_reply", "understood")]
#[case::duplicate_keys(|| spoilt(r#"{"message":"Buying",TRADES,TRADES}"#), 502, "llm_invalid_reply", "understood")]
#[case::two_answers(|| spoilt(r#"{"message":"Buying",TRADES} {"message":"Or not"}"#), 502, "llm_invalid_reply", "understood")]
#[case::broken_in_prose(|| spoilt(r#"Sure: {"message":"Buying",TRADES Done!"#), 502, "llm_invalid_reply", "understood")]
#[case::thoughts_alone(|| spoilt(r#"<think>{"message":"Buying",TRADES}</think>"#), 502, "llm_invalid_reply", "understood")]
#[case::unknown_field_of_a_trade(|| completion(r#"{"message":"Buying","trades":[{"ticker":"AAPL","side":"buy","quantity":1,"price":1}]}"#), 502, "llm_invalid_reply", "understood")]
#[case::out_of_tokens(|| Reply::json(&json!({ "choices": [{ "message": { "content": null }, "finish_reason": "length" }] })), 502, "llm_invalid_reply", "LLM_MAX_TOKENS")]
#[case::nan(|| completion(r#"{"message":"Buying","trades":[{"ticker":"AAPL","side":"buy","quantity":NaN}]}"#), 502, "llm_invalid_reply", "understood")]
#[case::ten_megabytes(|| Reply::text(200, format!(r#"{{"choices":[{{"message":{{"content":"{}"}}}}]}}"#, "x".repeat(10_000_000))), 502, "llm_invalid_reply", "understood")]
#[tokio::test]
async fn a_fault_has_its_code_is_recorded_and_trades_nothing(
    #[case] fault: fn() -> Reply,
    #[case] status: u16,
    #[case] code: &str,
    #[case] words: &str,
) {
    let model = ScriptedServer::start(move |_| fault()).await;
    let app = start(&model).await;
    let (answered, problem) = say(&app.client, "Buy 1 AAPL").await;
    assert_eq!((answered.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
    assert!(!problem.to_string().contains("canary"), "nothing that the server sent is passed on");

    let messages = messages(&app.client).await;
    assert_eq!((messages.len(), &messages[0]["message"]), (2, &json!("Buy 1 AAPL")));
    assert_eq!((&messages[1]["failure"], &messages[1]["message"]), (&json!(code), &json!(detail)));
    assert_eq!((&messages[1]["role"], &messages[1]["trades"]), (&json!("assistant"), &json!([])));
    let recorded = rows(&app.database(), "SELECT failure, model FROM chat_messages WHERE role = 'assistant'").await;
    assert_eq!(recorded[0].get::<String, _>(0), code);
    assert!(trades(&app.client).await.is_empty());
    assert_eq!(app.client.portfolio().await["cash_balance"], 10000.0);

    // The next message is answered normally.
    model.play(|_| reply(&says("Here again.")));
    assert_eq!(ask(&app.client, "Hello?").await["message"], "Here again.");
    let roles: Vec<_> = body(model.requests().last().unwrap())["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].clone())
        .collect();
    assert_eq!(roles, ["system", "user"], "a turn that failed is not part of the conversation");
}

#[rstest]
#[case::too_many(|| Reply::text(429, "").with_header("retry-after", "1"), 900)]
#[case::too_many_in_a_success(|| error_inside(json!({ "code": 429 })).with_header("retry-after", "1"), 900)]
#[case::unavailable(|| Reply::text(503, ""), 400)]
#[case::cut(|| Reply::Cut, 400)]
#[case::markup(|| Reply::text(200, "<html>"), 400)]
#[tokio::test]
async fn what_may_pass_is_tried_again(#[case] fault: fn() -> Reply, #[case] wait_ms: u64) {
    let mut is_first = true;
    let model =
        ScriptedServer::start(move |_| if std::mem::take(&mut is_first) { fault() } else { reply(&buys(1.0, "V")) })
            .await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "10")]).await;
    assert_eq!(ask(&app.client, "Buy 1 V").await["trades"][0]["status"], "executed");
    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(wait_ms));
    assert_eq!(trades(&app.client).await.len(), 1);
}

#[tokio::test]
async fn a_wait_that_would_be_in_vain_is_not_begun() {
    let model = ScriptedServer::start(|_| Reply::text(429, "").with_header("retry-after", "60")).await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "20")]).await;
    let started = Instant::now();
    assert_eq!(say(&app.client, "Hello").await.1["code"], "llm_unavailable");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(model.requests().len(), 1);
}

#[rstest]
#[case::prose("Sure! I'll buy that.", "not the JSON object")]
#[case::negative(
    r#"{"message":"Buying","trades":[{"ticker":"AAPL","side":"buy","quantity":-5}]}"#,
    "trades[0].quantity"
)]
#[case::empty("", "empty")]
#[tokio::test]
async fn a_reply_that_is_none_is_sent_back_once_with_the_reason(#[case] first: &'static str, #[case] reason: &str) {
    let mut is_first = true;
    let model =
        ScriptedServer::start(
            move |_| {
                if std::mem::take(&mut is_first) { completion(first) } else { reply(&buys(1.0, "V")) }
            },
        )
        .await;
    let app = start(&model).await;
    assert_eq!(ask(&app.client, "Buy 1 V").await["trades"][0]["status"], "executed");
    assert_eq!(trades(&app.client).await.len(), 1);
    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    let repeated = body(&requests[1]);
    let messages = repeated["messages"].as_array().unwrap();
    let [.., quoted, correction] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(quoted["role"], "assistant");
    assert!(correction["content"].as_str().unwrap().contains(reason), "{correction}");
    let tokens = rows(&app.database(), "SELECT prompt_tokens FROM chat_messages WHERE role = 'assistant'").await;
    assert_eq!(tokens[0].get::<i64, _>(0), 1_800, "both requests are counted");
}

#[tokio::test]
async fn a_prompt_that_is_too_long_for_the_model_is_shortened() {
    let model = ScriptedServer::start(|_| reply(&says(&"word ".repeat(100)))).await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "10")]).await;
    for number in 0..6 {
        ask(&app.client, &format!("question {number}")).await;
    }
    let long = model.requests().last().unwrap().body.len();
    model.play(move |request| {
        if request.body.len() * 10 > long * 8 {
            return Reply::text(400, r#"{"error":{"message":"This model's maximum context length is 4096 tokens"}}"#);
        }
        reply(&says("Shorter."))
    });
    assert_eq!(ask(&app.client, "And now?").await["message"], "Shorter.");
    let last = body(model.requests().last().unwrap());
    let last = last["messages"].as_array().unwrap().last().unwrap().to_string();
    assert!(last.contains("And now?"), "{last}");
}

#[tokio::test]
async fn nobody_is_there() {
    let model = ScriptedServer::start(|_| Reply::Stall).await;
    let address = model.url();
    drop(model);
    let app = crate::app::TestApp::start_with(&[
        ("LLM_MOCK", "false"),
        ("LLM_BASE_URL", &address),
        ("LLM_TIMEOUT_SECONDS", "2"),
    ])
    .await;
    let (status, problem) = say(&app.client, "Hello").await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_GATEWAY, &json!("llm_unavailable")));
    assert!(!problem.to_string().contains("127.0.0.1"), "no address is told");
}

#[tokio::test]
async fn the_key_shows_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let model =
        ScriptedServer::start(|_| Reply::text(401, format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#))).await;
    let url = model.url();
    let variables =
        [("LLM_MOCK", "false"), ("LLM_BASE_URL", url.as_str()), ("OPENROUTER_API_KEY", KEY), ("RUST_LOG", "debug")];
    let process = TestProcess::start_with(folder.path(), &variables).await;
    let client = process.client.clone();
    assert_eq!(say(&client, "Hello").await.1["code"], "llm_unavailable");
    model.play(|_| completion(format!("the key is {KEY}")));
    assert_eq!(say(&client, "Again").await.1["code"], "llm_invalid_reply");
    assert!(model.requests()[0].headers["authorization"].contains(KEY), "it was sent");
    for path in ["/", "/api/health", "/api/openapi.json", "/metrics", "/api/chat", "/api/portfolio"] {
        assert!(!client.get(path).await.text().await.unwrap().contains(KEY), "{path}");
    }
    let log = process.terminate_and_read_log().await;
    assert!(log.contains("the model's server refused the key"), "the failure is logged: {log}");
    assert!(!log.contains(KEY), "{log}");
    // The model's text is stored as received, even if it contained a guessed key; nothing else contains it.
    let database = folder.path().join("db/finally.db");
    assert_eq!(count(&database, "SELECT COUNT(*) FROM chat_messages WHERE message LIKE '%canary%'").await, 0);
}
