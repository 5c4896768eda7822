//! All prints since they were last taken, for whoever must not miss one: the matcher of orders.
//!
//! Each tick is a frame; when the reader is late, ticks fold into the last frame, a span of prices a ticker.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::domain::{instant::UtcInstant, orders::span::Span, ticker::Ticker};

/// The ticks that are kept apart; later ones fold.
const FRAMES_MAX: usize = 64;

/// The prints of one tick, or of several that were folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The versions of the first tick and of the last one.
    pub first_tick: u64,
    pub last_tick: u64,
    /// When the last one was published.
    pub at: UtcInstant,
    pub spans: BTreeMap<Ticker, Span>,
}

/// What is on it waits until it is taken.
#[derive(Debug, Default)]
pub struct Tape {
    frames: Mutex<VecDeque<Frame>>,
    bell: Notify,
}

impl Tape {
    /// Puts a tick's spans on the tape.
    pub fn record(&self, tick: u64, at: UtcInstant, spans: BTreeMap<Ticker, Span>) {
        if spans.is_empty() {
            return;
        }
        let frame = Frame { first_tick: tick, last_tick: tick, at, spans };
        // Nothing panics while it is held, here and below.
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push_back(frame);
        while frames.len() > FRAMES_MAX {
            let (Some(last), Some(before)) = (frames.pop_back(), frames.pop_back()) else { break };
            match fold(&before, &last) {
                Some(one) => frames.push_back(one),
                None => {
                    frames.extend([before, last]);
                    break;
                }
            }
        }
        drop(frames);
        self.bell.notify_one();
    }

    /// Takes what is on the tape, the oldest first.
    pub fn take(&self) -> VecDeque<Frame> {
        std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something is recorded; for one reader.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}

/// Both as one; nothing when a ticker's prices are of two sessions.
fn fold(earlier: &Frame, later: &Frame) -> Option<Frame> {
    let mut spans = earlier.spans.clone();
    for (ticker, span) in &later.spans {
        let folded = match spans.get(ticker) {
            Some(before) => before.followed_by(span)?,
            None => *span,
        };
        spans.insert(*ticker, folded);
    }
    Some(Frame { first_tick: earlier.first_tick, last_tick: later.last_tick, at: later.at, spans })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::SessionKind;

    fn record(tape: &Tape, tick: u64, cents: i64, session: SessionKind) {
        let price = crate::domain::money::Price::from_units(cents * 100).unwrap();
        let spans = [("V".parse().unwrap(), Span::tick(price, Some(1), false, session))].into();
        tape.record(tick, UtcInstant::from_unix_ms(i64::try_from(tick).unwrap()), spans);
    }

    #[test]
    fn ticks_are_kept_apart_until_they_are_too_many_and_none_is_missed() {
        let tape = Tape::default();
        for tick in 1..=200 {
            record(&tape, tick, 1_000 + i64::try_from(tick).unwrap() * (tick % 2) as i64, SessionKind::Regular);
        }
        let frames = tape.take();
        assert_eq!(frames.len(), FRAMES_MAX);
        let ticks: Vec<_> = frames.iter().map(|frame| (frame.first_tick, frame.last_tick)).collect();
        assert!(ticks.windows(2).all(|pair| pair[1].0 == pair[0].1 + 1), "{ticks:?}");
        assert_eq!((ticks[0].0, ticks[FRAMES_MAX - 1].1), (1, 200));
        let last = frames.back().unwrap().spans.values().next().copied().unwrap();
        assert_eq!((last.low.units(), last.high.units(), last.is_gap), (100_000, 119_900, true));
        assert!(tape.take().is_empty());
    }

    #[test]
    fn sessions_do_not_fold() {
        let tape = Tape::default();
        for tick in 1..=FRAMES_MAX as u64 {
            record(&tape, tick, 1_000, SessionKind::Regular);
        }
        record(&tape, 1_000, 1_000, SessionKind::Post);
        record(&tape, 1_001, 1_000, SessionKind::Post);
        assert_eq!(tape.take().len(), FRAMES_MAX + 1);
    }
}
