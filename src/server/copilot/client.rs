//! Asking an OpenAI-compatible server: one request, its bounds, and all that can go wrong with it.
//!
//! # What is tried again
//! What may pass: no connection, a connection that breaks, 408, 429 and 5xx, also where they are told inside of an
//! answer with status 200, and answers that are not the documented JSON. Each wait is at least what the server asked
//! for; one that would end after the deadline is not begun.
//!
//! # The form of replies
//! It is asked for as a strict JSON schema, unless a setting says else. A server that refuses that is asked for a JSON
//! object with a schema, and from then on in that way first.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use reqwest::{StatusCode, Url, header::RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{prompt::Message, reply::schema};
use crate::server::{
    clock::Clock,
    config::copilot::{LlmConfig, ResponseFormat},
    https::{self, BodyError},
    pacing::{Backoff, retry_after},
};

/// To connect, TLS included.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// From an answer's head to its end: gateways send the head early, and blanks while the model thinks.
const BODY_SILENCE_MAX: Duration = Duration::from_secs(20);

/// The largest answer that is read: many times what [`REPLY_TOKENS_MAX`] take.
pub const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// The most that a model may write, its thoughts included.
const REPLY_TOKENS_MAX: u32 = 4_096;

/// How often one request is sent, at the most.
const ATTEMPTS_MAX: u32 = 4;

/// What has to be left for another try to be worth its wait.
const RETRY_TIME_MIN: Duration = Duration::from_secs(1);

/// Where OpenRouter's own request fields are understood.
const OPENROUTER_HOST: &str = "openrouter.ai";

/// Why there is no answer. None of the texts quotes what the server sent, nor an address or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the model's server refused the key; check OPENROUTER_API_KEY")]
    Refused,
    #[error("the account at the model's server has no credit left")]
    NoCredit,
    #[error("the model's server refused the request ({0}); check LLM_MODEL and LLM_BASE_URL")]
    BadRequest(StatusCode),
    #[error("the prompt is longer than the model can read; set LLM_CONTEXT_TOKENS to what it can")]
    ContextTooLong,
    #[error("the model's server answered {status}")]
    Status {
        status: StatusCode,
        /// What the server asked for, bounded.
        retry_after: Option<Duration>,
    },
    #[error("the model's server could not be reached")]
    Unreachable(String),
    #[error("the model's server did not answer in the documented form")]
    Malformed,
    #[error("the answer of the model's server is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl Failure {
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Malformed | Self::Status { .. } => true,
            Self::Refused | Self::NoCredit | Self::BadRequest(_) | Self::ContextTooLong | Self::TooLarge => false,
        }
    }

    /// What a status means, and what the server says about it in its own words.
    fn of_status(status: StatusCode, words: &str, retry_after: Option<Duration>) -> Self {
        let words = words.to_ascii_lowercase();
        let is_about_context = CONTEXT_WORDS.iter().any(|word| words.contains(word));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Refused,
            StatusCode::PAYMENT_REQUIRED => Self::NoCredit,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Self::Status { status, retry_after },
            // llama-cpp-python tells this with a 500.
            status if words.contains("response_format") => Self::BadRequest(status),
            StatusCode::PAYLOAD_TOO_LARGE => Self::ContextTooLong,
            _ if is_about_context => Self::ContextTooLong,
            status if status.is_client_error() => Self::BadRequest(status),
            status => Self::Status { status, retry_after },
        }
    }
}

/// What a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Empty when it wrote nothing.
    pub content: String,
    /// What it said instead, when it declined.
    pub refusal: Option<String>,
    /// It had to stop before its end.
    pub is_cut_off: bool,
    /// As the server names it.
    pub model: Option<String>,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
}

pub struct Client {
    http: reqwest::Client,
    config: LlmConfig,
    clock: Clock,
    is_openrouter: bool,
    /// The server takes no schema but beside a JSON object.
    wants_json_object: AtomicBool,
}

impl Client {
    /// # Errors
    /// When the machine has no means for a client, such as random numbers.
    pub fn new(config: LlmConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = https::client_builder().connect_timeout(CONNECT_MAX).build()?;
        let is_openrouter = Url::parse(&config.base_url).is_ok_and(|url| {
            url.host_str().is_some_and(|host| host == OPENROUTER_HOST || host.ends_with(".openrouter.ai"))
        });
        let wants_json_object = AtomicBool::new(config.response_format == Some(ResponseFormat::JsonObject));
        Ok(Self { http, config, clock, is_openrouter, wants_json_object })
    }

    pub fn config(&self) -> &LlmConfig {
        &self.config
    }

    /// What the model writes to these messages. It may be given up at any time.
    ///
    /// # Errors
    /// When there is no answer, or when waiting for another try would last until `deadline`.
    pub async fn complete(&self, messages: &[Message], deadline: Instant) -> Result<Completion, Failure> {
        if self.wants_json_object.load(Ordering::Relaxed) {
            return self.persist(messages, ResponseFormat::JsonObject, deadline).await;
        }
        let answer = self.persist(messages, ResponseFormat::JsonSchema, deadline).await;
        let is_to_be_found_out = self.config.response_format.is_none();
        match answer {
            Err(Failure::BadRequest(_)) if is_to_be_found_out => {
                let other = self.persist(messages, ResponseFormat::JsonObject, deadline).await;
                if other.is_ok() {
                    self.wants_json_object.store(true, Ordering::Relaxed);
                }
                // What was wrong with the way that most servers know says more.
                if matches!(other, Err(Failure::BadRequest(_))) { answer } else { other }
            }
            answer => answer,
        }
    }

    async fn persist(
        &self,
        messages: &[Message],
        format: ResponseFormat,
        deadline: Instant,
    ) -> Result<Completion, Failure> {
        let body = self.request_body(messages, format);
        let mut backoff = Backoff::default();
        let mut attempt = 1;
        loop {
            let failure = match self.ask(&body).await {
                Err(failure) if failure.may_pass() && attempt < ATTEMPTS_MAX => failure,
                outcome => return outcome,
            };
            attempt += 1;
            let asked_for = match &failure {
                Failure::Status { retry_after, .. } => retry_after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            let wait = backoff.next_wait().max(asked_for);
            if Instant::now() + wait + RETRY_TIME_MIN >= deadline {
                return Err(failure);
            }
            sleep(wait).await;
        }
    }

    fn request_body(&self, messages: &[Message], format: ResponseFormat) -> Value {
        let messages: Vec<_> =
            messages.iter().map(|message| json!({ "role": message.role, "content": message.content })).collect();
        let response_format = match format {
            ResponseFormat::JsonSchema => json!({
                "type": "json_schema",
                "json_schema": { "name": "copilot_reply", "strict": true, "schema": schema() },
            }),
            ResponseFormat::JsonObject => json!({ "type": "json_object", "schema": schema() }),
        };
        let mut body = json!({
            "model": self.config.model,
            "messages": messages,
            "response_format": response_format,
            "max_tokens": REPLY_TOKENS_MAX,
            "temperature": 0.2,
        });
        if self.is_openrouter {
            // Only providers that keep to the schema; the fastest one first.
            body["provider"] = json!({ "order": ["cerebras"], "require_parameters": true });
        }
        body
    }

    async fn ask(&self, body: &Value) -> Result<Completion, Failure> {
        let mut request = self.http.post(format!("{}/chat/completions", self.config.base_url)).json(body);
        if let Some(key) = &self.config.api_key {
            request = request.bearer_auth(key.reveal());
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let header = response.headers().get(RETRY_AFTER);
        let retry_after = header.and_then(|header| retry_after(header, (self.clock)()));
        let body = match timeout(BODY_SILENCE_MAX, https::read_body(response, ANSWER_BYTES_MAX)).await {
            Ok(Ok(body)) => body,
            Ok(Err(BodyError::TooLarge)) => return Err(Failure::TooLarge),
            Ok(Err(BodyError::Broken(cause))) => return Err(unreachable(cause)),
            Err(_) => return Err(Failure::Unreachable("the answer stopped in its middle".to_owned())),
        };
        if status == StatusCode::OK {
            return read_answer(&body, retry_after);
        }
        Err(Failure::of_status(status, &String::from_utf8_lossy(&body), retry_after))
    }
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Unreachable(https::describe(error))
}

/// By these, servers tell a prompt that is too long from other mistakes.
const CONTEXT_WORDS: [&str; 4] = ["context_length", "context length", "context window", "maximum context"];

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<AnswerMessage>,
    finish_reason: Option<String>,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct AnswerMessage {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// An error where a success was announced: OpenRouter tells its providers' so.
#[derive(Deserialize)]
struct AnswerError {
    /// An HTTP status, or a word.
    code: Option<Value>,
    message: Option<Value>,
}

impl AnswerError {
    fn failure(&self, retry_after: Option<Duration>) -> Failure {
        let status = self.code.as_ref().and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let words = json!([self.code, self.message]).to_string();
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        // A word instead of a status says no more than that the server has failed, unless its text does.
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        Failure::of_status(status, &words, retry_after)
    }
}

fn read_answer(body: &[u8], retry_after: Option<Duration>) -> Result<Completion, Failure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Failure::Malformed)?;
    if let Some(error) = answer.error {
        return Err(error.failure(retry_after));
    }
    let choice = answer.choices.unwrap_or_default().into_iter().next().ok_or(Failure::Malformed)?;
    if let Some(error) = choice.error {
        return Err(error.failure(retry_after));
    }
    let message = choice.message.ok_or(Failure::Malformed)?;
    let usage = answer.usage;
    Ok(Completion {
        content: message.content.unwrap_or_default(),
        refusal: message.refusal.filter(|refusal| !refusal.trim().is_empty()),
        is_cut_off: choice.finish_reason.as_deref() == Some("length"),
        model: answer.model,
        prompt_tokens: usage.as_ref().and_then(|usage| usage.prompt_tokens),
        completion_tokens: usage.and_then(|usage| usage.completion_tokens),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::server::{clock::system_clock, config::copilot::ModelConfig};

    fn client(base_url: &str) -> Client {
        let lookup = |name: &str| (name == "LLM_BASE_URL").then(|| base_url.to_owned());
        let config = crate::server::config::Config::from_lookup(lookup).unwrap();
        let ModelConfig::Remote(config) = config.copilot.model else { panic!("an address is enough") };
        Client::new(config, system_clock).unwrap()
    }

    #[rstest]
    #[case::openrouter("https://openrouter.ai/api/v1", true)]
    #[case::a_part_of_it("https://eu.openrouter.ai/api/v1", true)]
    #[case::local("http://localhost:8080/v1", false)]
    #[case::one_that_looks_like_it("https://openrouter.ai.evil.example/v1", false)]
    fn openrouter_alone_is_told_what_it_alone_knows(#[case] base_url: &str, #[case] is_openrouter: bool) {
        let body = client(base_url).request_body(&[], ResponseFormat::JsonSchema);
        assert_eq!(body["provider"]["require_parameters"] == true, is_openrouter);
        assert_eq!(body["provider"]["order"][0] == "cerebras", is_openrouter);
        assert_eq!(body["model"], "openai/gpt-oss-120b");
        assert_eq!(
            (&body["response_format"]["type"], &body["response_format"]["json_schema"]["strict"]),
            (&json!("json_schema"), &json!(true))
        );
    }

    #[rstest]
    #[case::error_with_status(r#"{"error":{"code":429,"message":"slow down"}}"#, Failure::Status { status: StatusCode::TOO_MANY_REQUESTS, retry_after: None })]
    #[case::error_with_word(r#"{"error":{"code":"server_error","message":"canary"}}"#, Failure::Status { status: StatusCode::BAD_GATEWAY, retry_after: None })]
    #[case::error_of_the_choice(r#"{"choices":[{"error":{"code":502,"message":"x"}}]}"#, Failure::Status { status: StatusCode::BAD_GATEWAY, retry_after: None })]
    #[case::key(r#"{"error":{"code":401,"message":"canary"}}"#, Failure::Refused)]
    #[case::credit(r#"{"error":{"code":402}}"#, Failure::NoCredit)]
    #[case::context(
        r#"{"error":{"code":400,"message":"This model's maximum context length is 2048"}}"#,
        Failure::ContextTooLong
    )]
    #[case::no_choice(r#"{"choices":[]}"#, Failure::Malformed)]
    #[case::no_message(r#"{"choices":[{}]}"#, Failure::Malformed)]
    #[case::another_type(r#"{"choices":{"message":"x"}}"#, Failure::Malformed)]
    #[case::markup("<html>502</html>", Failure::Malformed)]
    #[case::cut_off(r#"{"choices":[{"message":{"content":"{"#, Failure::Malformed)]
    #[case::empty("", Failure::Malformed)]
    fn a_success_that_is_none_is_recognised(#[case] body: &str, #[case] failure: Failure) {
        assert_eq!(read_answer(body.as_bytes(), None), Err(failure.clone()));
        assert!(!failure.to_string().contains("canary"));
    }

    #[test]
    fn an_answer_is_read() {
        let body = r#"{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant",
            "content":null,"refusal":"No."}}],"usage":{"prompt_tokens":12,"completion_tokens":3,"cost":0.1}}"#;
        let expected = Completion {
            content: String::new(),
            refusal: Some("No.".to_owned()),
            is_cut_off: true,
            model: Some("m".to_owned()),
            prompt_tokens: Some(12),
            completion_tokens: Some(3),
        };
        assert_eq!(read_answer(body.as_bytes(), None), Ok(expected));
    }
}
