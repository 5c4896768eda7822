//! `/api/events`: the account's changes, as server-sent events.

use axum::{
    Extension, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Version},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::FutureExt;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    parameter::{Parameter, invalid_parameter},
    serve::Connection,
    sse::{Framing, OPENING, STREAM_HEADERS},
};
use crate::{
    domain::event::EventKind,
    error::ApiError,
    server::{
        caller::Caller,
        events::{Choice, Listener},
        state::AppState,
    },
};

/// Header in which a reconnecting browser sends the last `id` it saw.
const LAST_EVENT_ID: &str = "last-event-id";

/// A number after every event, which makes the listener read everything anew.
const UNKNOWN: i64 = i64::MAX;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/events", get(events))
}

/// `?after=41&types=account,chat`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsParameters {
    /// Number of the last known event; later ones are sent first. The header `Last-Event-ID` takes precedence.
    #[param(value_type = Option<u64>, example = 41)]
    after: Option<String>,
    /// Only events of these types, separated by commas.
    #[param(example = "account,chat")]
    types: Option<String>,
}

impl EventsParameters {
    fn choice(&self) -> Result<Choice, ApiError> {
        let Some(list) = &self.types else {
            return Ok(Choice::default());
        };
        let kinds: Result<Vec<EventKind>, _> = list.split(',').map(|name| name.trim().parse()).collect();
        Ok(Choice::of(kinds.map_err(|why| invalid_parameter("types", &why.to_string()))?))
    }

    fn after(&self, headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
        let number = |text: &str| text.parse().ok().filter(|number| *number >= 0);
        // A browser repeats a number that it was sent; an unknown number is from another server.
        if let Some(last) = headers.get(LAST_EVENT_ID).filter(|last| !last.is_empty()) {
            return Ok(Some(last.to_str().ok().and_then(number).unwrap_or(UNKNOWN)));
        }
        let wrong = || invalid_parameter("after", "it has to be the number of an event");
        self.after.as_deref().map(|text| number(text).ok_or_else(wrong)).transpose()
    }
}

/// All changes of the account as server-sent events, in order. `id` is the account's sequence number; `event` the type:
/// `account` (cash or positions; `"reset": true` if the account started over), `watchlist`, `chat`, `settings`,
/// `document`, `task`, `answer` and others to come. `data` identifies the changed object: `{"kind","id","version"}` and
/// the few fields of a list. Several changes of one object may be sent as one event, so numbers may skip without a
/// loss. At most two frames are sent per second.
///
/// Without `after`, the first event is `hello`, with the stream's starting number. With `after`, or with
/// `Last-Event-ID`, missed events are sent first. The latest 10,000 changes are stored; after a longer gap, `reset`
/// asks to read everything anew. `ping` comes at least every 15 seconds, with the build of the page that belongs to
/// this server; `error` before the server closes a stream because of an error, `done` before it closes one on shutdown.
#[utoipa::path(
    get, path = "/api/events", tag = "Portfolio", params(EventsParameters),
    responses((
        status = 200, description = "A stream without an end.", content_type = "text/event-stream",
        body = BTreeMap<String, Value>
    ))
)]
pub async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Extension(Connection { client, handoff, .. }): Extension<Connection>,
    version: Version,
    Parameter(parameters): Parameter<EventsParameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let listener = Listener {
        events: state.events.of(caller.account),
        choice: parameters.choice()?,
        after: parameters.after(&headers)?,
        framing: Framing::for_version(version),
        build: state.build.clone(),
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
