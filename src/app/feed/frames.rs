//! Applies price frames once per animation frame: all received ones in one batch. Consumers of many prices follow: the
//! portfolio with its figures, then the drawing of heatmap and charts. They run in the same animation frame if that has
//! taken little time, else in the next one, so that the browser is never blocked for long.

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

/// Interval of applying prices in a hidden tab, whose title shows them.
const HIDDEN_INTERVAL: Duration = Duration::from_secs(5);

/// Time in milliseconds that an animation frame may have taken before more work is deferred. The browser's layout and
/// paint come on top, within its sixteen.
const FRAME_SHARE_MS: f64 = 4.0;

#[derive(Clone, Copy)]
pub struct Frames {
    state: StoredValue<State, LocalStorage>,
    market: Market,
}

#[derive(Default)]
struct State {
    reader: CompactReader,
    /// Frames since the last animation frame, from the latest key frame on.
    waiting: Vec<JsString>,
    /// Whether the prices shown are old, so that their change is not a move.
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

    /// Queues a frame, to be applied in the next animation frame.
    pub fn offer(self, frame: JsString) {
        let was_connected = self.market.connection.get_untracked() == Connection::Connected;
        if !was_connected {
            self.market.tell(Notice { connection: Connection::Connected, problem: None });
        }
        self.market.count_frame(Date::now());
        let is_first = self.state.try_update_value(|state| {
            if !was_connected {
                // A new stream, possibly of a server with other versions.
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

    /// Browsers do not draw hidden tabs, so a timer is used there.
    fn schedule(self) {
        let apply = move || self.apply();
        if document().hidden() { set_timeout(apply, HIDDEN_INTERVAL) } else { request_animation_frame(apply) }
    }

    fn apply(self) {
        let began_ms = Date::now();
        // `None` when the page is disposed.
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

    /// Continues with the consumers of prices, in an animation frame that began at the given time.
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

/// Waits for the effects of the last change, and for the next animation frame if this one has taken its share. Returns
/// the start of the current animation frame.
async fn share(began_ms: f64) -> f64 {
    tick().await;
    if Date::now() - began_ms < FRAME_SHARE_MS {
        return began_ms;
    }
    let (sender, has_come) = oneshot::channel();
    // The receiver waits as long as the page is alive.
    request_animation_frame(move || sender.send(()).unwrap_or_default());
    // The sender is not dropped before it has sent.
    let _ = has_come.await;
    Date::now()
}

impl State {
    /// Parses the queued frames; returns whether anything is new.
    fn take_in(&mut self) -> Result<bool, InvalidFrame> {
        let mut is_new = false;
        for frame in std::mem::take(&mut self.waiting) {
            is_new |= self.reader.read(&String::from(frame))? == Reading::Taken;
        }
        Ok(is_new)
    }
}
