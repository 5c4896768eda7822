//! Servers of one's own in place of the built-in model: one that embeds as OpenAI's API does, and one that puts passages in
//! order as `/v1/rerank` does.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Fault, Vector};
use crate::server::{
    config::library::EndpointConfig,
    https::{client_builder_for, describe, read_body},
};

/// Timeout of an embedding request.
const EMBEDDING_WALL: Duration = Duration::from_secs(30);
/// Timeout of a rerank request, which a search waits for.
const RERANK_WALL: Duration = Duration::from_millis(800);
/// The largest answer: some hundred vectors as JSON.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Order {
    results: Vec<Ranked>,
}

#[derive(Deserialize)]
struct Ranked {
    index: usize,
    relevance_score: f64,
}

/// The texts' directions, in their order.
///
/// # Errors
/// When the server does not answer, or not with a vector for each text.
pub async fn embed(config: &EndpointConfig, texts: &[String]) -> Result<Vec<Vector>, Fault> {
    let body = json!({ "model": config.model, "input": texts });
    let answer: Embeddings = ask(config, "embeddings", &body, EMBEDDING_WALL).await?;
    let mut made: Vec<Option<Vector>> = vec![None; texts.len()];
    for (place, Embedding { index, embedding }) in answer.data.into_iter().enumerate() {
        if let Some(slot) = made.get_mut(index.unwrap_or(place)) {
            *slot = Vector::of(&embedding);
        }
    }
    made.into_iter().collect::<Option<_>>().ok_or_else(|| Fault::passing("the embedding server left texts out"))
}

/// Relevance of each text to a question, by its index; texts that the server leaves out are missing.
///
/// # Errors
/// When the server does not answer in time.
pub async fn rerank(config: &EndpointConfig, question: &str, texts: &[String]) -> Result<Vec<(usize, f64)>, Fault> {
    let body = json!({ "model": config.model, "query": question, "documents": texts, "top_n": texts.len() });
    let answer: Order = ask(config, "rerank", &body, RERANK_WALL).await?;
    let known =
        answer.results.into_iter().filter(|ranked| ranked.index < texts.len() && ranked.relevance_score.is_finite());
    Ok(known.map(|ranked| (ranked.index, ranked.relevance_score)).collect())
}

async fn ask<T: DeserializeOwned>(
    config: &EndpointConfig,
    path: &str,
    body: &Value,
    wall: Duration,
) -> Result<T, Fault> {
    let address = format!("{}/{path}", config.base_url);
    let client = client_builder_for(&address).timeout(wall).build().map_err(|cause| Fault::lasting(describe(cause)))?;
    let mut request = client.post(&address).json(body);
    if let Some(key) = &config.key {
        request = request.bearer_auth(key.reveal());
    }
    let answer = request.send().await.map_err(|cause| Fault::passing(describe(cause)))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Fault::passing(format!("the server answers {status}")));
    }
    let body = read_body(answer, ANSWER_BYTES_MAX).await.map_err(|cause| Fault::passing(format!("{cause:?}")))?;
    serde_json::from_slice(&body)
        .map_err(|cause| Fault::passing(format!("the server's answer cannot be read: {cause}")))
}
