//! Frames, applied once per animation frame: the newest that came, in one batch.
//!
//! Each frame holds every ticker, so a newer one makes those before it superfluous, and they are not even read.

use std::{collections::BTreeMap, time::Duration};

use js_sys::JsString;
use leptos::{ev, prelude::*};

use crate::{
    app::market::{Connection, Market, Notice},
    domain::{quote::Quote, ticker::Ticker},
};

/// How often a tab that nobody sees takes prices in: its title still tells them.
const HIDDEN_INTERVAL: Duration = Duration::from_secs(5);

struct Waiting {
    frame: JsString,
    /// The prices shown are old, so that their change is no move to flash.
    catches_up: bool,
}

#[derive(Clone, Copy)]
pub struct Frames {
    waiting: StoredValue<Option<Waiting>, LocalStorage>,
    market: Market,
}

impl Frames {
    /// Lives as long as the calling effect.
    pub fn new(market: Market) -> Self {
        let frames = Self { waiting: StoredValue::new_local(None), market };
        let handle = window_event_listener(ev::visibilitychange, move |_| {
            if frames.waiting.with_value(Option::is_some) {
                frames.schedule();
            }
        });
        on_cleanup(move || handle.remove());
        frames
    }

    /// Takes the newest frame, to be applied when the browser draws next.
    pub fn offer(self, frame: JsString) {
        let was_connected = self.market.connection.get_untracked() == Connection::Connected;
        if !was_connected {
            self.market.tell(Notice { connection: Connection::Connected, problem: None });
        }
        let before = self.waiting.try_update_value(Option::take).flatten();
        let is_first = before.is_none();
        let catches_up = !was_connected || document().hidden() || before.is_some_and(|waiting| waiting.catches_up);
        self.waiting.set_value(Some(Waiting { frame, catches_up }));
        self.market.count_frame(js_sys::Date::now());
        if is_first {
            self.schedule();
        }
    }

    /// Browsers draw no hidden tab, so there a timer takes the turn.
    fn schedule(self) {
        let apply = move || {
            if let Some(waiting) = self.waiting.try_update_value(Option::take).flatten() {
                self.apply(waiting);
            }
        };
        if document().hidden() { set_timeout(apply, HIDDEN_INTERVAL) } else { request_animation_frame(apply) }
    }

    fn apply(self, waiting: Waiting) {
        match read(&String::from(waiting.frame)) {
            Some(quotes) => self.market.apply(quotes.into_values(), !waiting.catches_up),
            None => self.market.tell(Notice {
                connection: Connection::Disconnected { attempt: 0 },
                problem: Some("The server sends prices that this page cannot read; reload it.".to_owned()),
            }),
        }
    }
}

fn read(frame: &str) -> Option<BTreeMap<Ticker, Quote>> {
    serde_json::from_str(frame).ok()
}
