//! The stream itself: one event source, opened again, after a while, whenever it ends.

use std::{cell::Cell, pin::pin, time::Duration};

use futures::{
    StreamExt,
    channel::oneshot,
    future::{Either, select},
    stream::select_all,
};
use gloo_net::eventsource::{State, futures::EventSource};
use gloo_timers::future::sleep;
use leptos::{ev, prelude::window_event_listener};
use serde::Deserialize;
use wasm_bindgen::JsCast;

use super::tabs::News;
use crate::{
    app::market::{Connection, Notice},
    wire,
};

const STREAM_URL: &str = "/api/stream/prices?format=compact";

/// The first wait before the stream is opened again; it doubles with every attempt…
const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// …up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(15);

/// After so many attempts in vain the page no longer says that it is about to be connected.
const ATTEMPTS_BEFORE_DISCONNECTED: u32 = 6;

/// A stream that is silent for so long is dead: there are two frames a second, and proxies can hold a connection open.
pub const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Tells what the stream brings, and how the connection stands, for ever.
pub async fn run(tell: impl Fn(News)) {
    let mut attempt = 0;
    // What the server, or the silence, said last holds until prices come again.
    let mut said = None;
    loop {
        let end = listen(&tell, &mut attempt).await;
        if attempt == 0 {
            said = None;
        }
        attempt += 1;
        let is_refused = matches!(end, End::Refused);
        if let End::Lost(Some(words)) = end {
            said = Some(words);
        }
        let connection = match attempt {
            ..=ATTEMPTS_BEFORE_DISCONNECTED if !is_refused => Connection::Reconnecting { attempt },
            _ => Connection::Disconnected { attempt },
        };
        let problem = said.clone().or_else(|| is_refused.then(|| "The server refuses the price stream.".to_owned()));
        tell(News::Notice(Notice { connection, problem }));
        wait(backoff(attempt, js_sys::Math::random())).await;
    }
}

/// Waits so long, or until the browser says that it has a network again.
async fn wait(time: Duration) {
    let (sender, is_online) = oneshot::channel();
    let sender = Cell::new(Some(sender));
    let listener = window_event_listener(ev::online, move |_| {
        if let Some(sender) = sender.take() {
            // Nobody waits any more when the time was up first.
            let _ = sender.send(());
        }
    });
    select(is_online, pin!(sleep(time))).await;
    listener.remove();
}

/// How a stream ended.
enum End {
    /// The connection broke, or the server said that it stops, and perhaps why.
    Lost(Option<String>),
    /// The server answered something else than a stream.
    Refused,
}

/// What the server says before it ends a stream.
#[derive(Deserialize)]
struct LastWords {
    detail: String,
}

/// Opens the stream and tells its frames until it ends; the first one sets `attempt` back.
async fn listen(tell: &impl Fn(News), attempt: &mut u32) -> End {
    let Ok(mut source) = EventSource::new(STREAM_URL) else {
        return End::Refused;
    };
    // An "error" is both the browser's own event and one that the server sends; either ends the stream. It comes first:
    // every subscription reports it in its turn, and the others do so without what it says.
    let subscriptions: Result<Vec<_>, _> =
        ["error", "message", "done"].map(|kind| source.subscribe(kind)).into_iter().collect();
    let Ok(subscriptions) = subscriptions else {
        return End::Refused;
    };
    let mut events = select_all(subscriptions);
    loop {
        let event = match select(events.next(), pin!(sleep(SILENCE_MAX))).await {
            Either::Left((event, _)) => event,
            Either::Right(_) => return End::Lost(Some("The price stream fell silent.".to_owned())),
        };
        let Some(Ok((kind, message))) = event else {
            break;
        };
        let data = message.data();
        if kind != "message" {
            // The browser's own error has no data.
            let words = data.as_string().and_then(|text| wire::read::<LastWords>(&text).ok());
            if words.is_none() {
                break;
            }
            return End::Lost(words.map(|words| words.detail));
        }
        let Ok(frame) = data.dyn_into() else {
            return End::Refused;
        };
        *attempt = 0;
        tell(News::Frame(frame));
    }
    if matches!(source.state(), State::Closed) { End::Refused } else { End::Lost(None) }
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
