//! Parses the objects of a verb: amounts and tickers, up to the end of the sentence.

use super::{Asked, Market, Verb, amount::Amount, read_number_word_at, verb_at, waiting::Terminated};
use crate::{
    domain::{
        chat::{Action, WaitingOrder},
        order::Side,
        ticker::Ticker,
    },
    server::copilot::built_in::words::{Word, is_common},
};

pub struct Reader<'a> {
    /// The sentence's remaining words.
    pub words: &'a [Word],
    pub market: &'a Market<'a>,
    pub shouting: bool,
}

impl Reader<'_> {
    pub fn plain(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.plain.as_str())
    }

    /// Parses trades one after the other; returns the index after them.
    pub fn read_trades(&self, side: Side, from: usize, asked: &mut Asked) -> usize {
        let (mut at, mut orders, mut doubts) = (from, Vec::new(), Vec::new());
        loop {
            let (amount, after_amount) = self.read_amount(at);
            let after_fillers = self.skip(after_amount, FILLERS);
            let Some(named) = self.market.names.read(&self.words[after_fillers..], self.shouting) else {
                let is_all = amount == Some(Ok(Amount::All));
                let has_plural = matches!(self.plain(after_fillers), "positions" | "holdings");
                let is_everything = is_all && (has_plural || !self.has_name_word(after_fillers));
                if is_everything && side == Side::Sell {
                    let held = self.market.account.holdings.iter();
                    orders.extend(held.map(|(ticker, holding)| (*ticker, holding.quantity)));
                    at = after_fillers;
                } else if amount.is_some() && orders.is_empty() {
                    doubts.extend(self.doubt_about_name(side, after_fillers));
                }
                break;
            };
            at = after_fillers + named.words;
            // "5 shares of AAPL", also "AAPL 5"; "my AAPL" means all of it.
            let (behind, after_behind) = if amount.is_none() { self.read_amount(at) } else { (None, at) };
            let is_mine = self.words[from.min(after_fillers)..after_fillers].iter().any(|word| word.plain == "my");
            let amount = amount.or(match behind {
                Some(Ok(Amount::Shares(_) | Amount::Dollars(_)) | Err(_)) => {
                    at = after_behind;
                    behind
                }
                Some(Ok(Amount::All | Amount::Half)) | None => None,
            });
            let amount = amount.or_else(|| (is_mine && side == Side::Sell).then_some(Ok(Amount::All)));
            at = self.skip(at, &["shares", "share", "stock", "position", "holding"]);
            match amount {
                Some(Ok(amount)) => match self.shares(side, named.ticker, amount) {
                    Ok(quantity) => orders.push((named.ticker, quantity)),
                    Err(doubt) => doubts.push(doubt),
                },
                Some(Err(doubt)) => doubts.push(doubt),
                None => doubts.push(format!("How many {} do you want to {}?", named.ticker, side.as_str())),
            }
            match self.plain(at) {
                "and" | "&" | "plus" | "then" if verb_at(self.words, at + 1).is_none() => at += 1,
                _ if read_number_word_at(self.words, at).is_some() && verb_at(self.words, at).is_none() => {}
                _ => break,
            }
        }
        if let ([(ticker, quantity)], []) = (&orders[..], &doubts[..])
            && let Some(Terminated { terms, time_in_force, end }) = self.read_terms(at)
        {
            let (ticker, quantity) = (*ticker, *quantity);
            asked.actions.push(Action::Order(WaitingOrder { ticker, side, quantity, terms, time_in_force }));
            return end.max(from);
        }
        let rest = &self.words[at.min(self.words.len())..];
        let rest = &rest
            [..rest.iter().enumerate().position(|(index, _)| verb_at(rest, index).is_some()).unwrap_or(rest.len())];
        if let (Some(word), false) = (later_word(rest), orders.is_empty()) {
            let what: Vec<_> = orders.iter().map(|(ticker, quantity)| format!("{quantity} {ticker}")).collect();
            doubts.push(format!(
                "Nothing was ordered: “{} {} {word}…” asks for more than I can do. I place orders of one ticker at the market, at a limit or with a stop.",
                side.as_str(),
                what.join(" and ")
            ));
            orders.clear();
        }
        asked.actions.extend(orders.into_iter().map(|(ticker, quantity)| Action::Trade { ticker, side, quantity }));
        asked.doubts.append(&mut doubts);
        at.max(from)
    }

    /// Parses tickers to watch or unwatch; returns the index after them. Words that name no company have another
    /// meaning.
    pub fn read_changes(&self, verb: Verb, from: usize, asked: &mut Asked) -> usize {
        let mut at = from;
        loop {
            let start = self.skip(at, LIST_FILLERS);
            if let Some(Ok(Amount::Shares(quantity))) = self.read_amount(start).0
                && let after = self.skip(self.read_amount(start).1, FILLERS)
                && let Some(named) = self.market.names.read(&self.words[after.min(self.words.len())..], self.shouting)
                && self.words[start].text.chars().any(char::is_numeric)
            {
                asked
                    .doubts
                    .push(format!("Do you want to buy {quantity} {0}? Then say “buy {quantity} {0}”.", named.ticker));
                return after + named.words;
            }
            let Some(named) = self.market.names.read(&self.words[start.min(self.words.len())..], self.shouting) else {
                return at.max(from);
            };
            asked.actions.push(match verb {
                Verb::Add | Verb::Trade(_) | Verb::Cancel | Verb::Alert => Action::Watch(named.ticker),
                Verb::Remove => Action::Unwatch(named.ticker),
            });
            at = start + named.words;
            if matches!(self.plain(at), "and" | "&" | "plus") && verb_at(self.words, at + 1).is_none() {
                at += 1;
            }
        }
    }

    pub fn skip(&self, mut at: usize, words: &[&str]) -> usize {
        while words.contains(&self.plain(at)) {
            at += 1;
        }
        at.min(self.words.len())
    }

    /// Whether the word here may be meant as a name.
    fn has_name_word(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| !is_common(&word.plain) && word.text.chars().any(char::is_alphabetic))
    }

    fn doubt_about_name(&self, side: Side, at: usize) -> Option<String> {
        let word = self.words.get(at).filter(|word| !is_common(&word.plain))?;
        let said: String = word.text.chars().take(24).collect();
        Some(match said.to_ascii_uppercase().parse::<Ticker>() {
            Ok(ticker) => format!(
                "I know no company and no ticker “{said}”. If you mean {ticker}, write it in capitals: “{} … {ticker}”.",
                side.as_str()
            ),
            Err(_) => format!("I know no company “{said}”. Name its ticker."),
        })
    }
}

/// The word that asks for more than a market order.
fn later_word(rest: &[Word]) -> Option<&str> {
    // The words after the object, up to the start of another clause.
    let tail = rest.iter().take_while(|word| !matches!(word.plain.as_str(), "and" | "then" | "but" | "because" | "so"));
    let mut tail = tail.peekable();
    while let Some(word) = tail.next() {
        let is_now = word.plain == "at"
            && tail.peek().is_some_and(|next| matches!(next.plain.as_str(), "market" | "the" | "once" | "least"));
        if LATER.contains(&word.plain.as_str()) && !is_now {
            return Some(&word.text);
        }
    }
    None
}

/// Words after an order that request more than a market order can do.
const LATER: &[&str] = &[
    "if", "when", "whenever", "once", "until", "unless", "after", "before", "tomorrow", "later", "tonight", "monday",
    "below", "above", "under", "limit", "stop", "at", "every", "daily", "weekly",
];

/// Words between a number and its ticker.
const FILLERS: &[&str] = &[
    "share",
    "shares",
    "stock",
    "stocks",
    "of",
    "more",
    "additional",
    "extra",
    "my",
    "the",
    "in",
    "worth",
    "other",
    "another",
    "our",
    "entire",
    "whole",
    "position",
    "holding",
    "further",
    "on",
    "into",
];

/// Words around a ticker in a request for the watchlist.
const LIST_FILLERS: &[&str] = &["the", "ticker", "stock", "also", "my", "our", "out", "for"];
