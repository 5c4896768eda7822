//! The answering model: a language model, the built-in copilot or the mock, behind one interface, with its usage.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{
    built_in,
    client::{Client, Completion, Effort, Failure},
    mock,
    notice::Notice,
    prompt::{self, Message, Meter, Setting},
    reply::{InvalidReply, Reply},
    shapes::{NoObject, find_object},
};
use crate::{
    domain::copilot::Availability,
    error::ApiError,
    server::{
        config::copilot::LlmConfig,
        ledger::chat::{Provenance, RAW_REPLY_BYTES_MAX},
    },
};

/// Characters of an invalid reply that the model is shown again.
const QUOTED_CHARS_MAX: usize = 2_000;

/// Names of the copilots that are not language models.
const MOCK_NAME: &str = "mock";
const BUILT_IN_NAME: &str = "built-in, no language model";

/// Factor of more tokens for a model that spent all of them on reasoning.
const MORE_ROOM: u32 = 4;

/// Prompt of the trial whether a model answers.
const TRIAL: &str = "Answer with this JSON object and nothing else: {\"message\": \"ready\", \"trades\": [], \"watchlist_changes\": []}";

pub enum Model {
    Mock,
    BuiltIn,
    Remote(Box<Remote>),
    Off,
}

pub struct Remote {
    client: Client,
    meter: Meter,
}

/// Outcome of a question with its provenance, also for failures.
pub struct Answer {
    pub outcome: Result<Reply, ApiError>,
    pub provenance: Provenance,
}

impl Model {
    pub fn remote(client: Client) -> Self {
        Self::Remote(Box::new(Remote { client, meter: Meter::default() }))
    }

    pub fn availability(&self) -> Availability {
        match self {
            Self::Mock => Availability::Mock,
            Self::BuiltIn => Availability::BuiltIn,
            Self::Remote(_) => Availability::Ready,
            Self::Off => Availability::Off,
        }
    }

    /// Name for people.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Mock => Some(MOCK_NAME),
            Self::BuiltIn => Some(BUILT_IN_NAME),
            Self::Remote(remote) => Some(&remote.client.config().model),
            Self::Off => None,
        }
    }

    /// Answers one question, with retries. The future may be dropped at any time.
    pub async fn answer(&self, setting: &Setting<'_>, notice: &Notice) -> Answer {
        let started = Instant::now();
        let mut provenance = Provenance { model: self.name().map(str::to_owned), ..Provenance::default() };
        let outcome = match self {
            Self::Mock => {
                let content = mock::reply(setting.question, &setting.context.value(setting.prices));
                let reply = Reply::read(&content);
                provenance.raw_reply = Some(content);
                reply.map_err(|_| ApiError::LlmInvalidReply)
            }
            Self::BuiltIn => Ok(built_in::reply(setting)),
            Self::Remote(remote) => {
                let patience = remote.client.config().timeout;
                let mut effort = Effort::until(started + patience);
                match timeout(patience, remote.answer(setting, &mut effort, notice, &mut provenance)).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(ApiError::LlmTimeout { seconds: whole_seconds(patience) }),
                }
            }
            Self::Off => Err(ApiError::LlmNotConfigured),
        };
        notice.clear();
        provenance.latency_ms = Some(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        Answer { outcome, provenance }
    }
}

/// Asks a model for a short reply, to check that it answers.
///
/// # Errors
/// The failure, in words.
pub async fn try_out(client: &Client) -> Result<(), ApiError> {
    let messages = [Message { role: "user", content: TRIAL.to_owned() }];
    let patience = client.config().timeout;
    let mut effort = Effort::until(Instant::now() + patience);
    let notice = Notice::default();
    let asked = client.complete(&messages, client.config().reply_tokens_max, &mut effort, &notice);
    match timeout(patience, asked).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(failure)) => Err(api_error(&failure)),
        Err(_) => Err(ApiError::LlmTimeout { seconds: whole_seconds(patience) }),
    }
}

/// At least one.
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs_f64().round() as u64).max(1)
}

impl Remote {
    pub fn config(&self) -> &LlmConfig {
        self.client.config()
    }

    /// Asks for a reply. An invalid reply is sent back once, with the reason. So is a reply without any valid action;
    /// if the second one is no better, its actions are rejected.
    async fn answer(
        &self,
        setting: &Setting<'_>,
        effort: &mut Effort,
        notice: &Notice,
        provenance: &mut Provenance,
    ) -> Result<Reply, ApiError> {
        let (mut messages, completion) = self.ask_within_context(setting, effort, notice, provenance).await?;
        let first = read(&completion);
        let reason = match &first {
            Ok(reply) => reply.complaint(),
            Err(invalid) => Some(invalid.clone()),
        };
        let (first, reason) = match (first, reason) {
            (Ok(reply), None) => return Ok(reply),
            (first, Some(InvalidReply(reason))) if effort.take_repeat() => (first, reason),
            (first, reason) => {
                warn!(llm.reason = reason.map(|reason| reason.0), "the model's reply is invalid");
                return first.map_err(|_| spent(&completion));
            }
        };
        warn!(llm.reason = reason, "the model's reply is invalid; it is asked once more");
        messages.push(Message { role: "assistant", content: quoted(&completion.content) });
        let correction =
            format!("Your answer was not accepted: {reason}. Answer again, with one JSON object as asked for.");
        messages.push(Message { role: "user", content: json!({ "correction": correction }).to_string() });
        let second = match (self.ask(&messages, effort, notice, provenance).await, first) {
            (Ok(completion), first) => (read(&completion), first, completion),
            // The first reply's message is more useful than the second one's failure.
            (Err(failure), Ok(first)) => {
                warn!(llm.cause = %failure, "the model could not be asked once more");
                return Ok(first);
            }
            (Err(failure), Err(_)) => return Err(api_error(&failure)),
        };
        match second {
            (Ok(reply), ..) | (Err(_), Ok(reply), _) => Ok(reply),
            (Err(InvalidReply(reason)), Err(_), completion) => {
                warn!(llm.reason = reason, "the model's second reply is invalid too");
                Err(spent(&completion))
            }
        }
    }

    /// Asks with as much of the conversation as the model can read; with less if its server reports that it was too
    /// much.
    async fn ask_within_context(
        &self,
        setting: &Setting<'_>,
        effort: &mut Effort,
        notice: &Notice,
        provenance: &mut Provenance,
    ) -> Result<(Vec<Message>, Completion), ApiError> {
        let mut tokens_max = self.client.config().context_tokens;
        let mut messages = prompt::build(setting, &self.meter, tokens_max);
        loop {
            let failure = match self.ask(&messages, effort, notice, provenance).await {
                Ok(completion) => return Ok((messages, completion)),
                Err(failure) => failure,
            };
            tokens_max /= 2;
            let shorter = prompt::build(setting, &self.meter, tokens_max);
            if failure != Failure::ContextTooLong || tokens_max == 0 {
                return Err(api_error(&failure));
            }
            messages = shorter;
        }
    }

    /// Asks, and once more with more tokens if all were spent on reasoning.
    async fn ask(
        &self,
        messages: &[Message],
        effort: &mut Effort,
        notice: &Notice,
        provenance: &mut Provenance,
    ) -> Result<Completion, Failure> {
        let tokens_max = self.client.config().reply_tokens_max;
        let completion = self.client.complete(messages, tokens_max, effort, notice).await?;
        self.account_for(messages, &completion, provenance);
        if !ran_out_of_room(&completion) || !self.client.bounds_room() || !effort.take_more_room() {
            return Ok(completion);
        }
        warn!(
            llm.tokens_max = tokens_max,
            "the model used up its tokens before it answered; it gets more of them once"
        );
        match self.client.complete(messages, tokens_max.saturating_mul(MORE_ROOM), effort, notice).await {
            Ok(completion) => {
                self.account_for(messages, &completion, provenance);
                Ok(completion)
            }
            // For example, the server allows no more tokens.
            Err(failure) => {
                warn!(llm.cause = %failure, "the model could not be given more tokens");
                Ok(completion)
            }
        }
    }

    fn account_for(&self, messages: &[Message], completion: &Completion, provenance: &mut Provenance) {
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
    }
}

/// Longest stored name of a model.
const MODEL_NAME_BYTES_MAX: usize = 200;

/// Whether it was cut off while it had only reasoned.
fn ran_out_of_room(completion: &Completion) -> bool {
    completion.is_cut_off && completion.refusal.is_none() && find_object(&completion.content) == Err(NoObject::Empty)
}

/// The error for an invalid reply.
fn spent(completion: &Completion) -> ApiError {
    if ran_out_of_room(completion) { ApiError::LlmOutOfTokens } else { ApiError::LlmInvalidReply }
}

fn read(completion: &Completion) -> Result<Reply, InvalidReply> {
    if let Some(refusal) = &completion.refusal {
        // Declining is an answer.
        return Ok(Reply::saying(refusal.trim().to_owned()));
    }
    Reply::read(&completion.content).map_err(|invalid| match completion.is_cut_off {
        true => InvalidReply("it was too long and was cut off; be shorter".to_owned()),
        false => invalid,
    })
}

/// Some servers refuse an empty message.
fn quoted(content: &str) -> String {
    match content.trim() {
        "" => "(nothing)".to_owned(),
        text => text.chars().take(QUOTED_CHARS_MAX).collect(),
    }
}

/// At most `bytes_max` bytes, on a character boundary.
fn prefix(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn api_error(failure: &Failure) -> ApiError {
    match failure {
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
