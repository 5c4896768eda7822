//! All prints since they were last taken, for those who must not miss one: the matcher of orders and the watcher of alerts,
//! each with a tape of its own.
//!
//! Each tick is a frame; if the reader is late, further ticks are folded into the last frame, as one span of prices per
//! ticker.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::domain::{instant::UtcInstant, orders::span::Span, ticker::Ticker};

/// Most separate frames; later ticks are folded.
const FRAMES_MAX: usize = 64;

/// The prints of one tick, or of several folded ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Versions of the first and the last tick.
    pub first_tick: u64,
    pub last_tick: u64,
    /// Time of the last tick's publication.
    pub at: UtcInstant,
    pub spans: Arc<BTreeMap<Ticker, Span>>,
}

/// Frames that wait until they are taken.
#[derive(Debug, Default)]
pub struct Tape {
    frames: Mutex<VecDeque<Frame>>,
    bell: Notify,
}

impl Tape {
    /// Records a tick's spans.
    pub fn record(&self, tick: u64, at: UtcInstant, spans: Arc<BTreeMap<Ticker, Span>>) {
        if spans.is_empty() {
            return;
        }
        let frame = Frame { first_tick: tick, last_tick: tick, at, spans };
        // Nothing panics while the lock is held, here and below.
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

    /// Takes all frames, the oldest first.
    pub fn take(&self) -> VecDeque<Frame> {
        std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something is recorded; for one reader.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}

/// Folds two frames; `None` if a ticker's prices belong to two sessions.
fn fold(earlier: &Frame, later: &Frame) -> Option<Frame> {
    let mut spans = BTreeMap::clone(&earlier.spans);
    for (ticker, span) in &*later.spans {
        let folded = match spans.get(ticker) {
            Some(before) => before.followed_by(span)?,
            None => *span,
        };
        spans.insert(*ticker, folded);
    }
    Some(Frame { first_tick: earlier.first_tick, last_tick: later.last_tick, at: later.at, spans: Arc::new(spans) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::SessionKind;

    fn record(tape: &Tape, tick: u64, cents: i64, session: SessionKind) {
        let price = crate::domain::money::Price::from_units(cents * 100).unwrap();
        let spans = [("V".parse().unwrap(), Span::tick(price, Some(1), false, session))];
        tape.record(tick, UtcInstant::from_unix_ms(i64::try_from(tick).unwrap()), Arc::new(spans.into()));
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
