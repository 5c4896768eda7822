//! Realistic model servers: unsupported parameters, slow responses and other formats, models that reason too long or
//! are still being loaded.

use std::time::{Duration, Instant};

use finally::api::LoadNotice;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{ask, body, buys, call, completion, messages, reply, say, says, start, start_with, trades};
use crate::{
    app::TestProcess,
    scripted::{Reply, Request, ScriptedServer, eventually},
};

/// A server that reports these parameters as unsupported.
fn picky(refused: &'static [&'static str], status: u16) -> impl FnMut(&Request) -> Reply + Send + 'static {
    move |request| {
        let sent = body(request);
        match refused.iter().find(|name| sent.get(**name).is_some()) {
            Some(name) => Reply::text(
                status,
                json!({ "error": { "message": format!("Unsupported parameter: '{name}'."), "param": name } })
                    .to_string(),
            ),
            None => reply(&says("Hi")),
        }
    }
}

#[rstest]
#[case::room(&["max_tokens"], 400, 2)]
#[case::room_by_both_names(&["max_tokens", "max_completion_tokens"], 422, 2)]
#[case::temperature(&["temperature"], 400, 2)]
#[case::format(&["response_format"], 400, 3)]
#[case::everything(&["response_format", "temperature", "max_tokens"], 422, 5)]
#[tokio::test]
async fn a_parameter_that_is_refused_by_name_is_left_out_from_then_on(
    #[case] refused: &'static [&'static str],
    #[case] status: u16,
    #[case] requests: usize,
) {
    let model = ScriptedServer::start(picky(refused, status)).await;
    let app = start(&model).await;
    assert_eq!(ask(&app.client, "Hello").await["message"], "Hi");
    assert_eq!(model.requests().len(), requests);
    ask(&app.client, "Again").await;
    assert_eq!(model.requests().len(), requests + 1, "it is remembered");
    let sent = body(model.requests().last().unwrap());
    assert!(refused.iter().all(|name| sent.get(*name).is_none()), "{sent}");
    assert_eq!(sent.get("temperature").is_some(), !refused.contains(&"temperature"), "the others stay");
}

#[tokio::test]
async fn a_bound_that_has_another_name_is_sent_under_that() {
    let model = ScriptedServer::start(|request| match body(request).get("max_tokens") {
        Some(_) => Reply::text(
            400,
            r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#,
        ),
        None => reply(&says("Hi")),
    })
    .await;
    let app = start_with(&model, &[("LLM_MAX_TOKENS", "700")]).await;
    ask(&app.client, "Hello").await;
    assert_eq!(body(&model.requests()[0])["max_tokens"], 700);
    assert_eq!(body(&model.requests()[1])["max_completion_tokens"], 700);
}

/// Chunks of a response, with its head first.
fn chunks(pieces: &[&str]) -> Vec<Vec<u8>> {
    let mut chunks =
        vec![b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()];
    chunks.extend(pieces.iter().map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()).into_bytes()));
    chunks.push(b"0\r\n\r\n".to_vec());
    chunks
}

/// Longer than the permitted silence, with the server's clock ten times as fast; blanks count as data.
#[tokio::test]
async fn blanks_while_a_model_thinks_are_not_silence() {
    let answer = json!({ "choices": [{ "message": { "content": says("Hi").to_string() } }] }).to_string();
    let mut pieces = vec!["\n", " ", ": OPENROUTER PROCESSING\n\n", "\n"];
    pieces.push(&answer);
    let pieces = chunks(&pieces);
    let model = ScriptedServer::start(move |_| Reply::Slow(pieces.clone(), Duration::from_millis(60))).await;
    let app = start(&model).await;
    assert_eq!(ask(&app.client, "Hello").await["message"], "Hi");
    assert_eq!(model.requests().len(), 1);
}

#[rstest]
#[case::not_the_documented_form(|| Reply::text(200, "<html>"), "llm_unavailable")]
#[case::not_json(|| completion("I bought it."), "llm_invalid_reply")]
#[tokio::test]
async fn an_answer_that_is_none_is_asked_for_once_more_at_the_most(#[case] fault: fn() -> Reply, #[case] code: &str) {
    let model = ScriptedServer::start(move |_| fault()).await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "20")]).await;
    assert_eq!(say(&app.client, "Hello").await.1["code"], code);
    assert_eq!(model.requests().len(), 2);
}

#[tokio::test]
async fn a_broken_envelope_and_a_broken_reply_share_the_one_repetition() {
    let mut answers = vec![completion("I bought it."), Reply::text(200, "<html>")];
    let model = ScriptedServer::start(move |_| answers.pop().unwrap_or_else(|| reply(&buys(1.0, "V")))).await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "20")]).await;
    assert_eq!(say(&app.client, "Hello").await.1["code"], "llm_invalid_reply");
    assert_eq!(model.requests().len(), 2);
    assert!(trades(&app.client).await.is_empty());
}

/// A reply that buys one share of V, in this format.
fn in_shape(content: &Value) -> Reply {
    Reply::json(&json!({ "choices": [{ "message": { "content": content } }] }))
}

const BUYS: &str = r#"{"message":"Buying.","trades":[{"ticker":"V","side":"buy","quantity":1}]}"#;

#[rstest]
#[case::thoughts(json!(format!("<think>I could buy {{\"message\":\"x\"}} 5.</think>\n\n{BUYS}")))]
#[case::parts(json!([{ "type": "text", "text": BUYS }]))]
#[case::parts_with_thoughts(json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] }, { "type": "text", "text": BUYS }]))]
#[case::prose(json!(format!("Here you are:\n{BUYS}\nAnything else?")))]
#[case::fence_in_prose(json!(format!("Sure!\n```json\n{BUYS}\n```\n")))]
#[case::object(serde_json::from_str(BUYS).unwrap())]
#[case::capitals(json!(BUYS.replace("buy\"", "BUY\"")))]
#[case::number_as_text(json!(BUYS.replace(":1}", ":\"1\"}")))]
#[tokio::test]
async fn a_reply_is_read_in_the_shapes_that_servers_give_it(#[case] content: Value) {
    let model = ScriptedServer::start(move |_| in_shape(&content)).await;
    let app = start(&model).await;
    assert_eq!(ask(&app.client, "Buy 1 V").await["trades"][0]["status"], "executed");
    assert_eq!((model.requests().len(), trades(&app.client).await.len()), (1, 1));
}

#[tokio::test]
async fn one_wrong_action_is_one_rejected_action() {
    let content = json!({
        "message": "Buying.",
        "trades": [
            { "ticker": "AAPL", "side": "buy", "quantity": -5 },
            { "ticker": "V", "side": "buy", "quantity": 1 },
            { "ticker": "??", "side": "hold", "quantity": "many" },
        ],
        "watchlist_changes": [{ "ticker": "XOM", "action": "add" }, { "ticker": "KO", "action": "star" }],
    });
    let model = ScriptedServer::start(move |_| reply(&content)).await;
    let app = start(&model).await;
    let answer = ask(&app.client, "Go").await;
    let outcomes = |list: &str| -> Vec<Value> {
        answer[list].as_array().unwrap().iter().map(|action| json!([action["ticker"], action["status"]])).collect()
    };
    assert_eq!(outcomes("trades"), [json!(["AAPL", "rejected"]), json!(["V", "executed"]), json!(["??", "rejected"])]);
    assert_eq!(outcomes("watchlist_changes"), [json!(["XOM", "executed"]), json!(["KO", "rejected"])]);
    let first = &answer["trades"][0];
    assert_eq!((&first["side"], &first["quantity"]), (&json!("buy"), &json!("-5")));
    assert_eq!(first["error"], "“-5” is no quantity: a quantity has to be more than zero.");
    assert_eq!(answer["watchlist_changes"][1]["action"], "star");
    assert_eq!(model.requests().len(), 1, "the answer stands");
    assert_eq!(messages(&app.client).await[1], answer, "it is on record");
    let html = app.client.get("/").await.text().await.unwrap();
    assert!(html.contains("“-5” is no quantity"), "the page shows it");
}

#[tokio::test]
async fn of_wrong_actions_alone_the_model_is_told_once_and_then_they_are_rejected() {
    let content = json!({ "message": "Selling.", "trades": [{ "ticker": "V", "side": "short", "quantity": 1 }] });
    let model = ScriptedServer::start(move |_| reply(&content)).await;
    let app = start(&model).await;
    let answer = ask(&app.client, "Go short").await;
    assert_eq!((&answer["trades"][0]["status"], &answer["trades"][0]["side"]), (&json!("rejected"), &json!("short")));
    assert_eq!(model.requests().len(), 2);
    assert!(body(&model.requests()[1]).to_string().contains("trades[0].side"));
}

/// A response that was cut off by its token limit, with this content.
fn cut_off(content: &Value) -> Reply {
    let choice = json!({ "finish_reason": "length", "message": { "content": content } });
    Reply::json(&json!({ "choices": [choice], "usage": { "prompt_tokens": 900, "completion_tokens": 4096 } }))
}

#[rstest]
#[case::nothing(json!(null))]
#[case::empty(json!(""))]
#[case::thoughts_without_an_end(json!("<think>First I would look at {\"message\": \"the"))]
#[tokio::test]
async fn thoughts_that_take_all_the_room_get_more_of_it_once(#[case] content: Value) {
    let enough = 500;
    let model = ScriptedServer::start(move |request| match body(request)["max_tokens"].as_u64() {
        Some(room) if room < enough => cut_off(&content),
        _ => reply(&says("Hi")),
    })
    .await;
    let app = start_with(&model, &[("LLM_MAX_TOKENS", "200")]).await;
    assert_eq!(ask(&app.client, "Hello").await["message"], "Hi");
    let rooms: Vec<_> = model.requests().iter().map(|request| body(request)["max_tokens"].clone()).collect();
    assert_eq!(rooms, [200, 800]);
    let model_messages = body(&model.requests()[1])["messages"].as_array().unwrap().len();
    assert_eq!(model_messages, 2, "it is the same question");
}

#[tokio::test]
async fn a_model_that_only_thinks_is_not_asked_for_ever() {
    let model = ScriptedServer::start(|_| cut_off(&json!(null))).await;
    let app = start(&model).await;
    let (status, problem) = say(&app.client, "Hello").await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_GATEWAY, &json!("llm_invalid_reply")));
    assert!(problem["detail"].as_str().unwrap().contains("LLM_MAX_TOKENS"), "{problem}");
    assert_eq!(model.requests().len(), 3, "more room once, and one correction");
}

#[rstest]
#[case::it_says_so(|| Reply::text(503, r#"{"error":{"message":"Loading model","code":503}}"#), "still loading")]
#[case::the_connection_breaks(|| Reply::Cut, "does not answer yet")]
#[tokio::test]
async fn a_model_that_is_being_loaded_is_waited_for_and_the_page_is_told(
    #[case] loading: fn() -> Reply,
    #[case] words: &str,
) {
    let loaded_at = Instant::now() + Duration::from_secs(9);
    let model = ScriptedServer::start(move |_| if Instant::now() < loaded_at { loading() } else { reply(&says("Hi")) });
    let model = model.await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "60")]).await;
    let client = app.client.clone();
    let asking = tokio::spawn(async move { ask(&client, "Hello").await });
    eventually(Duration::from_secs(5), "it is asked", async || !model.requests().is_empty()).await;
    let notice = call::<LoadNotice>(&app.client, json!({})).await;
    assert!(notice.as_str().unwrap().contains(words), "{notice}");
    assert_eq!(asking.await.unwrap()["message"], "Hi");
    assert!(model.requests().len() > 4, "more tries than for a server that fails");
    assert_eq!(call::<LoadNotice>(&app.client, json!({})).await, json!(null), "nothing is being made");
}

#[tokio::test]
async fn a_count_of_the_end_of_a_prompt_does_not_have_more_sent() {
    let model = ScriptedServer::start(|_| {
        let choice = json!({ "message": { "content": says(&"word ".repeat(200)).to_string() } });
        Reply::json(&json!({ "choices": [choice], "usage": { "prompt_tokens": 2048, "completion_tokens": 40 } }))
    })
    .await;
    let app = start_with(&model, &[("LLM_CONTEXT_TOKENS", "9000")]).await;
    for number in 0..8 {
        ask(&app.client, &format!("question {number}")).await;
    }
    let requests = model.requests();
    let longest = requests.iter().map(|request| {
        let sent = body(request);
        let contents = sent["messages"].as_array().unwrap().iter();
        contents.map(|message| message["content"].as_str().unwrap().len()).sum::<usize>()
    });
    assert!(longest.max().unwrap() <= 9_000, "no more bytes than the context has tokens");
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_for_others_than_this_machine() {
    let proxy = ScriptedServer::start(|_| reply(&says("From the proxy"))).await;
    let model = ScriptedServer::start(|_| reply(&says("Hi"))).await;
    let (through, url) = (proxy.url(), model.url());
    let answer = async |base_url: &str| {
        let folder = tempfile::tempdir().unwrap();
        let variables =
            [("LLM_MOCK", "false"), ("LLM_BASE_URL", base_url), ("HTTP_PROXY", &through), ("http_proxy", &through)];
        let process = TestProcess::start_with(folder.path(), &variables).await;
        ask(&process.client, "Hello").await["message"].clone()
    };
    assert_eq!(answer(&url).await, "Hi");
    assert_eq!(answer("http://openrouter.ai/api/v1").await, "From the proxy");
}

#[tokio::test]
async fn openrouter_is_asked_once_more_without_the_condition_that_leaves_nobody() {
    let proxy = ScriptedServer::start(|request| match body(request)["provider"]["require_parameters"].as_bool() {
        Some(true) => Reply::text(
            404,
            r#"{"error":{"message":"No endpoints found that can handle the requested parameters.","code":404}}"#,
        ),
        _ => reply(&says("Hi")),
    })
    .await;
    let through = proxy.url();
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("LLM_MOCK", "false"), ("LLM_BASE_URL", "http://openrouter.ai/api/v1"), ("http_proxy", through.as_str())];
    let process = TestProcess::start_with(folder.path(), &variables).await;
    ask(&process.client, "Hello").await;
    ask(&process.client, "Again").await;
    let conditions: Vec<_> =
        proxy.requests().iter().map(|request| body(request)["provider"]["require_parameters"].clone()).collect();
    assert_eq!(conditions, [json!(true), json!(null), json!(null)]);
}
