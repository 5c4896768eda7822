//! Failures of a model's server, and the parameters that it refuses.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::{ANSWER_BYTES_MAX, dialect::Dialect};

/// Words that identify a too long prompt among other errors.
const CONTEXT_WORDS: [&str; 4] = ["context_length", "context length", "context window", "maximum context"];

/// Failure of a request. Its texts never quote the server's response, an address or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the model's server refused the key; check OPENROUTER_API_KEY")]
    Refused,
    #[error("the account at the model's server has no credit left")]
    NoCredit,
    #[error("the model's server refused the request ({0}); check LLM_MODEL and LLM_BASE_URL")]
    BadRequest(StatusCode),
    /// The server refuses a parameter; the dialect without it can be tried.
    #[error("the model's server refused the request ({0}); check LLM_MODEL and LLM_BASE_URL")]
    Unsupported(StatusCode, Dialect),
    #[error("the prompt is longer than the model can read; set LLM_CONTEXT_TOKENS to what it can")]
    ContextTooLong,
    #[error("the model's server answered {status}")]
    Status {
        status: StatusCode,
        /// `Retry-After`, bounded.
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

/// Number of attempts that a failure justifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Never,
    /// The model has answered or started to: each further answer costs money.
    Once,
    /// The failure may be temporary, and nothing was answered.
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

    /// Whether a nearby server fails in this way while it loads its model.
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

    /// The failure for a status and the server's message, for a request in this dialect.
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
            // llama-cpp-python reports this with a 500.
            None if status.is_client_error() || complaint.text.contains("response_format") => Self::BadRequest(status),
            None => Self::Status { status, retry_after },
        }
    }
}

/// The server's error message in lower case, without quotations of the request.
#[derive(Debug, Default)]
pub struct Complaint {
    /// Parameter that it names in a separate field.
    pub parameter: Option<String>,
    pub text: String,
}

impl Complaint {
    /// Parses the forms of OpenAI and OpenRouter, of FastAPI's validation, and takes any other text as it is.
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

/// Location and text of a FastAPI fault, without the input that it quotes.
fn words_of_fault(fault: &Value) -> String {
    let place = fault.get("loc").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let place = place.collect::<Vec<_>>().join(".");
    let message = fault.get("msg").and_then(Value::as_str).unwrap_or_default();
    format!("{place} {message}")
}
