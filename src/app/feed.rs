//! The price feed: one event source, kept open, whose ticks go to the market store.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use futures::{StreamExt, stream::select_all};
use gloo_net::eventsource::{State, futures::EventSource};
use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};

use super::market::{Connection, Market};
use crate::domain::{quote::Quote, ticker::Ticker};

const STREAM_URL: &str = "/api/stream/prices";

/// The first wait before the stream is opened again; it doubles with every attempt…
const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// …up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(15);

/// After so many attempts in vain the page no longer says that it is about to be connected.
const ATTEMPTS_BEFORE_DISCONNECTED: u32 = 6;

/// A stream that is silent for so long is dead: there are two frames a second, and proxies can hold a connection open.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Keeps the market up to date for as long as the calling component stands.
pub fn follow_prices(market: Market) {
    Effect::new(move || spawn_local_scoped_with_cancellation(run(market)));
}

async fn run(market: Market) {
    let mut attempt = 0;
    loop {
        let end = listen(market, &mut attempt).await;
        attempt += 1;
        market.connection.set(match end {
            End::Lost if attempt <= ATTEMPTS_BEFORE_DISCONNECTED => Connection::Reconnecting { attempt },
            End::Lost | End::Refused => Connection::Disconnected,
        });
        sleep(backoff(attempt, js_sys::Math::random())).await;
    }
}

/// How a stream ended.
enum End {
    /// The connection broke, or the server said that it stops.
    Lost,
    /// The server answered something else than a stream.
    Refused,
}

/// Opens the stream and takes in its ticks until it ends; the first one sets `attempt` back.
async fn listen(market: Market, attempt: &mut u32) -> End {
    let Ok(mut source) = EventSource::new(STREAM_URL) else {
        return End::Refused;
    };
    // An "error" is both the browser's own event and one that the server sends; either ends the stream.
    let subscriptions: Result<Vec<_>, _> =
        ["message", "error", "done"].map(|kind| source.subscribe(kind)).into_iter().collect();
    let Ok(subscriptions) = subscriptions else {
        return End::Refused;
    };
    let mut events = select_all(subscriptions);
    let mut catches_up = true;
    loop {
        let silence = pin!(sleep(SILENCE_MAX));
        let event = match futures::future::select(events.next(), silence).await {
            futures::future::Either::Left((event, _)) => event,
            futures::future::Either::Right(_) => return End::Lost,
        };
        let Some(Ok((kind, message))) = event else {
            break;
        };
        if kind != "message" {
            break;
        }
        let Some(quotes) = message.data().as_string().and_then(|text| read_frame(&text)) else {
            return End::Refused;
        };
        market.apply(quotes.into_values(), !catches_up);
        catches_up = false;
        *attempt = 0;
        if market.connection.get_untracked() != Connection::Connected {
            market.connection.set(Connection::Connected);
        }
    }
    if matches!(source.state(), State::Closed) { End::Refused } else { End::Lost }
}

fn read_frame(text: &str) -> Option<BTreeMap<Ticker, Quote>> {
    serde_json::from_str(text).ok()
}

/// Doubles with each attempt, and is spread by `random` (0 to 1) so that pages do not all come back at once.
fn backoff(attempt: u32, random: f64) -> Duration {
    let whole = BACKOFF_MIN.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(BACKOFF_MAX);
    whole.mul_f64(0.5 + random / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_to_a_bound_and_is_spread() {
        assert_eq!(backoff(1, 1.0), BACKOFF_MIN);
        assert_eq!(backoff(1, 0.0), BACKOFF_MIN / 2);
        assert_eq!(backoff(3, 1.0), BACKOFF_MIN * 4);
        assert_eq!(backoff(u32::MAX, 1.0), BACKOFF_MAX);
    }
}
