//! How the page calls a server function.
//!
//! Leptos would compile the whole request and its answer for each function. Here each has its own arguments and its own
//! result only, and all share one way of asking.

use std::pin::Pin;

use http::Method;
use leptos::server_fn::{Http, Protocol, client::Client, codec::Json, server::Server};
use send_wrapper::SendWrapper;
use serde::{Serialize, de::DeserializeOwned};

use super::{Wire, read};
use crate::{error::ApiError, interop::post::post};

/// HTTP, with JSON both ways.
pub struct Ask;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, ApiError> for Ask
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
        let answer = ask(path, body).await?;
        read(&answer).map_err(|_| ApiError::Unreachable)
    }
}

type Answered<'a> = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send + 'a>>;

fn ask(path: &str, body: String) -> Answered<'_> {
    // The browser has one thread, which the future never leaves.
    Box::pin(SendWrapper::new(async move {
        let answer = post(path, body).await.map_err(|_| ApiError::Unreachable)?;
        if answer.is_good { Ok(answer.text) } else { Err(read(&answer.text).unwrap_or(ApiError::Unreachable)) }
    }))
}
