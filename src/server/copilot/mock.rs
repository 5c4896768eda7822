//! The copilot without a model: a few words are understood, and nothing is random, so that it can be tried and tested
//! without a network.
//!
//! Its answers are written as a model would write them, and are read like those.

use serde_json::{Value, json};

use crate::domain::{money::Quantity, portfolio::Portfolio, ticker::Ticker};

/// The reply to `text`: each `buy|sell N TICKER` and `add|watch|remove|unwatch TICKER` in it becomes an action, in any
/// case and order; anything else gets a sentence on the portfolio.
pub fn reply(text: &str, portfolio: &Portfolio) -> String {
    let (mut trades, mut changes, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    let words: Vec<&str> = text.split(is_between_words).filter(|word| !word.is_empty()).collect();
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        rest = after;
        let verb = word.to_ascii_lowercase();
        match verb.as_str() {
            "buy" | "sell" => {
                if let Some((quantity, ticker)) = read_order(after) {
                    asked.push(format!("{verb} {quantity} {ticker}"));
                    trades.push(json!({ "ticker": ticker, "side": verb, "quantity": quantity }));
                    rest = &after[2..];
                }
            }
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
    // What is asked for is not what is done: the outcomes stand beside the message.
    let message = if asked.is_empty() { describe(portfolio) } else { format!("You asked me to {}.", asked.join(", ")) };
    let reply: Value = json!({ "message": message, "trades": trades, "watchlist_changes": changes });
    reply.to_string()
}

fn is_between_words(character: char) -> bool {
    character.is_whitespace() || matches!(character, ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"')
}

fn read_order(words: &[&str]) -> Option<(Quantity, Ticker)> {
    let [quantity, ticker, ..] = words else {
        return None;
    };
    Some((quantity.parse().ok()?, read_ticker(ticker)?))
}

/// A ticker, at the end of a sentence perhaps.
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
        Reply::read(&reply(text, &Portfolio::value(&Account::open(INITIAL_DEPOSIT), |_| None))).unwrap()
    }

    #[rstest]
    #[case::buy("buy 5 AAPL", &["buy 5 AAPL"])]
    #[case::any_case("Please BUY 2.5 nvda.", &["buy 2.5 NVDA"])]
    #[case::several("buy 5 AAPL and sell 1 MSFT, then buy 1 V!", &["buy 5 AAPL", "sell 1 MSFT", "buy 1 V"])]
    #[case::all_verbs("watch XOM; add KO; unwatch V; remove JPM", &["add XOM", "add KO", "remove V", "remove JPM"])]
    #[case::additions_run_first("buy 1 XOM, add XOM", &["add XOM", "buy 1 XOM"])]
    #[case::share_class("buy 1 brk.b.", &["buy 1 BRK.B"])]
    #[case::thousand("buy 1000000 AAPL", &["buy 1,000,000 AAPL"])]
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
