//! Requests to massive.com, with their bounds and failures.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

use crate::server::{
    clock::Clock,
    config::MassiveConfig,
    https::{self, BodyError},
    pacing::retry_after,
};

/// Time to connect, TLS included.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// Longest pause within a response.
const SILENCE_MAX: Duration = Duration::from_secs(4);
/// Time for a whole response.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Largest response in bytes: about ten times the size for 250 tickers, or for four days of minutes.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Failure of a request, in words for the log. It never quotes the response, the address or the key.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("massive.com refused the key, or its plan does not include this data ({0}); check MASSIVE_API_KEY")]
    Refused(StatusCode),
    #[error("massive.com answered {status}")]
    Status {
        status: StatusCode,
        /// `Retry-After`, bounded.
        retry_after: Option<Duration>,
    },
    #[error("massive.com could not be asked: {0}")]
    Unreachable(String),
    #[error("the answer is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer is not the documented JSON (line {line}, column {column})")]
    Malformed { line: usize, column: usize },
    #[error("the answer says that the request failed")]
    Failed,
}

impl Failure {
    /// The fault and its remedy, if only a person can fix it.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Refused(StatusCode::UNAUTHORIZED) => Some(
                "The key has no access to real-time snapshots: massive.com does not know it. Check MASSIVE_API_KEY and \
                 start the server again; without a key, prices are simulated.",
            ),
            Self::Refused(_) => Some(
                "The key has no access to real-time snapshots: its plan at massive.com does not include them. Change the \
                 plan, or set another MASSIVE_API_KEY and start the server again; without a key, prices are simulated.",
            ),
            Self::Status { .. } | Self::Unreachable(_) | Self::TooLarge | Self::Malformed { .. } | Self::Failed => None,
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(https::describe(error))
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Broken(cause) => cause.into(),
            BodyError::Silent => Self::Unreachable("the answer stopped in its middle".to_owned()),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { line: error.line(), column: error.column() }
    }
}

/// Client of massive.com. Clones share connections and pauses.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    config: Arc<MassiveConfig>,
    clock: Clock,
    /// Earliest time of the next request.
    quiet_until: Arc<Mutex<Instant>>,
    /// Serialises low-priority requests.
    turn: Arc<Semaphore>,
}

impl Client {
    /// Creates a client.
    ///
    /// # Errors
    /// If the machine lacks the means, such as random numbers.
    pub fn new(config: MassiveConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = https::client_builder_for(&config.base_url)
            .connect_timeout(CONNECT_MAX)
            .read_timeout(SILENCE_MAX)
            .timeout(ANSWER_MAX)
            .build()?;
        let quiet_until = Arc::new(Mutex::new(Instant::now()));
        Ok(Self { http, config: Arc::new(config), clock, quiet_until, turn: Arc::new(Semaphore::new(1)) })
    }

    /// Like [`get`](Self::get), one at a time.
    ///
    /// # Errors
    /// As there.
    pub async fn get_in_turn(&self, path: &str) -> Result<Vec<u8>, Failure> {
        // The semaphore is never closed.
        let _turn = self.turn.acquire().await;
        self.get(path).await
    }

    /// Body of the response to `GET {base}{path}`, once the pause requested by the server is over. The key is sent in a
    /// header, which is never logged.
    ///
    /// # Errors
    /// If there is no response, or it is unsuccessful or exceeds the bounds.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let quiet_until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        sleep_until(quiet_until).await;
        let url = format!("{}{path}", self.config.base_url);
        let response = self.http.get(url).bearer_auth(self.config.api_key.reveal()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(self.failure_of(&response));
        }
        Ok(https::read_body(response, BODY_BYTES_MAX).await?)
    }

    fn failure_of(&self, response: &Response) -> Failure {
        match response.status() {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Failure::Refused(status),
            status => {
                let header = response.headers().get(RETRY_AFTER);
                let retry_after = header.and_then(|header| retry_after(header, (self.clock)()));
                if let Some(wait) = retry_after {
                    let mut quiet_until = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
                    *quiet_until = (*quiet_until).max(Instant::now() + wait);
                }
                Failure::Status { status, retry_after }
            }
        }
    }
}
