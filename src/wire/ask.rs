//! Calls of server functions from the page.
//!
//! Leptos would compile the whole request and response for each function. Here only arguments and results are separate,
//! and all share one request function.

use std::pin::Pin;

use http::Method;
use leptos::server_fn::{Http, Protocol, client::Client, codec::Json, server::Server};
use send_wrapper::SendWrapper;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Wire, pause, read};
use crate::{
    error::ApiError,
    interop::post::{Answer, post, send},
};

/// HTTP, with JSON both ways.
pub struct Call<const IS_QUESTION: bool>;

/// For calls without changes: they wait while the server limits requests, and are sent again.
pub type Question = Call<true>;

/// For calls that make changes: sent once. The caller decides whether to send them again.
pub type Command = Call<false>;

/// Most attempts at a question while the server asks to wait.
const TRIES_MAX: u32 = 4;

impl<Input, Output, C, S, const IS_QUESTION: bool> Protocol<Input, Output, C, S, ApiError> for Call<IS_QUESTION>
where
    Input: Serialize + Send,
    Output: DeserializeOwned + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
    Http<Json, Wire>: Protocol<Input, Output, C, S, ApiError>,
{
    const METHOD: Method = Method::POST;

    fn run_server<F, Fut>(
        request: S::Request,
        server_fn: F,
    ) -> impl Future<Output = Result<S::Response, ApiError>> + Send
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, ApiError>> + Send,
    {
        Http::<Json, Wire>::run_server(request, server_fn)
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, ApiError> {
        let body = serde_json::to_string(&input).map_err(|_| ApiError::Internal)?;
        let answer = ask(Asked { method: None, path, body: Some(body) }, IS_QUESTION).await?;
        read(&answer).map_err(|_| ApiError::Unreachable)
    }
}

type Answered<'a> = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send + 'a>>;

/// A request.
struct Asked<'a> {
    /// Nothing for a server function.
    method: Option<&'static str>,
    path: &'a str,
    body: Option<String>,
}

/// Asks the REST API, with JSON as a body or without one; gives the answer's text. A GET waits while the server is asked too
/// much, anything else is sent once.
///
/// # Errors
/// What the server says, or that it could not be reached.
pub async fn ask_rest(method: &'static str, path: &str, body: Option<String>) -> Result<String, ApiError> {
    ask(Asked { method: Some(method), path, body }, method == "GET").await
}

fn ask(asked: Asked<'_>, is_question: bool) -> Answered<'_> {
    // The browser has one thread, which the future never leaves.
    Box::pin(SendWrapper::new(async move {
        let mut tries = 0;
        loop {
            pause::pass(is_question).await?;
            let body = asked.body.as_deref();
            let answer = match asked.method {
                Some(method) => send(method, asked.path, body).await,
                None => post(asked.path, body.unwrap_or_default()).await,
            };
            let answer = answer.map_err(|_| ApiError::Unreachable)?;
            if answer.status < 400 {
                return Ok(answer.text);
            }
            tries += 1;
            let refusal = match asked.method {
                Some(_) => refusal_of_rest(&answer),
                None => refusal(&answer),
            };
            let Some(seconds) = answer.retry_after_seconds.or(refusal.retry_after_seconds()) else {
                return Err(refusal);
            };
            pause::begin(seconds);
            if !is_question || tries == TRIES_MAX {
                return Err(refusal);
            }
        }
    }))
}

/// Detail of a problem (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// Wait after a 429 without `Retry-After`.
const RETRY_SECONDS_ASSUMED: u32 = 1;

/// The error of an unsuccessful response: the server's own text, or a proxy's status.
fn refusal(answer: &Answer) -> ApiError {
    match answer.status {
        // Functions are the page's own: one that is gone went with the page's build.
        404 => ApiError::Told { detail: "FinAlly was updated: reload the page. What you typed is kept.".to_owned() },
        _ => refusal_of_rest(answer),
    }
}

/// The same where the server may well have nothing at an address: what was there was deleted.
pub fn refusal_of_rest(answer: &Answer) -> ApiError {
    let problem = read::<Problem>(&answer.text);
    match (answer.status, problem) {
        (429, _) => ApiError::TooManyRequests {
            retry_after_seconds: answer.retry_after_seconds.unwrap_or(RETRY_SECONDS_ASSUMED),
        },
        // It may have happened after the deed.
        (500, Ok(_)) => ApiError::Internal,
        (_, Ok(Problem { detail })) => ApiError::Told { detail },
        (500.., Err(_)) => ApiError::Unreachable,
        (status, Err(_)) => {
            ApiError::Told { detail: format!("The server, or a proxy before it, refuses this (status {status}).") }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn answer(status: u16, text: &str, retry_after_seconds: Option<u32>) -> Answer {
        Answer { status, text: text.to_owned(), retry_after_seconds }
    }

    #[rstest]
    #[case::wrong_host(ApiError::WrongHost { host: Some("nas".to_owned()) })]
    #[case::cross_site(ApiError::CrossSite)]
    #[case::late(ApiError::RequestTimeout)]
    #[case::large(ApiError::BodyTooLarge { limit_bytes: 65_536 })]
    #[case::arguments(ApiError::MalformedJson { reason: "missing field `order`".to_owned() })]
    #[case::busy(ApiError::Busy)]
    fn a_problem_is_told_in_its_own_words(#[case] error: ApiError) {
        let problem = serde_json::json!({
            "type": format!("urn:finally:problem:{}", error.code()),
            "title": error.title(),
            "status": error.status().as_u16(),
            "detail": error.to_string(),
            "code": error.code(),
            "request_id": "7",
        });
        let told = refusal(&answer(error.status().as_u16(), &problem.to_string(), None));
        assert_eq!(told, ApiError::Told { detail: error.to_string() });
        assert_eq!(told.to_string(), error.to_string());
    }

    #[rstest]
    #[case::ours(
        429,
        r#"{"detail":"Too many requests; try again in 7 s."}"#,
        Some(7),
        "Too many requests; try again in 7 s."
    )]
    #[case::a_proxy_s(429, "<html>slow down</html>", None, "Too many requests; try again in 1 s.")]
    #[case::proxy_s_limit(
        413,
        "<html>too large</html>",
        None,
        "The server, or a proxy before it, refuses this (status 413)."
    )]
    #[case::after_the_deed(
        500,
        r#"{"detail":"Something"}"#,
        None,
        "Something went wrong on the server; it has been logged."
    )]
    #[case::no_server(502, "<html>bad gateway</html>", None, "The server could not be reached.")]
    #[case::no_server_for_now(503, "", Some(3), "The server could not be reached.")]
    fn each_refusal_is_a_sentence(
        #[case] status: u16,
        #[case] text: &str,
        #[case] retry_after_seconds: Option<u32>,
        #[case] words: &str,
    ) {
        assert_eq!(refusal(&answer(status, text, retry_after_seconds)).to_string(), words);
    }
}
