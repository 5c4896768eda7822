//! A model's reply: asked for in a form, and read as what it is, untrusted input.
//!
//! A reply is accepted whole or not at all. Its orders pass the same parsers as a person's; whether they may run is for
//! the ledger and the copilot's limits to say.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::domain::{
    chat::Action,
    money::Quantity,
    order::Side,
    ticker::{InvalidTicker, Ticker},
};

/// The longest text that is shown to a person.
const MESSAGE_CHARS_MAX: usize = 16_000;

/// More actions than any reply is for; how many of them may run is a matter of limits.
const ACTIONS_READ_MAX: usize = 100;

/// What the copilot says, and what it wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub message: String,
    /// In the order they run: additions to the watchlist, so that a trade may name a ticker that is added; trades, in
    /// the order of the reply; removals.
    pub actions: Vec<Action>,
}

/// Why a reply is none, in words for the model that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidReply(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyWire<'a> {
    message: String,
    #[serde(borrow)]
    trades: Option<Vec<TradeWire<'a>>>,
    watchlist_changes: Option<Vec<ChangeWire>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TradeWire<'a> {
    ticker: String,
    side: Side,
    /// As it was written, so that no digit is lost.
    #[serde(borrow)]
    quantity: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeWire {
    ticker: String,
    action: VerbWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum VerbWire {
    Add,
    Remove,
}

impl Reply {
    /// Reads a reply, which may stand in a code fence.
    ///
    /// # Errors
    /// When it is not exactly one JSON object of the form asked for, or holds what is no ticker or no quantity.
    pub fn read(content: &str) -> Result<Self, InvalidReply> {
        let content = without_fence(content);
        if content.is_empty() {
            return Err(InvalidReply("the reply was empty".to_owned()));
        }
        let wire: ReplyWire<'_> = serde_json::from_str(content)
            .map_err(|error| InvalidReply(format!("the reply is not the JSON object asked for: {error}")))?;
        let (trades, changes) = (wire.trades.unwrap_or_default(), wire.watchlist_changes.unwrap_or_default());
        if trades.len() + changes.len() > ACTIONS_READ_MAX {
            return Err(InvalidReply(format!("the reply holds more than {ACTIONS_READ_MAX} actions")));
        }
        let (mut actions, mut removals) = (Vec::new(), Vec::new());
        for (index, change) in changes.into_iter().enumerate() {
            let ticker = read_ticker(&change.ticker, "watchlist_changes", index)?;
            match change.action {
                VerbWire::Add => actions.push(Action::Watch(ticker)),
                VerbWire::Remove => removals.push(Action::Unwatch(ticker)),
            }
        }
        for (index, trade) in trades.into_iter().enumerate() {
            actions.push(read_trade(&trade, index)?);
        }
        actions.append(&mut removals);
        let message = wire.message.trim().to_owned();
        if message.is_empty() && actions.is_empty() {
            return Err(InvalidReply("the reply says nothing: \"message\" is empty".to_owned()));
        }
        if message.chars().count() > MESSAGE_CHARS_MAX {
            return Err(InvalidReply(format!("\"message\" has more than {MESSAGE_CHARS_MAX} characters")));
        }
        Ok(Self { message, actions })
    }
}

fn read_trade(trade: &TradeWire<'_>, index: usize) -> Result<Action, InvalidReply> {
    let ticker = read_ticker(&trade.ticker, "trades", index)?;
    let quantity: Quantity = trade
        .quantity
        .get()
        .parse()
        .map_err(|reason| InvalidReply(format!("trades[{index}].quantity is not a quantity: {reason}")))?;
    Ok(Action::Trade { ticker, side: trade.side, quantity })
}

fn read_ticker(text: &str, list: &str, index: usize) -> Result<Ticker, InvalidReply> {
    text.parse()
        .map_err(|reason: InvalidTicker| InvalidReply(format!("{list}[{index}].ticker is not a ticker: {reason}")))
}

/// What stands in the one code fence that all of the text is; models put JSON there unasked.
fn without_fence(content: &str) -> &str {
    let content = content.trim();
    let inside = content.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    match inside.and_then(|inside| inside.split_once('\n')) {
        // The first line names the language.
        Some((language, body)) if language.trim().chars().all(char::is_alphanumeric) => body.trim(),
        _ => content,
    }
}

/// The form of a reply, as a JSON schema of the strict kind: every field is required, and no other is allowed. Only what
/// each server understands is in it; values are checked when they are there.
pub fn schema() -> Value {
    let object = |properties: Value| {
        let required: Vec<_> = properties.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let list = |item: Value, description: &str| json!({ "type": "array", "items": item, "description": description });
    let ticker = json!({ "type": "string", "description": "1 to 5 letters, such as AAPL, or with a class, BRK.B" });
    object(json!({
        "message": { "type": "string", "description": "What the person reads, in Markdown" },
        "trades": list(
            object(json!({
                "ticker": ticker,
                "side": { "type": "string", "enum": ["buy", "sell"] },
                "quantity": { "type": "number", "description": "Shares: more than 0, at most 6 decimal places" },
            })),
            "Market orders to place now; empty unless the person wants a trade",
        ),
        "watchlist_changes": list(
            object(json!({
                "ticker": ticker,
                "action": { "type": "string", "enum": ["add", "remove"] },
            })),
            "Changes of the watchlist to make now; empty unless the person wants one",
        ),
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn read(content: &str) -> Result<(String, Vec<String>), String> {
        let reply = Reply::read(content).map_err(|error| error.to_string())?;
        Ok((reply.message, reply.actions.iter().map(Action::to_string).collect()))
    }

    #[rstest]
    #[case::message_alone(r#"{"message":"Hi"}"#, "Hi", &[])]
    #[case::empty_lists(r#"{"message":"Hi","trades":[],"watchlist_changes":[]}"#, "Hi", &[])]
    #[case::null_lists(r#"{"message":"Hi","trades":null,"watchlist_changes":null}"#, "Hi", &[])]
    #[case::in_a_fence("```json\n{\"message\":\"Hi\"}\n```", "Hi", &[])]
    #[case::in_a_bare_fence("```\n{\"message\":\"Hi\"}\n```\n", "Hi", &[])]
    #[case::blanks(" \n{\"message\":\" Hi \"}\n", "Hi", &[])]
    #[case::actions_alone(r#"{"message":"","trades":[{"ticker":"aapl","side":"buy","quantity":2}]}"#, "", &["buy 2 AAPL"])]
    #[case::additions_first_removals_last(
        r#"{"message":"","trades":[{"ticker":"XOM","side":"sell","quantity":0.5},{"ticker":"V","side":"buy","quantity":1e1}],
            "watchlist_changes":[{"ticker":"V","action":"remove"},{"ticker":"XOM","action":"add"}]}"#,
        "", &["add XOM", "sell 0.5 XOM", "buy 10 V", "remove V"]
    )]
    #[case::more_than_fits(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":1000000000}]}"#, "", &["buy 1,000,000,000 V"]
    )]
    fn a_reply_is_read(#[case] content: &str, #[case] message: &str, #[case] actions: &[&str]) {
        assert_eq!(read(content), Ok((message.to_owned(), actions.iter().map(ToString::to_string).collect())));
    }

    #[rstest]
    #[case::empty("", "empty")]
    #[case::blank(" \n", "empty")]
    #[case::empty_fence("```json\n```", "empty")]
    #[case::prose("I bought 10 shares of AAPL for you!", "JSON")]
    #[case::prose_before("Sure: {\"message\":\"Hi\"}", "JSON")]
    #[case::prose_after("{\"message\":\"Hi\"} Anything else?", "JSON")]
    #[case::two_objects(r#"{"message":"a"}{"message":"b"}"#, "JSON")]
    #[case::cut_off(r#"{"message":"I will buy","trades":[{"ticker":"AAPL","si"#, "JSON")]
    #[case::list("[]", "JSON")]
    #[case::null("null", "JSON")]
    #[case::text("\"Hi\"", "JSON")]
    #[case::no_message(r#"{"trades":[]}"#, "message")]
    #[case::says_nothing(r#"{"message":"  "}"#, "nothing")]
    #[case::message_of_another_type(r#"{"message":5}"#, "JSON")]
    #[case::unknown_field(r#"{"message":"Hi","account":"other"}"#, "account")]
    #[case::tool_calls(r#"{"message":"Hi","tool_calls":[{"name":"transfer"}]}"#, "tool_calls")]
    #[case::unknown_field_of_a_trade(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":1,"price":0.01}]}"#,
        "price"
    )]
    #[case::duplicate_field(r#"{"message":"a","message":"b"}"#, "duplicate")]
    #[case::duplicate_quantity(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":1,"quantity":9}]}"#,
        "duplicate"
    )]
    #[case::nan(r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":NaN}]}"#, "JSON")]
    #[case::infinity(r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":Infinity}]}"#, "JSON")]
    #[case::zero(r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":0}]}"#, "trades[0].quantity")]
    #[case::negative(r#"{"message":"","trades":[{"ticker":"V","side":"sell","quantity":-5}]}"#, "trades[0].quantity")]
    #[case::seven_decimals(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":0.1234567}]}"#,
        "trades[0].quantity"
    )]
    #[case::over_a_billion(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":1e12}]}"#,
        "trades[0].quantity"
    )]
    #[case::quantity_as_text(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":"1"}]}"#,
        "trades[0].quantity"
    )]
    #[case::null_quantity(
        r#"{"message":"","trades":[{"ticker":"V","side":"buy","quantity":null}]}"#,
        "trades[0].quantity"
    )]
    #[case::no_quantity(r#"{"message":"","trades":[{"ticker":"V","side":"buy"}]}"#, "quantity")]
    #[case::bad_ticker(
        r#"{"message":"","trades":[{"ticker":"BTC-USD","side":"buy","quantity":1}]}"#,
        "trades[0].ticker"
    )]
    #[case::sql_as_ticker(
        r#"{"message":"","watchlist_changes":[{"ticker":"'; DROP TABLE","action":"add"}]}"#,
        "watchlist_changes[0].ticker"
    )]
    #[case::short(r#"{"message":"","trades":[{"ticker":"V","side":"short","quantity":1}]}"#, "short")]
    #[case::side_in_capitals(r#"{"message":"","trades":[{"ticker":"V","side":"BUY","quantity":1}]}"#, "BUY")]
    #[case::unknown_verb(r#"{"message":"","watchlist_changes":[{"ticker":"V","action":"clear"}]}"#, "clear")]
    #[case::trades_as_object(r#"{"message":"","trades":{"ticker":"V","side":"buy","quantity":1}}"#, "JSON")]
    fn what_is_no_reply_says_why(#[case] content: &str, #[case] reason: &str) {
        let error = read(content).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn deep_and_long_replies_are_refused() {
        assert!(read(&"[".repeat(200_000)).is_err());
        assert!(read(&format!(r#"{{"message":"{}"}}"#, "x".repeat(MESSAGE_CHARS_MAX + 1))).is_err());
        let change = r#"{"ticker":"V","action":"add"}"#;
        let many = vec![change; ACTIONS_READ_MAX + 1].join(",");
        assert!(read(&format!(r#"{{"message":"Hi","watchlist_changes":[{many}]}}"#)).unwrap_err().contains("actions"));
    }

    #[test]
    fn the_schema_is_of_the_strict_kind() {
        fn check(schema: &Value) {
            if schema["type"] == "object" {
                let properties = schema["properties"].as_object().unwrap();
                assert_eq!(schema["required"].as_array().unwrap().len(), properties.len());
                assert_eq!(schema["additionalProperties"], false);
                properties.values().for_each(check);
            }
            if schema["type"] == "array" {
                check(&schema["items"]);
            }
        }
        check(&schema());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(content in ".{0,200}") {
            let _ = Reply::read(&content);
        }

        #[test]
        fn every_cut_of_a_reply_is_refused(length in 0_usize..91) {
            let whole = r#"{"message":"Buying.","trades":[{"ticker":"AAPL","side":"buy","quantity":25}]}"#;
            prop_assume!(length < whole.len());
            prop_assert!(Reply::read(&whole[..length]).is_err());
        }
    }
}
