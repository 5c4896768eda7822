//! Frames: a tick as the bytes of a server-sent event, written once for everyone who wants the same.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, OnceLock, PoisonError},
};

use axum::body::Bytes;

use crate::{
    domain::{quote::Quote, ticker::Ticker},
    server::ledger::TickerSet,
};

/// The different choices of tickers whose frames are kept for a tick; a rarer one is written for its reader alone.
const CHOICES_MAX: usize = 256;

/// What a reader of the stream wants of each tick.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Nothing means every ticker there is.
    pub tickers: Option<TickerSet>,
    /// After the first frame, only the tickers whose price changed.
    pub changes_only: bool,
}

/// The frames of one tick.
#[derive(Debug)]
pub struct Frames {
    version: u64,
    everything: Bytes,
    /// Written when the first reader asks; inside, nothing when nothing changed.
    changes: OnceLock<Option<Bytes>>,
    chosen: Mutex<HashMap<(TickerSet, bool), Option<Bytes>>>,
}

impl Frames {
    pub fn new(version: u64, quotes: &BTreeMap<Ticker, Quote>) -> Self {
        let everything = write(version, quotes.iter());
        Self { version, everything, changes: OnceLock::new(), chosen: Mutex::default() }
    }

    /// The frame for a reader; nothing when there is nothing to tell. One who has not seen the tick before this one
    /// (`is_behind`) is told everything it wants, changed or not.
    pub fn of(&self, quotes: &BTreeMap<Ticker, Quote>, choice: &Choice, is_behind: bool) -> Option<Bytes> {
        let changes_only = choice.changes_only && !is_behind;
        let Some(tickers) = &choice.tickers else {
            return if changes_only { self.changes(quotes) } else { Some(self.everything.clone()) };
        };
        let write_chosen = || {
            let chosen = quotes.iter().filter(|(ticker, _)| tickers.contains(*ticker));
            if changes_only { write_changes(self.version, chosen) } else { Some(write(self.version, chosen)) }
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

    fn changes(&self, quotes: &BTreeMap<Ticker, Quote>) -> Option<Bytes> {
        self.changes.get_or_init(|| write_changes(self.version, quotes.iter())).clone()
    }
}

fn write_changes<'a>(version: u64, quotes: impl Iterator<Item = (&'a Ticker, &'a Quote)>) -> Option<Bytes> {
    let mut changed = quotes.filter(|(_, quote)| quote.price != quote.previous_price).peekable();
    changed.peek().is_some().then(|| write(version, changed))
}

fn write<'a>(version: u64, quotes: impl Iterator<Item = (&'a Ticker, &'a Quote)>) -> Bytes {
    let mut frame = format!("id: {version}\ndata: ").into_bytes();
    // Invariant: a map of strings to numbers and strings always serialises, and JSON holds no line break.
    let mut serializer = serde_json::Serializer::new(&mut frame);
    serde::Serializer::collect_map(&mut serializer, quotes).expect("quotes are JSON");
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::{instant::UtcInstant, money::Price};

    /// AAPL rose, V did not move.
    fn quotes() -> BTreeMap<Ticker, Quote> {
        let at = UtcInstant::from_unix_ms(500);
        let price = |cents: i64| Price::from_units(cents * 100).unwrap();
        [("AAPL", 190, 189), ("V", 280, 280)]
            .map(|(ticker, cents, before)| {
                let ticker = ticker.parse().unwrap();
                let quote =
                    Quote { ticker, price: price(cents), previous_price: price(before), day_open: price(1), at };
                (ticker, quote)
            })
            .into()
    }

    fn tickers_in(frame: &Bytes) -> Vec<String> {
        let text = str::from_utf8(frame).unwrap();
        let data = text.strip_prefix("id: 7\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        serde_json::from_str::<Value>(data).unwrap().as_object().unwrap().keys().cloned().collect()
    }

    fn choice(tickers: Option<&[&str]>, changes_only: bool) -> Choice {
        let tickers = tickers.map(|tickers| tickers.iter().map(|ticker| ticker.parse().unwrap()).collect());
        Choice { tickers, changes_only }
    }

    #[test]
    fn a_frame_holds_what_its_reader_wants() {
        let (quotes, frames) = (quotes(), Frames::new(7, &quotes()));
        let told = |choice: Choice, is_behind| frames.of(&quotes, &choice, is_behind).map(|frame| tickers_in(&frame));
        let list = |tickers: &[&str]| Some(tickers.iter().map(|ticker| (*ticker).to_owned()).collect::<Vec<_>>());
        assert_eq!(told(choice(None, false), false), list(&["AAPL", "V"]));
        assert_eq!(told(choice(None, true), false), list(&["AAPL"]));
        assert_eq!(told(choice(None, true), true), list(&["AAPL", "V"]), "one who is behind is told everything");
        assert_eq!(told(choice(Some(&["V", "XOM"]), false), false), list(&["V"]));
        assert_eq!(told(choice(Some(&["V"]), true), false), None, "nothing changed");
        assert_eq!(told(choice(Some(&["V"]), true), true), list(&["V"]));
        assert_eq!(told(choice(Some(&["XOM"]), false), false), list(&[]));
    }

    #[test]
    fn readers_of_the_same_share_the_same_bytes() {
        let (quotes, frames) = (quotes(), Frames::new(7, &quotes()));
        for choice in
            [choice(None, false), choice(None, true), choice(Some(&["AAPL"]), false), choice(Some(&["AAPL"]), true)]
        {
            let [one, other] = [(); 2].map(|()| frames.of(&quotes, &choice, false).unwrap());
            assert_eq!(one.as_ptr(), other.as_ptr());
        }
    }
}
