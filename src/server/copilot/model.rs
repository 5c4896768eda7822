//! Whoever answers: a language model or the mock, behind one question, with what the answer cost.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{
    client::{Client, Completion, Failure},
    mock,
    prompt::{self, Message, Meter, Setting},
    reply::{InvalidReply, Reply},
};
use crate::{
    error::ApiError,
    server::ledger::chat::{Provenance, RAW_REPLY_BYTES_MAX},
};

/// How much of a reply that was no reply the model is shown again.
const QUOTED_CHARS_MAX: usize = 2_000;

/// What a model is called that is none.
const MOCK_NAME: &str = "mock";

pub enum Model {
    Mock,
    Remote(Box<Remote>),
    NotConfigured,
}

pub struct Remote {
    client: Client,
    meter: Meter,
}

/// What came of a question, and where it came from; that is known of failures too.
pub struct Answer {
    pub outcome: Result<Reply, ApiError>,
    pub provenance: Provenance,
}

impl Model {
    pub fn remote(client: Client) -> Self {
        Self::Remote(Box::new(Remote { client, meter: Meter::default() }))
    }

    /// As people know it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Mock => Some(MOCK_NAME),
            Self::Remote(remote) => Some(&remote.client.config().model),
            Self::NotConfigured => None,
        }
    }

    /// Asks once, with all the tries that it takes. It may be given up at any time.
    pub async fn answer(&self, setting: &Setting<'_>) -> Answer {
        let started = Instant::now();
        let mut provenance = Provenance { model: self.name().map(str::to_owned), ..Provenance::default() };
        let outcome = match self {
            Self::Mock => {
                let content = mock::reply(setting.question, &setting.context.value(setting.prices));
                let reply = Reply::read(&content);
                provenance.raw_reply = Some(content);
                reply.map_err(|_| ApiError::LlmInvalidReply)
            }
            Self::Remote(remote) => {
                let patience = remote.client.config().timeout;
                match timeout(patience, remote.answer(setting, started + patience, &mut provenance)).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(ApiError::LlmTimeout { seconds: whole_seconds(patience) }),
                }
            }
            Self::NotConfigured => Err(ApiError::LlmNotConfigured),
        };
        provenance.latency_ms = Some(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        Answer { outcome, provenance }
    }
}

/// At least one.
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs_f64().round() as u64).max(1)
}

impl Remote {
    /// A reply that is none is sent back once, with what is wrong about it.
    async fn answer(
        &self,
        setting: &Setting<'_>,
        deadline: Instant,
        provenance: &mut Provenance,
    ) -> Result<Reply, ApiError> {
        let (mut messages, completion) = self.ask_within_context(setting, deadline, provenance).await?;
        let reason = match read(&completion) {
            Ok(reply) => return Ok(reply),
            Err(InvalidReply(reason)) => reason,
        };
        warn!(llm.reason = reason, "the model's reply is none; it is asked once more");
        messages.push(Message { role: "assistant", content: quoted(&completion.content) });
        let correction =
            format!("Your answer was not accepted: {reason}. Answer again, with one JSON object as asked for.");
        messages.push(Message { role: "user", content: json!({ "correction": correction }).to_string() });
        let completion = self.ask(&messages, deadline, provenance).await.map_err(api_error)?;
        read(&completion).map_err(|InvalidReply(reason)| {
            warn!(llm.reason = reason, "the model's second reply is none either");
            ApiError::LlmInvalidReply
        })
    }

    /// Asks with as much of the conversation as the model can read: less of it when its server says that it was too
    /// much.
    async fn ask_within_context(
        &self,
        setting: &Setting<'_>,
        deadline: Instant,
        provenance: &mut Provenance,
    ) -> Result<(Vec<Message>, Completion), ApiError> {
        let mut tokens_max = self.client.config().context_tokens;
        let mut messages = prompt::build(setting, &self.meter, tokens_max);
        loop {
            let failure = match self.ask(&messages, deadline, provenance).await {
                Ok(completion) => return Ok((messages, completion)),
                Err(failure) => failure,
            };
            tokens_max /= 2;
            let shorter = prompt::build(setting, &self.meter, tokens_max);
            if failure != Failure::ContextTooLong || tokens_max == 0 {
                return Err(api_error(failure));
            }
            messages = shorter;
        }
    }

    async fn ask(
        &self,
        messages: &[Message],
        deadline: Instant,
        provenance: &mut Provenance,
    ) -> Result<Completion, Failure> {
        let completion = self.client.complete(messages, deadline).await?;
        if let Some(tokens) = completion.prompt_tokens {
            self.meter.learn(messages.iter().map(|message| message.content.len()).sum(), tokens);
        }
        let add = |sum: &mut Option<u64>, count: Option<u64>| {
            if let Some(count) = count {
                *sum = Some(sum.unwrap_or(0).saturating_add(count));
            }
        };
        add(&mut provenance.prompt_tokens, completion.prompt_tokens);
        add(&mut provenance.completion_tokens, completion.completion_tokens);
        if let Some(model) = &completion.model {
            provenance.model = Some(prefix(model, MODEL_NAME_BYTES_MAX).to_owned());
        }
        let content = completion.refusal.as_ref().unwrap_or(&completion.content);
        provenance.raw_reply = Some(prefix(content, RAW_REPLY_BYTES_MAX).to_owned());
        Ok(completion)
    }
}

/// The longest name of a model that is kept.
const MODEL_NAME_BYTES_MAX: usize = 200;

fn read(completion: &Completion) -> Result<Reply, InvalidReply> {
    if let Some(refusal) = &completion.refusal {
        // It declined, which is an answer.
        return Ok(Reply { message: refusal.trim().to_owned(), actions: Vec::new() });
    }
    Reply::read(&completion.content).map_err(|invalid| match completion.is_cut_off {
        true => InvalidReply("it was too long and was cut off; be shorter".to_owned()),
        false => invalid,
    })
}

/// Some servers take no empty message.
fn quoted(content: &str) -> String {
    match content.trim() {
        "" => "(nothing)".to_owned(),
        text => text.chars().take(QUOTED_CHARS_MAX).collect(),
    }
}

/// At most so many bytes, cut between two characters.
fn prefix(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn api_error(failure: Failure) -> ApiError {
    match &failure {
        Failure::TooLarge => ApiError::LlmInvalidReply,
        Failure::Unreachable(cause) => {
            warn!(llm.cause = cause, "the model's server could not be asked");
            ApiError::LlmUnavailable { reason: failure.to_string() }
        }
        _ => {
            warn!(llm.cause = %failure, "the model's server could not be asked");
            ApiError::LlmUnavailable { reason: failure.to_string() }
        }
    }
}
