//! Why a model's server gave no answer, and which of our parameters it will not have.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::{ANSWER_BYTES_MAX, dialect::Dialect};

/// By these, servers tell a prompt that is too long from other mistakes.
const CONTEXT_WORDS: [&str; 4] = ["context_length", "context length", "context window", "maximum context"];

/// Why there is no answer. None of the texts quotes what the server sent, nor an address or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the model's server refused the key; check OPENROUTER_API_KEY")]
    Refused,
    #[error("the account at the model's server has no credit left")]
    NoCredit,
    #[error("the model's server refused the request ({0}); check LLM_MODEL and LLM_BASE_URL")]
    BadRequest(StatusCode),
    /// It names a parameter that it does not take; with what is left, it can be asked again.
    #[error("the model's server refused the request ({0}); check LLM_MODEL and LLM_BASE_URL")]
    Unsupported(StatusCode, Dialect),
    #[error("the prompt is longer than the model can read; set LLM_CONTEXT_TOKENS to what it can")]
    ContextTooLong,
    #[error("the model's server answered {status}")]
    Status {
        status: StatusCode,
        /// The wait that the server asked for, bounded.
        retry_after: Option<Duration>,
    },
    #[error("the model's server could not be reached")]
    Unreachable(String),
    #[error("the model's server stopped in the middle of its answer")]
    Silent,
    #[error("the model's server did not answer in the documented form")]
    Malformed,
    #[error("the answer of the model's server is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

/// How often it is worth asking again after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Never,
    /// The model has answered, or was about to: each further answer is paid for.
    Once,
    /// It may pass, and nothing was answered.
    Some,
}

impl Failure {
    pub fn again(&self) -> Again {
        match self {
            Self::Unreachable(_) | Self::Status { .. } => Again::Some,
            Self::Malformed | Self::Silent => Again::Once,
            Self::Refused
            | Self::NoCredit
            | Self::BadRequest(_)
            | Self::Unsupported(..)
            | Self::ContextTooLong
            | Self::TooLarge => Again::Never,
        }
    }

    /// Whether a server nearby, which loads its model first, fails in this way meanwhile.
    pub fn may_be_loading(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status { status, .. } => *status == StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused
            | Self::NoCredit
            | Self::BadRequest(_)
            | Self::Unsupported(..)
            | Self::ContextTooLong
            | Self::Silent
            | Self::Malformed
            | Self::TooLarge => false,
        }
    }

    /// The failure that a status and the server's own words mean, for a request in this dialect.
    pub fn of_status(status: StatusCode, body: &str, retry_after: Option<Duration>, dialect: &Dialect) -> Self {
        let complaint = Complaint::read(body);
        let is_about_context = CONTEXT_WORDS.iter().any(|word| complaint.text.contains(word));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Self::Refused,
            StatusCode::PAYMENT_REQUIRED => return Self::NoCredit,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => return Self::Status { status, retry_after },
            StatusCode::PAYLOAD_TOO_LARGE => return Self::ContextTooLong,
            _ => {}
        }
        match dialect.after(status, &complaint) {
            Some(other) => Self::Unsupported(status, other),
            None if is_about_context => Self::ContextTooLong,
            // llama-cpp-python tells this with a 500.
            None if status.is_client_error() || complaint.text.contains("response_format") => Self::BadRequest(status),
            None => Self::Status { status, retry_after },
        }
    }
}

/// The server's error message in lower case, without the parts that quote the request.
#[derive(Debug, Default)]
pub struct Complaint {
    /// The parameter that it names in a field of its own.
    pub parameter: Option<String>,
    pub text: String,
}

impl Complaint {
    /// Reads the forms of OpenAI and OpenRouter, of FastAPI's validation, and any other text as it is.
    pub fn read(body: &str) -> Self {
        let Ok(Value::Object(answer)) = serde_json::from_str::<Value>(body) else {
            return Self { parameter: None, text: body.to_lowercase() };
        };
        let error = answer.get("error").unwrap_or(&Value::Null);
        let mut words = Vec::new();
        for said in [
            error.get("code"),
            error.get("message"),
            error.pointer("/metadata/raw"),
            Some(error),
            answer.get("code"),
            answer.get("message"),
            answer.get("detail"),
        ] {
            match said {
                Some(Value::String(text)) => words.push(text.clone()),
                Some(Value::Array(faults)) => faults.iter().for_each(|fault| words.push(words_of_fault(fault))),
                Some(Value::Object(inner)) => {
                    // Mistral puts the list of faults into the message.
                    let faults = inner.get("detail").and_then(Value::as_array).into_iter().flatten();
                    faults.for_each(|fault| words.push(words_of_fault(fault)));
                }
                Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => {}
            }
        }
        let parameter = [error.get("param"), answer.get("param")].into_iter().flatten().find_map(Value::as_str);
        Self { parameter: parameter.map(str::to_lowercase), text: words.join(" ").to_lowercase() }
    }
}

/// Where a fault of FastAPI's is, and what it is; not the input that it quotes.
fn words_of_fault(fault: &Value) -> String {
    let place = fault.get("loc").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let place = place.collect::<Vec<_>>().join(".");
    let message = fault.get("msg").and_then(Value::as_str).unwrap_or_default();
    format!("{place} {message}")
}
