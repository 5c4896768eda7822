//! The conversation: its pages, its window in the prompt, and clearing it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{ask, body, buys, count, counted, messages, says, start, start_answering, trades};
use crate::{app::TestApp, scripted::ScriptedServer};

#[tokio::test]
async fn the_conversation_is_paged_oldest_first_and_survives_a_restart() {
    let app = TestApp::start().await;
    for number in 0..5 {
        ask(&app.client, &format!("message {number}")).await;
    }
    let app = app.restart().await;
    let mut pages = Vec::new();
    let mut path = "/api/chat?limit=4".to_owned();
    loop {
        let page = app.client.read(&path).await;
        pages.push(page["messages"].as_array().unwrap().clone());
        match page["next_before"].as_str() {
            Some(before) => path = format!("/api/chat?limit=4&before={before}"),
            None => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
    let all: Vec<Value> = pages.into_iter().rev().flatten().collect();
    assert_eq!(all, messages(&app.client).await);
    let asked: Vec<_> = all.iter().step_by(2).map(|message| message["message"].clone()).collect();
    assert_eq!(asked, (0..5).map(|number| json!(format!("message {number}"))).collect::<Vec<_>>());
    assert!(all.iter().step_by(2).all(|message| message["role"] == "user"));
    for bad in ["limit=0", "limit=201", "limit=x", "before=nothing", "page=2"] {
        let response = app.client.get(&format!("/api/chat?{bad}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn message_500_works_like_message_5() {
    let content = says(&"a long answer ".repeat(60)).to_string();
    // Counts one token for four bytes, like a model for English.
    let model = ScriptedServer::start(move |request| counted(&content, request.body.len() / 4)).await;
    let app = start(&model).await;
    let mut sizes = Vec::new();
    for number in 0..250 {
        ask(&app.client, &format!("question {number} {}", "and so on ".repeat(30))).await;
        let asked = body(model.requests().last().unwrap());
        let sent = asked["messages"].as_array().unwrap();
        assert!(sent.len() <= 22);
        sizes.push(asked.to_string().len());
    }
    assert_eq!(count(&app.database(), "SELECT COUNT(*) FROM chat_messages").await, 500);
    let largest = *sizes[20..].iter().max().unwrap();
    assert!(sizes[20..].iter().all(|size| largest - size < largest / 10), "the window keeps its size");
    let last = body(model.requests().last().unwrap());
    assert_eq!(last["messages"].as_array().unwrap().len(), 22, "ten turns, the rules and the question");
    assert!(last["messages"][1]["content"].as_str().unwrap().contains("question 239 "));
}

#[tokio::test]
async fn the_model_is_told_what_became_of_its_actions() {
    let (app, model) = start_answering(buys(1_000.0, "V")).await;
    ask(&app.client, "Buy a lot").await;
    ask(&app.client, "Did you?").await;
    let data = super::account_data(model.requests().last().unwrap());
    let action = &data["recent_actions_of_yours"][0];
    assert_eq!((&action["action"], &action["outcome"]), (&json!("buy 1,000 V"), &json!("rejected")));
    assert!(action["reason"].as_str().unwrap().starts_with("Buying 1,000 V costs"));
}

#[tokio::test]
async fn a_cleared_conversation_is_gone_for_people_and_model_but_not_for_the_record() {
    let (app, model) = start_answering(buys(1.0, "V")).await;
    ask(&app.client, "Buy 1 V").await;
    let cleared = app.client.http.delete(app.client.url("/api/chat")).send().await.unwrap();
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert_eq!(app.client.read("/api/chat").await, json!({ "messages": [], "next_before": null }));
    assert_eq!(trades(&app.client).await.len(), 1, "trades stay");
    assert_eq!(count(&app.database(), "SELECT COUNT(*) FROM chat_actions WHERE trade_id IS NOT NULL").await, 1);
    ask(&app.client, "Hello").await;
    let asked = body(model.requests().last().unwrap());
    assert_eq!(asked["messages"].as_array().unwrap().len(), 2);
    assert!(!asked.to_string().contains("Buy 1 V"));
    let app = app.restart().await;
    assert_eq!(messages(&app.client).await.len(), 2);
}

#[tokio::test]
async fn a_reset_leaves_the_conversation() {
    let app = TestApp::start().await;
    ask(&app.client, "buy 1 V").await;
    assert_eq!(app.client.post("/api/portfolio/reset", json!({})).await.status(), StatusCode::OK);
    assert_eq!(messages(&app.client).await.len(), 2);
}
