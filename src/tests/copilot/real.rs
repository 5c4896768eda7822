//! A conversation with a real model: run if `LLM_REAL_URL` names an OpenAI-compatible server, as `scripts/real-llm`
//! starts one. A small model's text need not make sense; it must arrive, and exceed no limit.

use std::env;

use serde_json::Value;

use super::{messages, say, trades};
use crate::app::{TestApp, cents};

#[tokio::test]
async fn a_real_model_holds_a_conversation() {
    let Ok(url) = env::var("LLM_REAL_URL") else {
        eprintln!("LLM_REAL_URL is not set: no real model is asked");
        return;
    };
    let model = env::var("LLM_REAL_MODEL").unwrap_or_else(|_| "local".to_owned());
    let variables = [
        ("LLM_MOCK", "false"),
        ("LLM_BASE_URL", url.as_str()),
        ("LLM_MODEL", model.as_str()),
        ("LLM_TIMEOUT_SECONDS", "110"),
        ("LLM_CONTEXT_TOKENS", "3000"),
    ];
    let app = TestApp::start_with(&variables).await;
    let mut answered = 0;
    for text in
        ["Hello, what can you do?", "Buy 2 AAPL", "Put XOM on my watchlist", "How concentrated is my portfolio?"]
    {
        let (status, answer) = say(&app.client, text).await;
        println!("{text}\n  {status} {answer}");
        if status.is_success() {
            answered += 1;
            assert!(answer["message"].is_string());
            let settled = |action: &Value| action["status"] == "executed" || action["error"].is_string();
            assert!(answer["trades"].as_array().unwrap().iter().all(settled), "{answer}");
            assert!(answer["watchlist_changes"].as_array().unwrap().iter().all(settled), "{answer}");
        } else {
            let code = answer["code"].as_str().unwrap();
            assert!(
                ["llm_invalid_reply", "llm_timeout"].contains(&code),
                "a small model may fail at the form, or ramble"
            );
        }
    }
    assert!(answered > 0, "no reply was one");
    assert_eq!(messages(&app.client).await.len(), 8);
    assert!(
        trades(&app.client)
            .await
            .iter()
            .all(|trade| trade["source"] == "copilot" && cents(&trade["notional"]) <= 501_000)
    );
}
