//! `/api/stream/prices`: server-sent events, one per tick.
//!
//! This module parses the request and opens the stream; `fan_out` then sends the ticks.

mod fan_out;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::State,
    http::Version,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::FutureExt;
use serde::Deserialize;
use utoipa::IntoParams;

pub use self::fan_out::FanOut;

use super::{
    parameter::{Parameter, invalid_parameter},
    serve::Connection,
    sse::{Framing, OPENING, STREAM_HEADERS},
};
use crate::{
    domain::quote::Quote,
    error::ApiError,
    server::{
        events::ping,
        ledger::TickerSet,
        market::frame::{Choice, JsonChoice},
        state::AppState,
    },
};

/// Most tickers that a stream may select; by default it has all of them.
const CHOSEN_TICKERS_MAX: usize = 100;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/stream/prices", get(prices))
}

/// `?changes=only&tickers=AAPL,MSFT`, both optional; or `?format=compact` alone.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StreamParameters {
    /// `only`: after the first event, only tickers whose price changed; no event if none did.
    #[param(example = "only")]
    changes: Option<String>,
    /// Only these, separated by commas; at most 100.
    #[param(example = "AAPL,MSFT")]
    tickers: Option<String>,
    /// `compact`: every ticker in about a byte a tick, for readers that keep state; see the stream's description. It
    /// cannot be combined with the other parameters.
    #[param(example = "compact")]
    format: Option<String>,
}

impl StreamParameters {
    fn choice(&self) -> Result<Choice, ApiError> {
        match self.format.as_deref() {
            None => {}
            Some("compact") if self.changes.is_none() && self.tickers.is_none() => return Ok(Choice::Compact),
            Some("compact") => {
                return Err(invalid_parameter("format", "compact frames hold every ticker and only changes"));
            }
            Some(_) => return Err(invalid_parameter("format", "it can only be \"compact\"")),
        }
        let changes_only = match self.changes.as_deref() {
            None => false,
            Some("only") => true,
            Some(_) => return Err(invalid_parameter("changes", "it can only be \"only\"")),
        };
        let tickers = match &self.tickers {
            None => None,
            Some(list) => Some(read_tickers(list)?),
        };
        Ok(Choice::Json(JsonChoice { tickers, changes_only }))
    }
}

fn read_tickers(list: &str) -> Result<TickerSet, ApiError> {
    let tickers: TickerSet = list.split(',').map(str::parse).collect::<Result<_, _>>()?;
    if tickers.len() > CHOSEN_TICKERS_MAX {
        return Err(invalid_parameter("tickers", &format!("it can name at most {CHOSEN_TICKERS_MAX}")));
    }
    Ok(tickers)
}

/// Prices as server-sent events, one per tick. Each `data` is an object of quotes by ticker; `id` is the tick's
/// version. A slow reader gets the newest state, and a reconnection starts with everything. `event: ping` comes at
/// least every 15 seconds, with the build of the page that belongs to this server; `event: error` before the server
/// closes a stream because of an error, `event: done` before it closes one on shutdown.
///
/// `?format=compact` is the page's own format: each `data` is either a key frame, `K<version> <unix ms>` and, for each
/// ticker, ` TICKER:price:previous price:previous close[:unix ms][?]`, prices in hundredths of a cent, `?` after a
/// stale one, and at its end ` @` with the market's status (how current prices are, `+` while orders are filled, the
/// trading day's date, start and end in Unix seconds, a note); or a change, `D<version> <unix ms> <step> <moves>`, with
/// for each ticker of the last key frame, in its order, the number of steps (in hundredths of a cent) by which its
/// price moved, as Base64 VLQ; `!` and such a number skip tickers that were not traded, and those omitted at the end
/// were not traded either. A key frame comes first, every 30 seconds, after a missed tick, and whenever a change cannot
/// express everything.
#[utoipa::path(
    get, path = "/api/stream/prices", tag = "Prices", params(StreamParameters),
    responses((
        status = 200, description = "A stream without an end.", content_type = "text/event-stream",
        body = BTreeMap<String, Quote>
    ))
)]
pub async fn prices(
    State(state): State<AppState>,
    Extension(Connection { client, handoff, .. }): Extension<Connection>,
    version: Version,
    Parameter(parameters): Parameter<StreamParameters>,
) -> Result<Response, ApiError> {
    let choice = parameters.choice()?;
    let framing = Framing::for_version(version);
    let opening = opening(&choice, &state.build);
    let (place, fan_out) = (state.streams.take(client)?, state.fan_out.clone());
    let rest = move |socket| {
        let told = async move {
            let _place = place;
            fan_out.tell(socket, choice, framing).await
        };
        told.boxed()
    };
    Ok((STREAM_HEADERS, handoff.body(opening, Box::new(rest))).into_response())
}

/// First bytes of a stream. The page's own stream starts with the server's build, before any frame that an older page
/// could not read.
fn opening(choice: &Choice, build: &str) -> Bytes {
    match choice {
        Choice::Json(_) => Bytes::from_static(OPENING),
        Choice::Compact => format!("retry: 1000\n{}", ping(build)).into(),
    }
}
