//! Frames, applied once per animation frame: all that came since, in one batch. What hangs on many prices at once, the
//! portfolio and the figures that show it, follows in the animation frame after that, and what the heatmap and the charts
//! draw of both in the one after, so that none keeps the browser long.

use std::time::Duration;

use js_sys::JsString;
use leptos::{ev, prelude::*};

use crate::{
    app::market::{Connection, Market, Notice},
    domain::compact_frame::{CompactReader, InvalidFrame, KEY_FRAME_MARK, Reading},
};

/// How often a tab that nobody sees takes prices in: its title still tells them.
const HIDDEN_INTERVAL: Duration = Duration::from_secs(5);

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
        self.market.count_frame(js_sys::Date::now());
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
        // Nothing when the page is gone.
        self.state.try_update_value(|state| match state.take_in() {
            Ok(true) => {
                let moves = !std::mem::take(&mut state.catches_up);
                if self.market.take_in(state.reader.quotes().iter().copied(), moves) {
                    self.tick();
                }
            }
            Ok(false) => {}
            Err(InvalidFrame) => self.market.tell(Notice {
                connection: Connection::Disconnected { attempt: 0 },
                problem: Some("The server sends prices that this page cannot read; reload it.".to_owned()),
            }),
        });
    }

    fn tick(self) {
        let market = self.market;
        if document().hidden() {
            market.tick();
            market.draw();
            return;
        }
        request_animation_frame(move || {
            market.tick();
            request_animation_frame(move || market.draw());
        });
    }
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
