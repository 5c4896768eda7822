//! `/api/stream/prices`: server-sent events, one a tick.
//!
//! Every connection writes the same bytes: the frame that the feed wrote once. A connection holds the newest tick only.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::stream;
use serde::Deserialize;
use tokio::{sync::watch, time::Instant};
use utoipa::IntoParams;

use super::{
    limits::StreamPlace,
    parameter::{Parameter, invalid_parameter},
    serve::ClientIp,
};
use crate::{
    domain::quote::Quote,
    error::ApiError,
    server::{
        ledger::TickerSet,
        market::{
            feed::Tick,
            frame::{Choice, JsonChoice},
        },
        metrics::Metrics,
        state::AppState,
    },
};

/// A silent connection is written a comment after this long, at the feed's next beat, so that proxies keep it open.
const COMMENT_INTERVAL: Duration = Duration::from_secs(10);

/// The most tickers that one stream may choose; without a choice it has all of them.
const CHOSEN_TICKERS_MAX: usize = 100;

const OPENING: Bytes = Bytes::from_static(b"retry: 1000\n\n");
const COMMENT: Bytes = Bytes::from_static(b": still here\n\n");
const DONE: Bytes =
    Bytes::from_static(b"event: done\ndata: {\"code\":\"shutdown\",\"detail\":\"The server is shutting down.\"}\n\n");

pub fn router() -> Router<AppState> {
    Router::new().route("/stream/prices", get(prices))
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
/// version. A slow reader gets the newest state, and a reconnection starts with everything. `event: error` comes before
/// the server closes a stream for a fault, `event: done` before it closes one on shutdown.
///
/// `?format=compact` is what the page itself reads: each `data` is either a key frame, `K<version> <unix ms>` and, for
/// each ticker, ` TICKER:price:previous price:opening price[:unix ms]`, prices in hundredths of a cent; or a change,
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
    Extension(client): Extension<ClientIp>,
    Parameter(parameters): Parameter<StreamParameters>,
) -> Result<Response, ApiError> {
    let reader = Reader {
        choice: parameters.choice()?,
        metrics: state.metrics.clone(),
        _place: state.streams.take(client)?,
        ticks: state.feed.subscribe(),
        seen: None,
        spoken_at: Instant::now(),
        progress: Progress::Opening,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(stream::unfold(reader, Reader::next))).into_response())
}

/// One connection: what it wants, and how far it is.
struct Reader {
    choice: Choice,
    metrics: Metrics,
    /// Given back when the connection closes.
    _place: StreamPlace,
    /// Closed by the feed at shutdown.
    ticks: watch::Receiver<Arc<Tick>>,
    /// The version of the tick that it was last told, or that had nothing to tell it.
    seen: Option<u64>,
    /// When it was last written anything.
    spoken_at: Instant,
    progress: Progress,
}

enum Progress {
    Opening,
    Running,
    Ended,
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let bytes = match self.progress {
            Progress::Opening => {
                self.progress = Progress::Running;
                // The tick there is now is the first frame.
                self.ticks.mark_changed();
                OPENING
            }
            Progress::Running => self.next_frame().await,
            Progress::Ended => return None,
        };
        Some((Ok(bytes), self))
    }

    /// Has no timer of its own: setting one costs as much as the rest of a frame.
    async fn next_frame(&mut self) -> Bytes {
        while self.ticks.changed().await.is_ok() {
            if let Some(frame) = self.frame() {
                self.spoken_at = Instant::now();
                return frame;
            }
            if self.spoken_at.elapsed() >= COMMENT_INTERVAL {
                self.spoken_at = Instant::now();
                return COMMENT;
            }
        }
        self.progress = Progress::Ended;
        DONE
    }

    /// What there is to tell of the newest tick; nothing when it is known.
    fn frame(&mut self) -> Option<Bytes> {
        let tick = Arc::clone(&self.ticks.borrow_and_update());
        let before = self.seen.replace(tick.version);
        if before == Some(tick.version) {
            return None;
        }
        let seen = before.unwrap_or_default();
        let frame = tick.frame(&self.choice, seen);
        // One who has just come missed none.
        let skipped = tick.version.saturating_sub(seen + 1);
        if seen > 0 && skipped > 0 {
            self.metrics.ticks_skipped(skipped);
        }
        if frame.is_some() {
            self.metrics.frame_sent();
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::time::sleep;

    use super::*;
    use crate::{
        domain::quote::Quotes,
        server::{config::Config, http::StreamPlaces, market::frame::JsonChoice},
    };

    fn reader(ticks: watch::Receiver<Arc<Tick>>) -> Reader {
        let (limits, metrics) = (Config::from_lookup(|_| None).unwrap().limits, Metrics::default());
        Reader {
            choice: Choice::Json(JsonChoice::default()),
            metrics: metrics.clone(),
            _place: StreamPlaces::new(&limits, metrics).take(ClientIp(Ipv4Addr::LOCALHOST.into())).unwrap(),
            ticks,
            seen: None,
            spoken_at: Instant::now(),
            progress: Progress::Running,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_says_so_at_the_first_beat_after_a_while() {
        let tick = |version| Arc::new(Tick::new(version, Quotes::default()));
        let (sender, ticks) = watch::channel(tick(1));
        let mut reader = reader(ticks);
        let started = Instant::now();
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            sender.send_replace(tick(2));
            for _ in 0..6 {
                sleep(Duration::from_secs(4)).await;
                sender.send_modify(|_| {});
            }
        });
        assert!(reader.next_frame().await.starts_with(b"id: 2\n"));
        for comment_at in [13, 25] {
            assert_eq!(reader.next_frame().await, COMMENT);
            assert_eq!(started.elapsed().as_secs(), comment_at);
        }
        assert_eq!(reader.next_frame().await, DONE, "the feed is gone");
    }
}
