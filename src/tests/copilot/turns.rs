//! Turns over time: repeated, concurrent, cancelled, disconnected, interrupted.

use std::time::{Duration, Instant};

use finally::api::{AwaitReply, CancelReply, LoadConversation};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{KEY, ask, buys, call, completion, count, messages, reply, say, says, start, start_with, trades};
use crate::{
    app::{TestApp, TestProcess},
    scripted::{Reply, ScriptedServer, eventually},
};

const SOON: Duration = Duration::from_secs(10);

/// A server whose model does not answer until told to; the message is in progress.
async fn start_thinking() -> (TestApp, ScriptedServer, tokio::task::JoinHandle<(StatusCode, Value)>) {
    let model = ScriptedServer::start(|_| Reply::Stall).await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "60")]).await;
    let client = app.client.clone();
    let asking = tokio::spawn(async move { say(&client, "Buy 1 V").await });
    eventually(SOON, "the model is asked", async || model.requests().len() == 1).await;
    (app, model, asking)
}

#[tokio::test]
async fn the_same_message_sent_twice_runs_once() {
    let model = ScriptedServer::start(|_| reply(&buys(1.0, "V"))).await;
    let app = start(&model).await;
    let send = async || {
        let message = json!({ "message": "Buy 1 V", "client_message_id": "click-1" });
        let response = app.client.post("/api/chat", message).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json::<Value>().await.unwrap()
    };
    let (first, second) = tokio::join!(send(), send());
    assert_eq!(first, second);
    assert_eq!(send().await, first, "also later");
    assert_eq!((model.requests().len(), trades(&app.client).await.len()), (1, 1));
    assert_eq!(messages(&app.client).await.len(), 2);
}

#[tokio::test]
async fn an_id_names_one_message() {
    let app = TestApp::start().await;
    let send = async |text: &str| {
        let message = json!({ "message": text, "client_message_id": "click-1" });
        let response = app.client.post("/api/chat", message).await;
        (response.status(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(send("Hello").await.0, StatusCode::OK);
    let (status, problem) = send("Buy 1 V").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("message_id_reused")));
    assert!(trades(&app.client).await.is_empty());
}

#[tokio::test]
async fn a_second_message_is_told_that_the_copilot_is_busy() {
    let (app, _model, asking) = start_thinking().await;
    let (status, problem) = say(&app.client, "Hello?").await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
    assert!(problem["detail"].as_str().unwrap().starts_with("The copilot is answering another message"));
    assert_eq!(messages(&app.client).await.len(), 1, "it is not part of the conversation");
    // Nothing waits for the model: trading continues.
    assert_eq!(app.client.trade("buy", 1.0, "V").await.0, StatusCode::OK);
    asking.abort();
}

#[tokio::test]
async fn an_answer_can_be_given_up() {
    let (app, model, asking) = start_thinking().await;
    call::<CancelReply>(&app.client, json!({})).await;
    let (status, problem) = asking.await.unwrap();
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("cancelled")));
    let messages = messages(&app.client).await;
    assert_eq!((messages.len(), &messages[1]["failure"]), (2, &json!("cancelled")));
    model.play(|_| reply(&says("Hi")));
    ask(&app.client, "Hello").await;
    // Without a turn to cancel, nothing happens.
    call::<CancelReply>(&app.client, json!({})).await;
}

#[tokio::test]
async fn the_answer_comes_though_nobody_waits_for_it() {
    let model = ScriptedServer::start(|_| Reply::text(503, "")).await;
    let app = start_with(&model, &[("LLM_TIMEOUT_SECONDS", "20")]).await;
    let request = app.client.http.post(app.client.url("/api/chat")).json(&json!({ "message": "Buy 1 V" }));
    let left = timeout(Duration::from_millis(300), request.send()).await;
    assert!(left.is_err(), "the first try failed, and the second has not been made");
    model.play(|_| reply(&buys(1.0, "V")));
    // The page, opened again, finds the turn in progress and waits for it.
    let seen = call::<LoadConversation>(&app.client, json!({ "before": null })).await;
    assert_eq!(seen["is_answering"], true);
    let line = call::<AwaitReply>(&app.client, json!({})).await;
    assert_eq!(line["Ok"]["message"]["actions"][0]["status"], "executed", "{line}");
    let messages = messages(&app.client).await;
    assert_eq!((messages.len(), &messages[1]["trades"][0]["status"]), (2, &json!("executed")));
    assert_eq!(trades(&app.client).await.len(), 1);
}

#[tokio::test]
async fn a_stop_cuts_the_answer_and_the_conversation_says_so() {
    let (app, _model, asking) = start_thinking().await;
    let started = Instant::now();
    let app = app.restart().await;
    assert!(started.elapsed() < Duration::from_secs(2));
    let (status, problem) = asking.await.unwrap();
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("cut_off")));
    let messages = messages(&app.client).await;
    assert_eq!((messages.len(), &messages[1]["failure"]), (2, &json!("cut_off")));
    assert!(messages[1]["message"].as_str().unwrap().starts_with("The server stopped before the copilot had answered"));
}

#[tokio::test]
async fn a_kill_leaves_a_turn_that_the_next_start_closes() {
    let folder = tempfile::tempdir().unwrap();
    let model = ScriptedServer::start(|_| Reply::Stall).await;
    let url = model.url();
    let variables = [("LLM_MOCK", "false"), ("LLM_BASE_URL", url.as_str()), ("OPENROUTER_API_KEY", KEY)];
    let process = TestProcess::start_with(folder.path(), &variables).await;
    let client = process.client.clone();
    let asking = tokio::spawn(async move {
        let message = json!({ "message": "Buy 1 V", "client_message_id": "click-1" });
        client.http.post(client.url("/api/chat")).json(&message).send().await.is_err()
    });
    eventually(SOON, "the model is asked", async || model.requests().len() == 1).await;
    process.kill().await;
    assert!(asking.await.unwrap());

    let process = TestProcess::start_with(folder.path(), &variables).await;
    let messages = messages(&process.client).await;
    assert_eq!((messages.len(), &messages[1]["failure"]), (2, &json!("cut_off")));
    // A repeated message gets the same answer, without a request to the model.
    let message = json!({ "message": "Buy 1 V", "client_message_id": "click-1" });
    let answer: Value = process.client.post("/api/chat", message).await.json().await.unwrap();
    assert_eq!(answer["failure"], "cut_off");
    assert_eq!(model.requests().len(), 1);
    assert!(trades(&process.client).await.is_empty());
}

#[tokio::test]
async fn a_full_queue_or_a_slow_model_holds_no_transaction_open() {
    let (app, _model, asking) = start_thinking().await;
    let started = Instant::now();
    for _ in 0..20 {
        assert_eq!(app.client.trade("buy", 0.1, "V").await.0, StatusCode::OK);
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(count(&app.database(), "SELECT COUNT(*) FROM trades").await, 20);
    asking.abort();
}

#[tokio::test]
async fn clearing_gives_up_what_is_being_answered_and_empties_the_conversation() {
    let (app, model, asking) = start_thinking().await;
    let cleared = app.client.http.delete(app.client.url("/api/chat")).send().await.unwrap();
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert_eq!(asking.await.unwrap().1["code"], "cancelled");
    assert!(messages(&app.client).await.is_empty());
    model.play(|_| completion(says("Hi").to_string()));
    ask(&app.client, "Hello").await;
    assert_eq!(messages(&app.client).await.len(), 2);
}
