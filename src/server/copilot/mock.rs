//! The mock copilot: understands a few words without a model, deterministically, for trials and tests without a
//! network.
//!
//! Its replies are written and parsed like a model's.

use serde_json::{Value, json};

use crate::domain::{
    money::Quantity,
    portfolio::Portfolio,
    ticker::Ticker,
    typed_number::{UnreadableQuantity, read_quantity},
};

/// Reply to `text`: each `buy|sell N TICKER` and `add|watch|remove|unwatch TICKER` in it becomes an action, in any case
/// and order; any other text gets a sentence on the portfolio.
pub fn reply(text: &str, portfolio: &Portfolio) -> String {
    let (mut trades, mut changes, mut asked, mut doubts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let words = words_of(text);
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        rest = after;
        let verb = word.to_ascii_lowercase();
        match verb.as_str() {
            "buy" | "sell" => match read_order(after) {
                Some(Ok((quantity, ticker))) => {
                    asked.push(format!("{verb} {quantity} {ticker}"));
                    trades.push(json!({ "ticker": ticker, "side": verb, "quantity": quantity }));
                    rest = &after[2..];
                }
                Some(Err(doubt)) => {
                    doubts.push(format!("{doubt}."));
                    rest = &after[2..];
                }
                None => {}
            },
            "add" | "watch" | "remove" | "unwatch" => {
                if let Some(ticker) = after.first().and_then(|word| read_ticker(word)) {
                    let action = if matches!(verb.as_str(), "add" | "watch") { "add" } else { "remove" };
                    asked.push(format!("{action} {ticker}"));
                    changes.push(json!({ "ticker": ticker, "action": action }));
                    rest = &after[1..];
                }
            }
            _ => {}
        }
    }
    // The message states the request; the outcomes are shown beside it.
    let mut sentences = doubts;
    if !asked.is_empty() {
        sentences.insert(0, format!("You asked me to {}.", asked.join(", ")));
    }
    let message = if sentences.is_empty() { describe(portfolio) } else { sentences.join(" ") };
    let reply: Value = json!({ "message": message, "trades": trades, "watchlist_changes": changes });
    reply.to_string()
}

/// Splits a text into words; a comma between digits belongs to the number.
fn words_of(text: &str) -> Vec<&str> {
    let is_between_words =
        |character: char| character.is_whitespace() || matches!(character, ';' | ':' | '!' | '?' | '(' | ')' | '"');
    let is_in_number = |character: char| character.is_ascii_digit() || matches!(character, ',' | '.' | '\'');
    let mut words = Vec::new();
    for word in text.split(is_between_words) {
        let number = word.trim_end_matches(',');
        if number.chars().all(is_in_number) { words.push(number) } else { words.extend(word.split(',')) }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A quantity and a ticker, or the quantity's ambiguity; `None` if either is absent.
fn read_order(words: &[&str]) -> Option<Result<(Quantity, Ticker), UnreadableQuantity>> {
    let [quantity, ticker, ..] = words else {
        return None;
    };
    let ticker = read_ticker(ticker)?;
    match read_quantity(quantity) {
        Ok(quantity) => Some(Ok((quantity, ticker))),
        Err(doubt @ UnreadableQuantity::Doubtful { .. }) => Some(Err(doubt)),
        Err(UnreadableQuantity::Invalid(_)) => None,
    }
}

/// A ticker, possibly followed by a sentence's end.
fn read_ticker(word: &str) -> Option<Ticker> {
    word.trim_end_matches('.').parse().ok()
}

fn describe(portfolio: &Portfolio) -> String {
    let total = match portfolio.total_value {
        Some(total) => format!("Your portfolio is worth {total}"),
        None => "What your portfolio is worth is not known, as a price is missing".to_owned(),
    };
    let count = portfolio.positions.len();
    let positions = match count {
        0 => "no positions".to_owned(),
        1 => "1 position".to_owned(),
        _ => format!("{count} positions"),
    };
    format!("{total}: {} in cash, and {positions}.", portfolio.cash_balance)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        domain::{
            account::{Account, INITIAL_DEPOSIT},
            chat::Action,
        },
        server::copilot::reply::Reply,
    };

    fn answer(text: &str) -> Reply {
        Reply::read(&reply(
            text,
            &Portfolio::value(&Account::open(INITIAL_DEPOSIT), |_| None::<crate::domain::money::Price>),
        ))
        .unwrap()
    }

    #[rstest]
    #[case::buy("buy 5 AAPL", &["buy 5 AAPL"])]
    #[case::any_case("Please BUY 2.5 nvda.", &["buy 2.5 NVDA"])]
    #[case::several("buy 5 AAPL and sell 1 MSFT, then buy 1 V!", &["buy 5 AAPL", "sell 1 MSFT", "buy 1 V"])]
    #[case::all_verbs("watch XOM; add KO; unwatch V; remove JPM", &["add XOM", "add KO", "remove V", "remove JPM"])]
    #[case::additions_run_first("buy 1 XOM, add XOM", &["add XOM", "buy 1 XOM"])]
    #[case::share_class("buy 1 brk.b.", &["buy 1 BRK.B"])]
    #[case::thousand("buy 1000000 AAPL", &["buy 1,000,000 AAPL"])]
    #[case::decimal_comma("buy 2,5 AAPL, sell 0,001 V", &["buy 2.5 AAPL", "sell 0.001 V"])]
    #[case::grouped("buy 1,234,567 F", &["buy 1,234,567 F"])]
    #[case::commas_without_blanks("buy 5 AAPL,sell 1 MSFT", &["buy 5 AAPL", "sell 1 MSFT"])]
    #[case::doubtful("buy 1,000 F and buy 1 V", &["buy 1 V"])]
    #[case::no_quantity("buy AAPL", &[])]
    #[case::no_ticker("sell 5", &[])]
    #[case::no_such_quantity("buy 0 AAPL, sell -1 V", &[])]
    #[case::no_such_ticker("buy 1 12345", &[])]
    #[case::question("How am I doing?", &[])]
    fn the_words_become_actions(#[case] text: &str, #[case] expected: &[&str]) {
        let actions: Vec<_> = answer(text).actions.iter().map(Action::to_string).collect();
        assert_eq!(actions, expected);
    }

    #[test]
    fn a_doubtful_number_is_answered_with_both_readings() {
        let message = answer("buy 1,000 F, buy 1 V").message;
        assert_eq!(message, "You asked me to buy 1 V. 1,000 may be 1000 or 1.000; write the one that you mean.");
    }

    #[test]
    fn anything_else_gets_the_total_value() {
        assert_eq!(
            answer("Hello!").message,
            "Your portfolio is worth $10,000.00: $10,000.00 in cash, and no positions."
        );
    }

    #[test]
    fn the_same_message_gets_the_same_reply() {
        assert_eq!(answer("buy 1 V and hello"), answer("buy 1 V and hello"));
    }
}
