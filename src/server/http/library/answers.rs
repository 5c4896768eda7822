//! `/api/library/answers`: questions, their answers, and the stream of an answer.

use std::{fmt::Write, io, time::Duration};

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Version},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};

use super::{ListParameters, limit, next_cursor};
use crate::{
    domain::library::{Answer, AnswerEvent, AnswerPage, Filters},
    error::ApiError,
    server::{
        events::ping,
        http::{
            json::Json,
            json_body::{JsonObject, missing},
            parameter::{Parameter, invalid_parameter},
            serve::Connection,
            sse::{Framing, OPENING, STREAM_HEADERS, hang_up, write_all},
        },
        library::Library,
        market::event::Event,
        state::AppState,
    },
};

/// Longest silence before a ping.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// A question, and what narrows its search.
#[derive(Serialize, ToSchema)]
pub struct AnswerRequest {
    /// 1 to 2,000 characters.
    question: String,
    document: Option<String>,
    ticker: Option<String>,
    issuer: Option<String>,
    form: Option<String>,
    tag: Option<String>,
    from: Option<i32>,
    to: Option<i32>,
    /// `false`: a company that the question names does not become a filter.
    found: Option<bool>,
}

/// Ask the library. The answer is made whether or not its events are read.
#[utoipa::path(
    post, path = "/api/library/answers", tag = "Library",
    request_body(content = AnswerRequest, example = json!({ "question": "What was revenue in 2022?", "ticker": "BA" })),
    responses((status = 202, description = "It is being answered.", body = Answer))
)]
pub async fn ask(State(state): State<AppState>, mut body: JsonObject) -> Result<Response, ApiError> {
    let wrong = |field: &str| invalid_parameter(field, "it has to be a string");
    let question = body.take_string("question", wrong("question"))?.ok_or_else(|| missing("question"))?;
    let mut text = |field: &str| body.take_string(field, wrong(field));
    let (document, ticker, issuer) = (text("document")?, text("ticker")?, text("issuer")?);
    let (form, tag) = (text("form")?, text("tag")?);
    let mut year = |field: &str| -> Result<Option<i32>, ApiError> {
        let wrong = || invalid_parameter(field, "it has to be a year, such as 2022");
        let number = body.take_number(field, wrong())?;
        number
            .map(|number| number.parse().ok().filter(|year| (1900..=2200).contains(year)).ok_or_else(wrong))
            .transpose()
    };
    let (from, to) = (year("from")?, year("to")?);
    let finds = body.take_bool("found", invalid_parameter("found", "it can be true or false"))?.unwrap_or(true);
    body.finish()?;
    let filters = Filters { document, ticker, issuer, form, tag, from, to, found: Vec::new(), as_given: !finds };
    let answer = state.library.ask(question, filters).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// The answers, newest first, without their statements.
#[utoipa::path(
    get, path = "/api/library/answers", tag = "Library", params(ListParameters),
    responses((status = 200, body = AnswerPage))
)]
pub async fn list(
    State(state): State<AppState>,
    Parameter(parameters): Parameter<ListParameters>,
) -> Result<Json<AnswerPage>, ApiError> {
    let limit = limit(parameters.limit.as_deref())?;
    let (answers, total) = state.library.answers(parameters.cursor, limit).await?;
    let next_cursor =
        next_cursor(answers.len(), limit, answers.last().map(|answer| answer.id.as_str())).map(str::to_owned);
    Ok(Json(AnswerPage { answers, total, next_cursor }))
}

/// An answer with its statements so far.
#[utoipa::path(
    get, path = "/api/library/answers/{id}", tag = "Library", params(("id" = String, Path)),
    responses((status = 200, body = Answer))
)]
pub async fn read(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Answer>, ApiError> {
    state.library.answer(id).await.map(Json)
}

/// Cancel an answer; a finished one keeps its state.
#[utoipa::path(
    post, path = "/api/library/answers/{id}/cancel", tag = "Library", params(("id" = String, Path)),
    responses((status = 200, body = Answer))
)]
pub async fn cancel(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Answer>, ApiError> {
    state.library.cancel_answer(id).await.map(Json)
}

/// `?after=3`, optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AnswerEventsParameters {
    /// Number of the last known event. The header `Last-Event-ID` takes precedence.
    #[param(value_type = Option<u32>)]
    after: Option<String>,
}

/// An answer's events, as server-sent events: `started`, `sources`, a `statement` each once it is checked, and finally
/// `done`, `error` or `cancelled`. `id` is the event's number; `Last-Event-ID` resumes after it. `ping` comes at least
/// every 15 seconds. A stream without a final event was interrupted.
#[utoipa::path(
    get, path = "/api/library/answers/{id}/events", tag = "Library", params(("id" = String, Path), AnswerEventsParameters),
    responses((
        status = 200, description = "A stream that ends with the answer.", content_type = "text/event-stream",
        body = BTreeMap<String, Value>
    ))
)]
pub async fn events(
    State(state): State<AppState>,
    Extension(Connection { client, handoff, .. }): Extension<Connection>,
    version: Version,
    Path(id): Path<String>,
    Parameter(parameters): Parameter<AnswerEventsParameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wrong = |_| invalid_parameter("after", "it has to be the number of an event");
    let after: u32 =
        match headers.get("last-event-id").and_then(|last| last.to_str().ok()).filter(|last| !last.is_empty()) {
            // A browser repeats a number that it was sent; an unknown number is from another stream.
            Some(last) => last.parse().unwrap_or(0),
            None => parameters.after.as_deref().map_or(Ok(0), str::parse).map_err(wrong)?,
        };
    let told = state.library.answers_told();
    // A missing answer is a problem, not a stream.
    state.library.answer_events(id.clone(), u64::from(u32::MAX)).await?;
    let listener = Listener {
        library: state.library.clone(),
        id,
        after: u64::from(after),
        told,
        framing: Framing::for_version(version),
        ping: ping(&state.build),
        progress: state.events.progress(),
        shutdown: state.shutdown.clone(),
    };
    let place = state.streams.take(client)?;
    let rest = move |socket| {
        let told = async move {
            let _place = place;
            listener.run(socket).await
        };
        told.boxed()
    };
    Ok((STREAM_HEADERS, handoff.body(Bytes::from_static(OPENING), Box::new(rest))).into_response())
}

/// A reader of an answer's stream.
struct Listener {
    library: Library,
    id: String,
    after: u64,
    told: watch::Receiver<u64>,
    framing: Framing,
    ping: String,
    progress: Duration,
    shutdown: CancellationToken,
}

impl Listener {
    async fn run(mut self, socket: TcpStream) -> io::Result<()> {
        tokio::select! {
            ended = hang_up(&socket) => ended,
            told = self.tell(&socket) => told,
        }
    }

    /// Sends existing events, then new ones, until the answer's last event.
    async fn tell(&mut self, socket: &TcpStream) -> io::Result<()> {
        loop {
            self.told.mark_unchanged();
            let Ok(events) = self.library.answer_events(self.id.clone(), self.after).await else {
                return write_all(socket, self.framing.end(), self.progress).await;
            };
            let is_over = events.last().is_some_and(|(_, event)| event.is_last());
            self.after = events.last().map_or(self.after, |(number, _)| *number);
            let text = frame(&events);
            if is_over {
                let last = self.framing.end_with(&Event::of(text.as_bytes()));
                return write_all(socket, last, self.progress).await;
            }
            if !text.is_empty() {
                self.say(socket, &text).await?;
            } else if self.is_over_already().await {
                return write_all(socket, self.framing.end(), self.progress).await;
            }
            let mut ping_at = Instant::now() + PING_INTERVAL;
            loop {
                tokio::select! {
                    () = self.shutdown.cancelled() => return write_all(socket, self.framing.end(), self.progress).await,
                    () = sleep_until(ping_at) => {
                        ping_at = Instant::now() + PING_INTERVAL;
                        let ping = self.ping.clone();
                        self.say(socket, &ping).await?;
                    }
                    // The sender lives as long as the library, which this holds.
                    _ = self.told.changed() => break,
                }
            }
        }
    }

    /// Whether the reader has the answer's last event.
    async fn is_over_already(&self) -> bool {
        let answer = self.library.answer(self.id.clone()).await;
        answer.is_ok_and(|answer| answer.finished_at.is_some())
    }

    async fn say(&self, socket: &TcpStream, text: &str) -> io::Result<()> {
        write_all(socket, self.framing.of(&Event::of(text.as_bytes())), self.progress).await
    }
}

/// Events as text.
fn frame(events: &[(u64, AnswerEvent)]) -> String {
    let mut text = String::new();
    for (number, event) in events {
        let data =
            serde_json::to_value(event).ok().and_then(|mut event| event.get_mut("data").map(serde_json::Value::take));
        let data = data.unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "event: {}\nid: {number}\ndata: {data}\n\n", event.name());
    }
    text
}
