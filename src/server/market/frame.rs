//! Frames: a tick as the bytes of a server-sent event, written on demand and once for all readers with the same
//! selection.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::event::Event;
use crate::{
    domain::{
        compact_frame,
        market_status::MarketStatus,
        quote::{Quote, Quotes},
    },
    server::ledger::TickerSet,
};

/// Interval at which every reader of compact frames gets a key frame.
const KEY_FRAME_INTERVAL: Duration = Duration::from_secs(30);

/// Most selections of tickers whose frames are cached per tick; frames of further ones are written for their reader
/// alone.
const CHOICES_MAX: usize = 256;

/// A reader's selection of each tick's content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Choice {
    Json(JsonChoice),
    /// Every ticker, as a [compact frame](compact_frame).
    Compact,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct JsonChoice {
    /// `None` means every ticker.
    pub tickers: Option<TickerSet>,
    /// Whether frames after the first contain only tickers whose price changed.
    pub changes_only: bool,
}

/// The frames of one tick.
#[derive(Debug)]
pub struct Frames {
    version: u64,
    status: Arc<MarketStatus>,
    /// Whether something other than prices has changed, so that readers of changes get everything.
    is_restated: bool,
    /// Number of frames written as JSON, for this tick and earlier ones.
    written: Arc<AtomicU64>,
    /// Time of the last key frame.
    key_frame_at: Instant,
    /// The compact frame of the changes since the previous tick, which is cheap; `None` if a key frame is due.
    change: Option<Event>,
    everything: OnceLock<Event>,
    /// The inner `None` means that nothing changed.
    changes: OnceLock<Option<Event>>,
    chosen: Mutex<HashMap<(TickerSet, bool), Option<Event>>>,
    key_frame: OnceLock<Event>,
}

impl Frames {
    pub fn new(version: u64, status: Arc<MarketStatus>) -> Self {
        Self {
            version,
            status,
            is_restated: false,
            written: Arc::default(),
            key_frame_at: Instant::now(),
            change: None,
            everything: OnceLock::new(),
            changes: OnceLock::new(),
            chosen: Mutex::default(),
            key_frame: OnceLock::new(),
        }
    }

    /// The frames of the next tick.
    pub fn next(&self, before: &Quotes, now: &Quotes, status: Arc<MarketStatus>) -> Self {
        let is_same_status = self.status == status;
        let is_restated = before.iter().zip(now.iter()).any(|(before, now)| {
            before.ticker == now.ticker
                && (before.is_stale != now.is_stale || before.previous_close != now.previous_close)
        });
        let written = Arc::clone(&self.written);
        let mut next = Self { written, is_restated, ..Self::new(self.version + 1, status) };
        if is_same_status
            && self.key_frame_at.elapsed() < KEY_FRAME_INTERVAL
            && let Some(change) = compact_frame::write_change(next.version, before, now)
        {
            next.change = Some(write_text(next.version, &change));
            next.key_frame_at = self.key_frame_at;
        }
        next
    }

    /// Number of frames written as JSON so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The frame for a reader; `None` if nothing changed for it. A reader that has not seen the previous tick
    /// (`is_behind`) gets its whole selection, changed or not.
    pub fn of(&self, quotes: &Quotes, choice: &Choice, is_behind: bool) -> Option<Event> {
        match choice {
            Choice::Json(choice) => self.json(quotes, choice, is_behind),
            Choice::Compact => Some(self.compact(quotes, is_behind)),
        }
    }

    fn compact(&self, quotes: &Quotes, is_behind: bool) -> Event {
        let key_frame =
            || write_text(self.version, &compact_frame::write_key_frame(self.version, quotes, &self.status));
        match &self.change {
            Some(change) if !is_behind => change.clone(),
            _ => self.key_frame.get_or_init(key_frame).clone(),
        }
    }

    fn json(&self, quotes: &Quotes, choice: &JsonChoice, is_behind: bool) -> Option<Event> {
        let changes_only = choice.changes_only && !is_behind && !self.is_restated;
        let Some(tickers) = &choice.tickers else {
            return if changes_only {
                self.changes.get_or_init(|| self.write_changes(quotes.iter())).clone()
            } else {
                Some(self.everything.get_or_init(|| self.write(quotes.iter())).clone())
            };
        };
        let write_chosen = || {
            let chosen = quotes.iter().filter(|quote| tickers.contains(&quote.ticker));
            if changes_only { self.write_changes(chosen) } else { Some(self.write(chosen)) }
        };
        let mut kept = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tickers.clone(), changes_only);
        if let Some(frame) = kept.get(&key) {
            return frame.clone();
        }
        let frame = write_chosen();
        if kept.len() < CHOICES_MAX {
            kept.insert(key, frame.clone());
        }
        frame
    }

    fn write_changes<'a>(&self, quotes: impl Iterator<Item = &'a Quote>) -> Option<Event> {
        let mut changed = quotes.filter(|quote| quote.price != quote.previous_price).peekable();
        changed.peek().is_some().then(|| self.write(changed))
    }

    fn write<'a>(&self, quotes: impl Iterator<Item = &'a Quote>) -> Event {
        self.written.fetch_add(1, Ordering::Relaxed);
        write_event(self.version, |text| {
            let mut serializer = serde_json::Serializer::new(text);
            // Invariant: a map of strings to numbers and strings always serialises, and JSON contains no line break.
            serde::Serializer::collect_map(&mut serializer, quotes.map(|quote| (quote.ticker, quote)))
                .expect("quotes are JSON");
        })
    }
}

fn write_event(version: u64, data: impl FnOnce(&mut Vec<u8>)) -> Event {
    Event::write(|text| {
        text.extend_from_slice(format!("id: {version}\ndata: ").as_bytes());
        data(text);
        text.extend_from_slice(b"\n\n");
    })
}

/// An event with this text as data.
fn write_text(version: u64, data: &str) -> Event {
    write_event(version, |text| text.extend_from_slice(data.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::{instant::UtcInstant, money::Price, trading_day::TradingDay};

    fn status() -> Arc<MarketStatus> {
        Arc::new(MarketStatus::live(TradingDay::utc(UtcInstant::EPOCH)))
    }

    /// AAPL rose, V did not move.
    fn quotes() -> Quotes {
        let at = UtcInstant::from_unix_ms(500);
        let price = |cents: i64| Price::from_units(cents * 100).unwrap();
        [("AAPL", 190, 189), ("V", 280, 280)]
            .map(|(ticker, cents, before)| {
                let ticker = ticker.parse().unwrap();
                Quote {
                    ticker,
                    price: price(cents),
                    previous_price: price(before),
                    previous_close: price(1),
                    at,
                    is_stale: false,
                }
            })
            .into_iter()
            .collect()
    }

    fn tickers_in(frame: &Event) -> Vec<String> {
        let text = frame.text();
        let text = str::from_utf8(&text).unwrap();
        let data = text.strip_prefix("id: 7\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        serde_json::from_str::<Value>(data).unwrap().as_object().unwrap().keys().cloned().collect()
    }

    fn choice(tickers: Option<&[&str]>, changes_only: bool) -> Choice {
        let tickers = tickers.map(|tickers| tickers.iter().map(|ticker| ticker.parse().unwrap()).collect());
        Choice::Json(JsonChoice { tickers, changes_only })
    }

    #[test]
    fn a_frame_holds_what_its_reader_wants() {
        let (quotes, frames) = (quotes(), Frames::new(7, status()));
        let told = |choice: Choice, is_behind| frames.of(&quotes, &choice, is_behind).map(|frame| tickers_in(&frame));
        let list = |tickers: &[&str]| Some(tickers.iter().map(|ticker| (*ticker).to_owned()).collect::<Vec<_>>());
        assert_eq!(told(choice(None, false), false), list(&["AAPL", "V"]));
        assert_eq!(told(choice(None, true), false), list(&["AAPL"]));
        assert_eq!(told(choice(None, true), true), list(&["AAPL", "V"]), "a reader that is behind is sent everything");
        assert_eq!(told(choice(Some(&["V", "XOM"]), false), false), list(&["V"]));
        assert_eq!(told(choice(Some(&["V"]), true), false), None, "nothing changed");
        assert_eq!(told(choice(Some(&["V"]), true), true), list(&["V"]));
        assert_eq!(told(choice(Some(&["XOM"]), false), false), list(&[]));
    }

    #[test]
    fn readers_of_the_same_share_the_same_bytes() {
        let (quotes, frames) = (quotes(), Frames::new(7, status()));
        let chosen = Some(&["AAPL"][..]);
        for choice in
            [choice(None, false), choice(None, true), choice(chosen, false), choice(chosen, true), Choice::Compact]
        {
            let [one, other] = [(); 2].map(|()| frames.of(&quotes, &choice, false).unwrap());
            assert_eq!(one.chunk().as_ptr(), other.chunk().as_ptr());
        }
        assert_eq!(frames.written(), 4, "once for each choice of JSON");
    }

    /// All prices a cent higher, half a second later.
    fn tick_after(quotes: &Quotes) -> Quotes {
        let follow = |quote: &Quote| Quote {
            price: Price::from_units(quote.price.units() + 100).unwrap(),
            previous_price: quote.price,
            at: UtcInstant::from_unix_ms(quote.at.unix_ms() + 500),
            ..*quote
        };
        quotes.iter().map(follow).collect()
    }

    fn kind_of(frame: Option<Event>) -> u8 {
        let text = frame.expect("a compact reader is told of every tick").text();
        let text = str::from_utf8(&text).unwrap();
        text.split_once("\ndata: ").unwrap().1.as_bytes()[0]
    }

    #[test]
    fn compact_readers_are_told_changes_and_everything_when_they_are_behind_or_it_is_time() {
        let (before, frames) = (quotes(), Frames::new(7, status()));
        assert_eq!(kind_of(frames.of(&before, &Choice::Compact, false)), b'K', "the first tick has none before it");
        let now = tick_after(&before);
        let mut next = frames.next(&before, &now, status());
        assert_eq!(kind_of(next.of(&now, &Choice::Compact, false)), b'D');
        assert_eq!(kind_of(next.of(&now, &Choice::Compact, true)), b'K');
        let fewer = tick_after(&now).iter().skip(1).copied().collect();
        assert_eq!(
            kind_of(next.next(&now, &fewer, status()).of(&fewer, &Choice::Compact, false)),
            b'K',
            "another list"
        );
        next.key_frame_at -= KEY_FRAME_INTERVAL;
        let later = tick_after(&now);
        let key_frame = next.next(&now, &later, status());
        assert_eq!(kind_of(key_frame.of(&later, &Choice::Compact, false)), b'K', "it is time");
        let last = tick_after(&later);
        assert_eq!(kind_of(key_frame.next(&later, &last, status()).of(&last, &Choice::Compact, false)), b'D');
        let closed = Arc::new(MarketStatus { is_open: false, ..(*status()).clone() });
        let told = key_frame.next(&later, &last, closed).of(&last, &Choice::Compact, false);
        assert_eq!(kind_of(told), b'K', "another status");
    }

    #[test]
    fn readers_of_changes_are_told_when_a_price_gets_stale() {
        let before: Quotes = quotes().iter().map(|quote| Quote { previous_price: quote.price, ..*quote }).collect();
        let now: Quotes = before.iter().map(|quote| Quote { is_stale: true, ..*quote }).collect();
        let frames = Frames::new(6, status());
        let told = |now: &Quotes| frames.next(&before, now, status()).of(now, &choice(None, true), false);
        assert_eq!(told(&before), None, "nothing changed");
        assert_eq!(tickers_in(&told(&now).unwrap()), ["AAPL", "V"]);
    }
}
