//! Frames, applied once per animation frame: all that came since, in one batch. What hangs on many prices at once, the
//! portfolio and the figures that show it, follows, and then what the heatmap and the charts draw of both: in the same
//! animation frame as long as that has taken little, and otherwise in the next, so that none keeps the browser long.

use std::time::Duration;

use futures::channel::oneshot;
use js_sys::{Date, JsString};
use leptos::{ev, prelude::*, task::tick};

use crate::{
    app::{
        effects::detach,
        market::{Connection, Market, Notice},
    },
    domain::compact_frame::{CompactReader, InvalidFrame, KEY_FRAME_MARK, Reading},
};

/// How often a tab that nobody sees takes prices in: its title still tells them.
const HIDDEN_INTERVAL: Duration = Duration::from_secs(5);

/// What an animation frame may have taken, in milliseconds, for more to be done in it. The browser's own layout and paint
/// come on top, within the sixteen that it has.
const FRAME_SHARE_MS: f64 = 4.0;

#[derive(Clone, Copy)]
pub struct Frames {
    state: StoredValue<State, LocalStorage>,
    market: Market,
}

#[derive(Default)]
struct State {
    reader: CompactReader,
    /// What came since the browser drew last, from a key frame on where there was one.
    waiting: Vec<JsString>,
    /// The prices shown are old, so that their change is no move.
    catches_up: bool,
}

impl Frames {
    /// Lives as long as the calling effect.
    pub fn new(market: Market) -> Self {
        let frames = Self { state: StoredValue::new_local(State::default()), market };
        let handle = window_event_listener(ev::visibilitychange, move |_| {
            if frames.state.with_value(|state| !state.waiting.is_empty()) {
                frames.schedule();
            }
        });
        on_cleanup(move || handle.remove());
        frames
    }

    /// Takes a frame, to be applied when the browser draws next.
    pub fn offer(self, frame: JsString) {
        let was_connected = self.market.connection.get_untracked() == Connection::Connected;
        if !was_connected {
            self.market.tell(Notice { connection: Connection::Connected, problem: None });
        }
        self.market.count_frame(Date::now());
        let is_first = self.state.try_update_value(|state| {
            if !was_connected {
                // Another stream, perhaps of a server that counts anew.
                *state = State::default();
            }
            state.catches_up |= !was_connected || document().hidden();
            let is_first = state.waiting.is_empty();
            if frame.starts_with(KEY_FRAME_MARK, 0) {
                state.waiting.clear();
            }
            state.waiting.push(frame);
            is_first
        });
        if is_first == Some(true) {
            self.schedule();
        }
    }

    /// Browsers draw no hidden tab, so there a timer takes the turn.
    fn schedule(self) {
        let apply = move || self.apply();
        if document().hidden() { set_timeout(apply, HIDDEN_INTERVAL) } else { request_animation_frame(apply) }
    }

    fn apply(self) {
        let began_ms = Date::now();
        // Nothing when the page is gone.
        self.state.try_update_value(|state| match state.take_in() {
            Ok(true) => {
                let moves = !std::mem::take(&mut state.catches_up);
                if let Some(status) = state.reader.status() {
                    self.market.restate(status);
                }
                if self.market.take_in(state.reader.quotes().iter().copied(), moves) {
                    self.tick(began_ms);
                }
            }
            Ok(false) => {}
            Err(InvalidFrame) => self.market.tell(Notice {
                connection: Connection::Disconnected { attempt: 0 },
                problem: Some("The server sends prices that this page cannot read; reload it.".to_owned()),
            }),
        });
    }

    /// Goes on with what follows the prices of an animation frame that began then.
    fn tick(self, began_ms: f64) {
        let market = self.market;
        if document().hidden() {
            market.tick();
            market.draw();
            return;
        }
        detach(async move {
            let began_ms = share(began_ms).await;
            market.tick();
            share(began_ms).await;
            market.draw();
        });
    }
}

/// Waits for the effects of what was just changed; and for the next animation frame, when this one has taken its share.
/// Gives when the one that it ends in began.
async fn share(began_ms: f64) -> f64 {
    tick().await;
    if Date::now() - began_ms < FRAME_SHARE_MS {
        return began_ms;
    }
    let (sender, has_come) = oneshot::channel();
    // Somebody waits for as long as the page stands.
    request_animation_frame(move || sender.send(()).unwrap_or_default());
    // It is not lost before it has come.
    let _ = has_come.await;
    Date::now()
}

impl State {
    /// Reads what waits; whether that brought anything new.
    fn take_in(&mut self) -> Result<bool, InvalidFrame> {
        let mut is_new = false;
        for frame in std::mem::take(&mut self.waiting) {
            is_new |= self.reader.read(&String::from(frame))? == Reading::Taken;
        }
        Ok(is_new)
    }
}
