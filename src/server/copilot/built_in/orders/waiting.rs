//! Orders that wait for a price, cancellations, and alerts on prices, in plain words.

use super::{Asked, is_currency, reader::Reader, verb_at};
use crate::{
    domain::{
        chat::{Action, Cancelled, PriceAlert},
        money::{Price, TrailPercent},
        orders::terms::{Terms, TimeInForce, Trail},
    },
    server::copilot::built_in::words::read_sum,
};

/// Price and time in force after an order, with the index of the next word.
pub struct Terminated {
    pub terms: Terms,
    pub time_in_force: TimeInForce,
    pub end: usize,
}

impl Reader<'_> {
    /// `at 120`, `limit 120`, `stop 110`, `stop 110 limit 109`, `trailing stop 5 %`, and perhaps `gtc`; nothing where something
    /// else stands, or follows.
    pub fn read_terms(&self, from: usize) -> Option<Terminated> {
        let at = self.skip(from, &["with", "a", "an", "the", "as", "order"]);
        let (terms, after) = match self.plain(at) {
            "at" | "@" => {
                let at = self.skip(at + 1, &["a", "limit", "price", "of", "most", "or", "better"]);
                let (limit, after) = self.read_price(at)?;
                (Terms::Limit { limit }, after)
            }
            "limit" => {
                let (limit, after) = self.read_price(self.skip(at + 1, PRICE_FILLERS))?;
                (Terms::Limit { limit }, after)
            }
            "stop" | "stop-loss" | "stoploss" => {
                let (stop, after) = self.read_price(self.skip(at + 1, PRICE_FILLERS))?;
                match (self.plain(after), self.read_price(self.skip(after + 1, PRICE_FILLERS))) {
                    ("limit", Some((limit, after))) => (Terms::StopLimit { stop, limit }, after),
                    _ => (Terms::Stop { stop }, after),
                }
            }
            "trailing" => {
                let at = self.skip(at + 1, &["stop", "stop-loss", "loss", "of", "by", "at", "with"]);
                let (percent, after) = self.read_percent(at)?;
                (Terms::TrailingStop { trail: Trail::Percent(percent) }, after)
            }
            text if text.starts_with('@') => {
                let limit = price_of(text.trim_start_matches('@'))?;
                (Terms::Limit { limit }, at + 1)
            }
            _ => return None,
        };
        let after = self.skip(after, &["or", "better"]);
        let (time_in_force, end) = match (self.plain(after), self.plain(after + 1)) {
            ("gtc", _) => (TimeInForce::Gtc, after + 1),
            ("good", "till" | "til" | "until") => (TimeInForce::Gtc, (after + 3).min(self.words.len())),
            ("today", _) => (TimeInForce::Day, after + 1),
            _ => (TimeInForce::Day, after),
        };
        let is_all = end >= self.words.len()
            || verb_at(self.words, end).is_some()
            || matches!(self.plain(end), "and" | "then" | "&" | "please" | "now");
        is_all.then_some(Terminated { terms, time_in_force, end })
    }

    /// Reads which orders to cancel, all or those of a ticker; returns them with the index of the next word.
    pub fn read_cancel(&self, from: usize, asked: &mut Asked) -> usize {
        let mut at = self.skip(from, CANCEL_FILLERS);
        let is_all = self.words[from.min(self.words.len())..at].iter().any(|word| word.plain == "all");
        let mut named = self.name_at(at);
        at = self.skip(named.map_or(at, |(_, end)| end), CANCEL_FILLERS);
        let word = self.plain(at).to_owned();
        let is_order = matches!(word.as_str(), "order" | "orders" | "everything");
        if is_order {
            at += 1;
            if let "for" | "of" | "in" | "on" = self.plain(at) {
                named = self.name_at(self.skip(at + 1, CANCEL_FILLERS)).or(named);
                at = named.map_or(at, |(_, end)| end.max(at));
            }
        }
        match named {
            _ if !is_order && !is_all => return from,
            Some((ticker, _)) => asked.actions.push(Action::Cancel(Cancelled::OfTicker(ticker))),
            None if word == "order" && !is_all && self.market.open_orders > 1 => asked
                .doubts
                .push("Which order do you want to cancel? Name its ticker, or say “cancel all my orders”.".to_owned()),
            None => asked.actions.push(Action::Cancel(Cancelled::All)),
        }
        at.max(from)
    }

    /// `me when NVDA is above 130`; gives where it stopped.
    pub fn read_alert(&self, from: usize, asked: &mut Asked) -> usize {
        let Some((ticker, end)) = self.name_at(self.skip(from, ALERT_FILLERS)) else {
            return from;
        };
        let at = self.skip(end, MOVES);
        let says_where = match self.plain(at) {
            "above" | "over" | ">" | ">=" | "exceeds" | "past" => Some(true),
            "below" | "under" | "<" | "<=" | "beneath" => Some(false),
            _ => None,
        };
        let at = if says_where.is_some() { at + 1 } else { self.skip(at, &["at", "to"]) };
        let Some((price, after)) = self.read_price(self.skip(at, PRICE_FILLERS)) else {
            asked.doubts.push(format!("I set alerts on prices: say “alert me when {ticker} is above 130”."));
            return at.max(from);
        };
        // Without a direction, the alert fires when the price is reached from the current one.
        let is_above = says_where.or_else(|| (self.market.price)(ticker).map(|now| now < price)).unwrap_or(true);
        asked.actions.push(Action::Alert(PriceAlert { ticker, is_above, price }));
        after.max(from)
    }

    fn name_at(&self, at: usize) -> Option<(crate::domain::ticker::Ticker, usize)> {
        let named = self.market.names.read(&self.words[at.min(self.words.len())..], self.shouting)?;
        Some((named.ticker, at + named.words))
    }

    /// A price in dollars, with the index of the next word.
    fn read_price(&self, at: usize) -> Option<(Price, usize)> {
        let price = price_of(&self.words.get(at)?.text)?;
        let after = if is_currency(self.plain(at + 1)) { at + 2 } else { at + 1 };
        Some((price, after))
    }

    /// `5%`, `5 %`, `5 percent`
    fn read_percent(&self, at: usize) -> Option<(TrailPercent, usize)> {
        let text = &self.words.get(at)?.text;
        match text.strip_suffix('%') {
            Some(figures) => Some((figures.parse().ok()?, at + 1)),
            None if matches!(self.plain(at + 1), "%" | "percent" | "pct") => Some((text.parse().ok()?, at + 2)),
            None => None,
        }
    }
}

/// A price in dollars; `None` if the text is not a price.
fn price_of(text: &str) -> Option<Price> {
    let sum = read_sum(text.trim_start_matches('$')).ok()?.millionths();
    (sum % 100 == 0).then(|| Price::from_units(sum / 100)).flatten()
}

const PRICE_FILLERS: &[&str] = &["loss", "price", "order", "at", "of", "@", "to", "a"];

const CANCEL_FILLERS: &[&str] = &[
    "all",
    "of",
    "my",
    "the",
    "every",
    "any",
    "open",
    "waiting",
    "pending",
    "please",
    "each",
    "outstanding",
    "working",
    "limit",
    "stop",
    "existing",
    "that",
];

const ALERT_FILLERS: &[&str] = &[
    "me", "an", "a", "the", "when", "if", "once", "whenever", "for", "on", "price", "of", "that", "know", "as", "soon",
];

/// Between a ticker and a level.
const MOVES: &[&str] = &[
    "is", "goes", "gets", "trades", "rises", "drops", "falls", "climbs", "price", "hits", "reaches", "crosses",
    "moves", "ever", "stock", "shares", "to",
];
