//! Requests to an OpenAI-compatible server, with their bounds and failures.
//!
//! # Retries
//! Temporary failures are retried: no connection, a broken connection, 408, 429 and 5xx, also if reported within a
//! response of status 200. Each wait is at least the server's `Retry-After`; a wait beyond the deadline is not started.
//! A response that stalls or is not the documented JSON was paid for, and is requested at most once more. A nearby
//! server that does not respond yet may be loading its model, which may take up to [`LOADING_MAX`].
//!
//! # Form of requests
//! The first request has all parameters: a strict JSON schema, a token limit, a temperature. Parameters that a server
//! refuses by name are omitted from then on, or replaced ([`dialect`]).

mod answer;
mod dialect;
mod failure;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{StatusCode, Url, header::RETRY_AFTER};
use tokio::time::{Instant, sleep};

pub use self::{answer::Completion, failure::Failure};
use self::{answer::read_answer, dialect::Dialect, failure::Again};
use super::{
    notice::{Notice, Waiting},
    prompt::Message,
};
use crate::server::{
    clock::Clock,
    config::copilot::LlmConfig,
    https::{self, BodyError},
    pacing::{Backoff, retry_after},
};

/// Time to connect, TLS included.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Longest pause within a response. Gateways send the head early, and blanks while the model reasons; these count as
/// data.
const BODY_SILENCE_MAX: Duration = Duration::from_secs(20);

/// Largest response in bytes: many times a typical reply.
pub const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// Most attempts at a request, unless the server is loading its model.
const ATTEMPTS_MAX: u32 = 4;

/// Least remaining time for another attempt.
const RETRY_TIME_MIN: Duration = Duration::from_secs(1);

/// Time that a nearby server may take to load its model.
const LOADING_MAX: Duration = Duration::from_secs(75);

/// Interval between attempts while it loads.
const LOADING_WAIT_MAX: Duration = Duration::from_secs(2);

/// Host that supports OpenRouter's own request fields.
const OPENROUTER_HOST: &str = "openrouter.ai";

/// Remaining attempts and time of a turn.
pub struct Effort {
    pub deadline: Instant,
    /// Whether an invalid response may be requested once more.
    may_repeat: bool,
    /// Whether a model that spent all tokens on reasoning may get more of them, once.
    may_have_more_room: bool,
}

impl Effort {
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, may_repeat: true, may_have_more_room: true }
    }

    /// Returns true once.
    pub fn take_repeat(&mut self) -> bool {
        std::mem::take(&mut self.may_repeat)
    }

    /// Returns true once.
    pub fn take_more_room(&mut self) -> bool {
        std::mem::take(&mut self.may_have_more_room)
    }
}

pub struct Client {
    http: reqwest::Client,
    config: LlmConfig,
    clock: Clock,
    /// Dialect that the server is known to accept.
    dialect: Mutex<Dialect>,
}

impl Client {
    /// Creates a client.
    ///
    /// # Errors
    /// If the machine lacks the means, such as random numbers.
    pub fn new(config: LlmConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = https::client_builder_for(&config.base_url).connect_timeout(CONNECT_MAX).build()?;
        let is_openrouter = Url::parse(&config.base_url).is_ok_and(|url| {
            url.host_str().is_some_and(|host| host == OPENROUTER_HOST || host.ends_with(".openrouter.ai"))
        });
        let dialect = Mutex::new(Dialect::new(config.response_format, is_openrouter));
        Ok(Self { http, config, clock, dialect })
    }

    pub fn config(&self) -> &LlmConfig {
        &self.config
    }

    /// Whether requests bound the reply's tokens.
    pub fn bounds_room(&self) -> bool {
        self.dialect().bounds_room()
    }

    /// Requests the completion of these messages, with at most `tokens_max`. The future may be dropped at any time.
    ///
    /// # Errors
    /// If there is no response, or the wait before another attempt would exceed the deadline.
    pub async fn complete(
        &self,
        messages: &[Message],
        tokens_max: u32,
        effort: &mut Effort,
        notice: &Notice,
    ) -> Result<Completion, Failure> {
        loop {
            let dialect = self.dialect();
            match self.persist(messages, tokens_max, dialect, effort, notice).await {
                // Each dialect has less than the one before.
                Err(Failure::Unsupported(_, other)) => self.speak(other),
                Err(failure @ Failure::BadRequest(_)) if dialect.may_guess_format() => {
                    let guess = dialect.with_json_object();
                    match self.persist(messages, tokens_max, guess, effort, notice).await {
                        // The failure of the most common format is more informative.
                        Err(Failure::BadRequest(_)) => return Err(failure),
                        Err(Failure::Unsupported(_, other)) => self.speak(other),
                        outcome => {
                            if outcome.is_ok() {
                                self.speak(guess);
                            }
                            return outcome;
                        }
                    }
                }
                outcome => return outcome,
            }
        }
    }

    fn dialect(&self) -> Dialect {
        *self.dialect.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn speak(&self, dialect: Dialect) {
        *self.dialect.lock().unwrap_or_else(PoisonError::into_inner) = dialect;
    }

    async fn persist(
        &self,
        messages: &[Message],
        tokens_max: u32,
        dialect: Dialect,
        effort: &mut Effort,
        notice: &Notice,
    ) -> Result<Completion, Failure> {
        let body = dialect.request_body(&self.config.model, messages, tokens_max);
        let (started, mut backoff, mut attempt) = (Instant::now(), Backoff::default(), 1);
        loop {
            let outcome = self.ask(&body, &dialect).await;
            let Err(failure) = outcome else {
                notice.clear();
                return outcome;
            };
            let is_loading = self.config.is_nearby() && failure.may_be_loading() && started.elapsed() < LOADING_MAX;
            let goes_on = is_loading
                || match failure.again() {
                    Again::Never => false,
                    Again::Once => effort.take_repeat(),
                    Again::Some => attempt < ATTEMPTS_MAX,
                };
            if !goes_on {
                return Err(failure);
            }
            attempt += 1;
            let asked_for = match &failure {
                Failure::Status { retry_after, .. } => retry_after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            let wait = backoff.next_wait().min(if is_loading { LOADING_WAIT_MAX } else { Duration::MAX });
            let wait = wait.max(asked_for);
            if Instant::now() + wait + RETRY_TIME_MIN >= effort.deadline {
                return Err(failure);
            }
            if is_loading {
                notice.set(if matches!(failure, Failure::Status { .. }) {
                    Waiting::Loading
                } else {
                    Waiting::Unreachable
                });
            }
            sleep(wait).await;
        }
    }

    async fn ask(&self, body: &serde_json::Value, dialect: &Dialect) -> Result<Completion, Failure> {
        let mut request = self.http.post(format!("{}/chat/completions", self.config.base_url)).json(body);
        if let Some(key) = &self.config.api_key {
            request = request.bearer_auth(key.reveal());
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let header = response.headers().get(RETRY_AFTER);
        let retry_after = header.and_then(|header| retry_after(header, (self.clock)()));
        let body = match https::read_lively_body(response, ANSWER_BYTES_MAX, BODY_SILENCE_MAX).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return Err(Failure::TooLarge),
            Err(BodyError::Broken(cause)) => return Err(unreachable(cause)),
            Err(BodyError::Silent) => return Err(Failure::Silent),
        };
        if status == StatusCode::OK {
            return read_answer(&body, retry_after, dialect);
        }
        Err(Failure::of_status(status, &String::from_utf8_lossy(&body), retry_after, dialect))
    }
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Unreachable(https::describe(error))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

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
        let client = client(base_url);
        let body = client.dialect().request_body(&client.config().model, &[], 4_096);
        assert_eq!(body["provider"]["require_parameters"] == true, is_openrouter);
        assert_eq!(body["provider"]["order"][0] == "cerebras", is_openrouter);
        assert_eq!(body["model"], "openai/gpt-oss-120b");
        assert_eq!(
            (&body["response_format"]["type"], &body["response_format"]["json_schema"]["strict"]),
            (&json!("json_schema"), &json!(true))
        );
    }
}
