//! Orders and changes of the watchlist in plain words.
//!
//! Anything doubtful is asked about instead of done: a question is not an order, nor is a request for later or at
//! another price. The reply asks about ambiguous numbers, tickers without a number, and unknown names.

mod amount;
mod reader;
mod waiting;

use self::reader::Reader;
use super::words::{Names, Word, is_shouting, read_number_word};
use crate::domain::{
    account::Account,
    chat::Action,
    money::{Price, Quantity},
    order::Side,
    ticker::Ticker,
};

/// Actions that a message asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub actions: Vec<Action>,
    /// Questions about unclear requests, each a sentence.
    pub doubts: Vec<String>,
}

/// Market and account that orders are interpreted with.
pub struct Market<'a> {
    pub names: &'a Names,
    pub account: &'a Account,
    pub price: &'a dyn Fn(Ticker) -> Option<Price>,
    pub open_orders: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Trade(Side),
    Add,
    Remove,
    Cancel,
    Alert,
}

/// Words before the verb that make its sentence a question or a negation.
const NO_ORDER: &[&str] = &[
    "should",
    "shall",
    "did",
    "didn't",
    "if",
    "why",
    "when",
    "how",
    "what",
    "which",
    "who",
    "where",
    "not",
    "don't",
    "dont",
    "never",
    "cannot",
    "can't",
    "shouldn't",
    "won't",
    "wouldn't",
    "had",
    "have",
    "stop",
    "without",
    "rather",
];

/// Parses all requests of a message, in order.
pub fn read(words: &[Word], market: &Market<'_>) -> Asked {
    let mut asked = Asked::default();
    let shouting = is_shouting(words);
    let (mut at, mut sentence) = (0, 0);
    while at < words.len() {
        if at > 0 && words[at - 1].ends_sentence {
            sentence = at;
        }
        let before = &words[sentence..at];
        match verb_at(words, at) {
            Some((verb, length)) if !is_no_order(before, verb) => {
                let end = sentence_end(words, at);
                let reader = Reader { words: &words[..end], market, shouting };
                at = match verb {
                    Verb::Trade(side) => reader.read_trades(side, at + length, &mut asked),
                    Verb::Add | Verb::Remove => reader.read_changes(verb, at + length, &mut asked),
                    Verb::Cancel => reader.read_cancel(at + length, &mut asked),
                    Verb::Alert => reader.read_alert(at + length, &mut asked),
                };
            }
            Some((_, length)) => at += length,
            None => at += 1,
        }
    }
    asked
}

fn sentence_end(words: &[Word], from: usize) -> usize {
    words[from..].iter().position(|word| word.ends_sentence).map_or(words.len(), |offset| from + offset + 1)
}

/// The verb at this index, with its number of words.
fn verb_at(words: &[Word], at: usize) -> Option<(Verb, usize)> {
    let plain = |offset: usize| words.get(at + offset).map_or("", |word| word.plain.as_str());
    let is_number = |offset: usize| read_number_word_at(words, at + offset).is_some();
    let is_dollars = words.get(at + 1).is_some_and(|word| word.text.starts_with('$')) || is_currency(plain(2));
    let verb = match (plain(0), plain(1)) {
        ("stop", "watching" | "following" | "tracking") => return Some((Verb::Remove, 2)),
        ("get", "rid") => return Some((Verb::Trade(Side::Sell), if plain(2) == "of" { 3 } else { 2 })),
        ("get", "me") if is_number(2) => return Some((Verb::Trade(Side::Buy), 2)),
        ("get", _) if is_number(1) => Verb::Trade(Side::Buy),
        ("tell", "me") | ("let", "me") if matches!(plain(2), "when" | "if" | "once" | "know") => {
            return Some((Verb::Alert, 2));
        }
        ("cancel", _) => Verb::Cancel,
        ("alert" | "notify", _) => Verb::Alert,
        ("invest" | "spend" | "put", _) if is_dollars => Verb::Trade(Side::Buy),
        ("buy" | "purchase" | "acquire", _) => Verb::Trade(Side::Buy),
        ("sell" | "dump" | "liquidate" | "close", _) => Verb::Trade(Side::Sell),
        ("add" | "watch" | "track" | "follow" | "put", _) => Verb::Add,
        ("remove" | "unwatch" | "unfollow" | "untrack" | "drop" | "take" | "delete", _) => Verb::Remove,
        _ => return None,
    };
    Some((verb, 1))
}

fn is_currency(plain: &str) -> bool {
    matches!(plain, "dollars" | "dollar" | "usd" | "bucks")
}

/// Whether the words before a verb make it a question, a negation or a condition.
fn is_no_order(before: &[Word], verb: Verb) -> bool {
    let mut is_asked_by_me = false;
    for pair in before.windows(2) {
        // "Can you buy" is a request; "can I buy" is a question.
        is_asked_by_me |= matches!(pair[0].plain.as_str(), "can" | "could" | "may" | "might" | "would" | "do")
            && pair[1].plain == "i";
    }
    let is_noun = before.last().is_some_and(|word| matches!(word.plain.as_str(), "a" | "the" | "my" | "that" | "last"));
    let wants = before.last().is_some_and(|word| word.plain == "like");
    (is_asked_by_me && !wants)
        || before.iter().any(|word| NO_ORDER.contains(&word.plain.as_str()))
        || (is_noun && matches!(verb, Verb::Trade(_)))
}

fn read_number_word_at(
    words: &[Word],
    at: usize,
) -> Option<Result<Quantity, crate::domain::typed_number::UnreadableQuantity>> {
    words.get(at).and_then(read_number_word)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::words::words_of, *};
    use crate::domain::account::INITIAL_DEPOSIT;

    /// Actions and questions for a text, in an account with 10 TSLA and 4 AAPL; every price is 50 dollars.
    fn asked(text: &str) -> (Vec<String>, Vec<String>) {
        let mut account = Account::open(INITIAL_DEPOSIT);
        let price = Price::from_units(500_000).unwrap();
        for (ticker, quantity) in [("TSLA", "10"), ("AAPL", "4")] {
            account.apply(Side::Buy, ticker.parse().unwrap(), quantity.parse().unwrap(), price).unwrap();
        }
        let names = Names::new(account.holdings.keys().copied().collect());
        let market = Market { names: &names, account: &account, price: &|_| Some(price), open_orders: 2 };
        let Asked { actions, doubts } = read(&words_of(text), &market);
        (actions.iter().map(Action::to_string).collect(), doubts)
    }

    #[rstest]
    #[case::plain("buy 5 AAPL", &["buy 5 AAPL"])]
    #[case::more("buy 3 more AAPL", &["buy 3 AAPL"])]
    #[case::more_of("buy 3 more of AAPL", &["buy 3 AAPL"])]
    #[case::more_shares("Buy 3 more shares of Apple, please.", &["buy 3 AAPL"])]
    #[case::another("buy another 2 nvda", &["buy 2 NVDA"])]
    #[case::another_one("buy another AAPL", &["buy 1 AAPL"])]
    #[case::in_words("buy two shares of apple", &["buy 2 AAPL"])]
    #[case::an_article("buy a share of Visa", &["buy 1 V"])]
    #[case::dozen("buy a dozen microsoft", &["buy 12 MSFT"])]
    #[case::couple("buy a couple of nvidia shares", &["buy 2 NVDA"])]
    #[case::decimal("buy 2,5 V", &["buy 2.5 V"])]
    #[case::all("sell all my TSLA", &["sell 10 TSLA"])]
    #[case::all_of("sell all of my Tesla shares", &["sell 10 TSLA"])]
    #[case::shouting("SELL ALL MY TSLA", &["sell 10 TSLA"])]
    #[case::mine("sell my TSLA", &["sell 10 TSLA"])]
    #[case::half("sell half of my tesla", &["sell 5 TSLA"])]
    #[case::position("close my AAPL position", &["sell 4 AAPL"])]
    #[case::all_positions("close all positions", &["sell 4 AAPL", "sell 10 TSLA"])]
    #[case::rest("sell the rest of my TSLA", &["sell 10 TSLA"])]
    #[case::get("get me 3 AAPL", &["buy 3 AAPL"])]
    #[case::for_dollars("buy AAPL for $500", &["buy 10 AAPL"])]
    #[case::invest("invest 500 dollars in Apple", &["buy 10 AAPL"])]
    #[case::put_into("put $100 into Visa", &["buy 2 V"])]
    #[case::spend("spend $500 on NVDA", &["buy 10 NVDA"])]
    #[case::rid("get rid of all my apple stock", &["sell 4 AAPL"])]
    #[case::everything("sell everything", &["sell 4 AAPL", "sell 10 TSLA"])]
    #[case::several("buy 5 AAPL and 3 MSFT, then sell 1 TSLA", &["buy 5 AAPL", "buy 3 MSFT", "sell 1 TSLA"])]
    #[case::two_verbs("Buy 1 NVDA and watch XOM", &["buy 1 NVDA", "add XOM"])]
    #[case::dollars("buy $500 of AAPL", &["buy 10 AAPL"])]
    #[case::dollars_in_words("buy 75 dollars worth of nvidia", &["buy 1.5 NVDA"])]
    #[case::thousand_dollars("buy $1,000 of AAPL", &["buy 20 AAPL"])]
    #[case::thousand_dollars_and_cents("buy $1,000.50 of AAPL", &["buy 20.01 AAPL"])]
    #[case::thousand_dollars_in_words("invest 1,000 dollars in Apple", &["buy 20 AAPL"])]
    #[case::dollars_in_thousands("put $1.5k into Visa", &["buy 30 V"])]
    #[case::shares_in_thousands("buy 10k AAPL", &["buy 10,000 AAPL"])]
    #[case::shares_in_thousands_and_a_half("buy 1,5k AAPL and 2 V", &["buy 1,500 AAPL", "buy 2 V"])]
    #[case::behind("buy AAPL 5 shares", &["buy 5 AAPL"])]
    #[case::request("can you please buy me 2 AAPL?", &["buy 2 AAPL"])]
    #[case::wish("I would like to buy 2 AAPL", &["buy 2 AAPL"])]
    #[case::wish_in_short("i want to sell 2 AAPL now", &["sell 2 AAPL"])]
    #[case::at_market("buy 2 AAPL at market", &["buy 2 AAPL"])]
    #[case::watchlist("add KO and PEP to my watchlist", &["add KO", "add PEP"])]
    #[case::put("put XOM on my watchlist", &["add XOM"])]
    #[case::company_on_it("watch Coca-Cola", &["add KO"])]
    #[case::off("take NFLX off the watchlist", &["remove NFLX"])]
    #[case::no_longer("stop watching Netflix", &["remove NFLX"])]
    #[case::old_words("watch XOM; add KO; unwatch V; remove JPM", &["add XOM", "add KO", "remove V", "remove JPM"])]
    #[case::unknown_in_capitals("buy 1 ZZZQ", &["buy 1 ZZZQ"])]
    #[case::limit("buy 5 NVDA at 120", &["buy 5 NVDA at 120.00"])]
    #[case::limit_word("buy 5 NVDA limit $1,120.50 gtc", &["buy 5 NVDA at 1,120.50 gtc"])]
    #[case::limit_sign("buy 5 NVDA @ 790", &["buy 5 NVDA at 790.00"])]
    #[case::with_a_limit("sell 2 TSLA with a limit of 300 dollars", &["sell 2 TSLA at 300.00"])]
    #[case::stop("sell 5 NVDA stop 110", &["sell 5 NVDA stop 110.00"])]
    #[case::stop_of_all("sell all my TSLA with a stop at 40", &["sell 10 TSLA stop 40.00"])]
    #[case::stop_limit("sell 5 TSLA stop 40 limit 39.5 good till cancelled", &["sell 5 TSLA stop 40.00 limit 39.50 gtc"])]
    #[case::trailing("sell 5 TSLA trailing stop 5%", &["sell 5 TSLA trailing stop 5 %"])]
    #[case::order_and_more("buy 5 NVDA at 120 and watch XOM", &["buy 5 NVDA at 120.00", "add XOM"])]
    #[case::cancel("cancel my orders", &["cancel all orders"])]
    #[case::cancel_all("please cancel all open orders", &["cancel all orders"])]
    #[case::cancel_everything("Cancel everything", &["cancel all orders"])]
    #[case::cancel_some("cancel my NVDA orders", &["cancel the orders of NVDA"])]
    #[case::cancel_those_of("cancel all orders for Nvidia", &["cancel the orders of NVDA"])]
    #[case::alert("alert me when NVDA is above 130", &["alert when NVDA is above 130.00"])]
    #[case::alert_below("Tell me when Tesla drops below $40.", &["alert when TSLA is below 40.00"])]
    #[case::alert_sign("alert NVDA > 850", &["alert when NVDA is above 850.00"])]
    #[case::alert_reached("notify me if V hits 45", &["alert when V is below 45.00"])]
    #[case::an_alert("set an alert for AAPL at 60", &["alert when AAPL is above 60.00"])]
    #[case::question_before("How am I doing? Buy 1 V.", &["buy 1 V"])]
    fn what_is_asked_for_is_understood(#[case] text: &str, #[case] actions: &[&str]) {
        let (understood, doubts) = asked(text);
        assert_eq!(understood, actions);
        assert_eq!(doubts, Vec::<String>::new());
    }

    #[rstest]
    #[case::doubtful_number("buy 1,000 V", "1,000 may be 1000 or 1.000")]
    #[case::doubtful_thousands("buy 1,000k V", "1,000k may be 1000k or 1.000k")]
    #[case::no_number("buy AAPL", "How many AAPL do you want to buy?")]
    #[case::no_number_to_sell("sell TSLA", "How many TSLA do you want to sell?")]
    #[case::not_held("sell all my NVDA", "You hold no NVDA.")]
    #[case::limit_later("buy 5 AAPL at 150 tomorrow", "Nothing was ordered")]
    #[case::two_at_a_price("buy 5 AAPL and 3 V at 150", "Nothing was ordered")]
    #[case::which_order("cancel my order", "Which order")]
    #[case::alert_on_nothing("alert me when AAPL is happy", "I set alerts on prices")]
    #[case::condition("sell 5 TSLA if it falls below 100", "Nothing was ordered")]
    #[case::tomorrow("buy 5 AAPL tomorrow", "Nothing was ordered")]
    #[case::unknown("buy 2 cats", "I know no company and no ticker “cats”")]
    #[case::negative("buy -5 AAPL", "A quantity has to be more than zero")]
    #[case::zero("buy 0 AAPL", "A quantity has to be more than zero")]
    #[case::shares_for_the_list("add 5 AAPL", "Do you want to buy 5 AAPL?")]
    #[case::buy_all("buy all AAPL", "How many AAPL")]
    fn what_is_in_doubt_is_asked_about(#[case] text: &str, #[case] doubt: &str) {
        let (understood, doubts) = asked(text);
        assert_eq!(understood, Vec::<String>::new());
        assert!(doubts.len() == 1 && doubts[0].starts_with(doubt), "{doubts:?}");
    }

    #[rstest]
    #[case("Should I buy 5 AAPL?")]
    #[case("can I buy 5 AAPL?")]
    #[case("What if I sell all my TSLA?")]
    #[case("don't buy 5 AAPL")]
    #[case("Do not sell my TSLA")]
    #[case("why did you buy 5 AAPL")]
    #[case("when did I sell 5 TSLA")]
    #[case("What did I buy today?")]
    #[case("How many AAPL can I buy?")]
    #[case("How am I doing?")]
    #[case("take a look at my account")]
    #[case("watch out")]
    #[case("add some color")]
    #[case("buy more of it")]
    #[case("buy some time")]
    #[case("I bought 5 AAPL")]
    #[case("was that a good buy")]
    #[case("close")]
    #[case("should I cancel my orders?")]
    #[case("cancel")]
    #[case("What are my open orders?")]
    #[case("what are my alerts")]
    fn what_is_no_order_is_none(#[case] text: &str) {
        assert_eq!(asked(text), (Vec::new(), Vec::new()));
    }
}
