//! `/api/stream/prices`: server-sent events, one a tick.
//!
//! Here a stream is asked for and begins; what each tick goes through from there is in `fan_out`.

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

/// The most tickers that one stream may choose; without a choice it has all of them.
const CHOSEN_TICKERS_MAX: usize = 100;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/stream/prices", get(prices))
}

/// `?changes=only&tickers=AAPL,MSFT`, both optional; or `?format=compact` alone.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StreamParameters {
    /// `only`: after the first event, only the tickers whose price changed; no event when none did.
    #[param(example = "only")]
    changes: Option<String>,
    /// Only these, separated by commas; at most 100.
    #[param(example = "AAPL,MSFT")]
    tickers: Option<String>,
    /// `compact`: every ticker in about a byte a tick, for readers that keep what they were told; see the stream's own
    /// description. It goes with none of the others.
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

/// Prices as they come: server-sent events, one a tick. Each `data` is an object of quotes by ticker; `id` is the tick's
/// version. A slow reader gets the newest state, and a reconnection starts with everything. `event: ping` comes at least
/// every 15 seconds, with the build of the page that belongs to this server; `event: error` before the server closes a
/// stream for a fault, `event: done` before it closes one on shutdown.
///
/// `?format=compact` is what the page itself reads: each `data` is either a key frame, `K<version> <unix ms>` and, for
/// each ticker, ` TICKER:price:previous price:previous close[:unix ms][?]`, prices in hundredths of a cent, `?` after a stale
/// one, and at its end ` @` with the market's status (how current prices are, `+` while orders are filled, the trading day's
/// date, start and end in Unix seconds, a note); or a change,
/// `D<version> <unix ms> <step> <moves>`, with for each ticker of the last key frame, in its order, by how many steps (in
/// hundredths of a cent) its price moved, as Base64 VLQ; `!` and such a number skip tickers that were not traded, and
/// those left out at the end were not traded either. A key frame comes first, every 30 seconds, after a tick was missed,
/// and whenever a change could not say it all.
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

/// How a stream begins. One that the page reads tells it at once which build this server belongs to, before any frame that
/// an older one could not read.
fn opening(choice: &Choice, build: &str) -> Bytes {
    match choice {
        Choice::Json(_) => Bytes::from_static(OPENING),
        Choice::Compact => format!("retry: 1000\n{}", ping(build)).into(),
    }
}
