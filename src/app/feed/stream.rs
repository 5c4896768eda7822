//! A stream: an event source that is reopened, after a delay, whenever it ends.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    time::Duration,
};

use futures::{
    StreamExt,
    channel::oneshot,
    future::{Either, select},
    stream::select_all,
};
use gloo_net::eventsource::{State, futures::EventSource};
use gloo_timers::future::sleep;
use js_sys::{Date, JsString};
use leptos::{ev, prelude::window_event_listener};
use serde::Deserialize;
use wasm_bindgen::JsCast;
use web_sys::MessageEvent;

use crate::{
    app::market::{Connection, Notice},
    domain::event::PING_INTERVAL_MAX,
    wire,
};

/// First delay before the stream is reopened; it doubles with every attempt…
const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// …up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(15);

/// Failed attempts after which the page shows that it is disconnected.
const ATTEMPTS_BEFORE_DISCONNECTED: u32 = 6;

/// Silence after which a stream is dead, even if a proxy holds its connection open: longer than the server's ping
/// interval, plus a delay in transit.
const SILENCE_MAX_MS: f64 = PING_INTERVAL_MAX.as_millis() as f64 + 5_000.0;

/// Interval of checking for silence, by the clock, since timers stop while the machine sleeps.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A stream to follow.
pub struct Stream<'a> {
    /// Returns the address, at each attempt.
    pub address: &'a dyn Fn() -> String,
    /// Names of the wanted events.
    pub kinds: &'a [&'a str],
    /// Called with each event's name, its data, and the event.
    pub tell: &'a dyn Fn(&str, JsString, &MessageEvent),
    /// Called when the stream is lost.
    pub tell_notice: &'a dyn Fn(Notice),
}

impl Stream<'_> {
    /// Reports the stream's events and the connection's state, for ever.
    pub async fn run(&self) {
        let mut attempt = 0;
        // The last words of the server, or about its silence, hold until there are new events.
        let mut said = None;
        loop {
            let end = self.listen(&mut attempt).await;
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
            let problem =
                said.clone().or_else(|| is_refused.then(|| "The server refuses the price stream.".to_owned()));
            (self.tell_notice)(Notice { connection, problem });
            wait(backoff(attempt, js_sys::Math::random())).await;
        }
    }

    /// Opens the stream and reports its events until it ends; the first one resets `attempt`.
    async fn listen(&self, attempt: &mut u32) -> End {
        let Ok(mut source) = EventSource::new(&(self.address)()) else {
            return End::Refused;
        };
        // An "error" is both the browser's own event and one of the server's; either ends the stream. It is first in
        // the list: every subscription reports it in turn, and the others without its data.
        let kinds = ["error", "done"].iter().chain(self.kinds);
        let subscriptions: Result<Vec<_>, _> = kinds.map(|kind| source.subscribe(*kind)).collect();
        let Ok(subscriptions) = subscriptions else {
            return End::Refused;
        };
        let mut events = select_all(subscriptions);
        let heard_at_ms = Cell::new(Date::now());
        let mut silence = pin!(silence(&heard_at_ms));
        loop {
            let event = match select(events.next(), silence.as_mut()).await {
                Either::Left((event, _)) => event,
                Either::Right(_) => return End::Lost(Some("The price stream fell silent.".to_owned())),
            };
            let Some(Ok((kind, message))) = event else {
                break;
            };
            heard_at_ms.set(Date::now());
            let data = message.data();
            if matches!(&*kind, "error" | "done") {
                // The browser's own error has no data.
                let words = data.as_string().and_then(|text| wire::read::<LastWords>(&text).ok());
                if words.is_none() {
                    break;
                }
                return End::Lost(words.map(|words| words.detail));
            }
            let Ok(data) = data.dyn_into() else {
                return End::Refused;
            };
            *attempt = 0;
            (self.tell)(&kind, data, &message);
        }
        if matches!(source.state(), State::Closed) { End::Refused } else { End::Lost(None) }
    }
}

/// End of a stream.
enum End {
    /// The connection broke, or the server announced its stop, possibly with a reason.
    Lost(Option<String>),
    /// The server's response was not a stream.
    Refused,
}

/// The server's data of its last event.
#[derive(Deserialize)]
struct LastWords {
    detail: String,
}

/// Waits until nothing was received for too long. A page that becomes visible checks at once.
async fn silence(heard_at_ms: &Cell<f64>) {
    while Date::now() - heard_at_ms.get() < SILENCE_MAX_MS {
        wait(LOOK_EVERY).await;
    }
}

/// Waits for a time, or until the browser is online again, or shows the page again.
pub async fn wait(time: Duration) {
    let (sender, is_back) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let wake = move || {
        if let Some(sender) = sender.take() {
            // The receiver is gone if the time was over first.
            let _ = sender.send(());
        }
    };
    let (online, shown) = (wake.clone(), wake.clone());
    let listeners = [
        window_event_listener(ev::online, move |_| online()),
        window_event_listener(ev::visibilitychange, move |_| shown()),
        window_event_listener(ev::pageshow, move |_| wake()),
    ];
    select(is_back, pin!(sleep(time))).await;
    listeners.into_iter().for_each(|listener| listener.remove());
}

/// Doubles with each attempt, and is spread by `random` (0 to 1) so that pages do not all reconnect at once.
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
