//! A model's reply: requested in a format, and parsed as untrusted input.
//!
//! First its shape is normalised ([`shapes`](super::shapes)). The result is accepted whole or not at all, except that
//! single impossible actions are rejected by themselves. Orders pass the same parsers as a person's; the ledger and the
//! copilot's limits decide whether they run.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    order_reply::{AlertWire, CancelWire, OrderWire, order_fields},
    shapes::find_object,
};
use crate::domain::{
    chat::{Action, MisreadAction},
    money::{InvalidQuantity, Quantity},
    order::InvalidSide,
    ticker::{InvalidTicker, Ticker},
};

/// Longest text shown to a person.
const MESSAGE_CHARS_MAX: usize = 16_000;

/// Bound beyond any reasonable reply; the limits decide how many actions may run.
const ACTIONS_READ_MAX: usize = 100;

/// The copilot's message and actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub message: String,
    /// In the order they run: additions to the watchlist, so that a trade may name a ticker that is added; cancellations, whose
    /// cash a trade may need; trades, orders and alerts, in the order of the reply; removals.
    pub actions: Vec<Action>,
    /// Entries that are not valid actions.
    pub misread: Vec<MisreadAction>,
    /// The same for the model: each fault and its place, in words.
    faults: Vec<String>,
}

/// Reason why a reply is invalid, in words for the model that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidReply(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyWire<'a> {
    message: String,
    #[serde(borrow)]
    trades: Option<Vec<TradeWire<'a>>>,
    watchlist_changes: Option<Vec<ChangeWire<'a>>>,
    orders: Option<Vec<OrderWire<'a>>>,
    cancellations: Option<Vec<CancelWire<'a>>>,
    alerts: Option<Vec<AlertWire<'a>>>,
}

/// Fields as original text, so that no digit is lost and a wrong field can be shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TradeWire<'a> {
    #[serde(borrow)]
    ticker: Option<&'a RawValue>,
    side: Option<&'a RawValue>,
    quantity: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeWire<'a> {
    #[serde(borrow)]
    ticker: Option<&'a RawValue>,
    action: Option<&'a RawValue>,
}

impl Reply {
    /// A message without actions.
    pub fn saying(message: String) -> Self {
        Self { message, actions: Vec::new(), misread: Vec::new(), faults: Vec::new() }
    }

    /// Parses a reply, whatever surrounds its object.
    ///
    /// # Errors
    /// If it is not exactly one JSON object of the requested format, or is empty.
    pub fn read(content: &str) -> Result<Self, InvalidReply> {
        let object = find_object(content).map_err(|reason| InvalidReply(reason.to_string()))?;
        let wire: ReplyWire<'_> = serde_json::from_str(&object)
            .map_err(|error| InvalidReply(format!("the reply is not the JSON object asked for: {error}")))?;
        let (trades, changes) = (wire.trades.unwrap_or_default(), wire.watchlist_changes.unwrap_or_default());
        let (orders, cancellations) = (wire.orders.unwrap_or_default(), wire.cancellations.unwrap_or_default());
        let alerts = wire.alerts.unwrap_or_default();
        let count = trades.len() + changes.len() + orders.len() + cancellations.len() + alerts.len();
        if count > ACTIONS_READ_MAX {
            return Err(InvalidReply(format!("the reply holds more than {ACTIONS_READ_MAX} actions")));
        }
        let (mut reply, mut removals) = (Self::saying(wire.message.trim().to_owned()), Vec::new());
        for (index, change) in changes.iter().enumerate() {
            match read_change(change) {
                Ok(removal @ Action::Unwatch(_)) => removals.push(removal),
                asked => reply.take_in(asked, "watchlist_changes", index),
            }
        }
        // Cancelled orders release cash for new ones.
        for (index, cancel) in cancellations.iter().enumerate() {
            reply.take_in(cancel.read(), "cancellations", index);
        }
        for (index, trade) in trades.iter().enumerate() {
            reply.take_in(read_trade(trade), "trades", index);
        }
        for (index, order) in orders.iter().enumerate() {
            reply.take_in(order.read(), "orders", index);
        }
        for (index, alert) in alerts.iter().enumerate() {
            reply.take_in(alert.read(), "alerts", index);
        }
        reply.actions.append(&mut removals);
        if reply.message.is_empty() && reply.actions.is_empty() {
            let reason =
                if reply.faults.is_empty() { "\"message\" is empty".to_owned() } else { reply.faults.join("; ") };
            return Err(InvalidReply(format!("the reply says nothing that can be done: {reason}")));
        }
        if reply.message.chars().count() > MESSAGE_CHARS_MAX {
            return Err(InvalidReply(format!("\"message\" has more than {MESSAGE_CHARS_MAX} characters")));
        }
        Ok(reply)
    }

    /// The fault of its actions if all of them are invalid: then the model is asked once more.
    pub fn complaint(&self) -> Option<InvalidReply> {
        (self.actions.is_empty() && !self.faults.is_empty()).then(|| InvalidReply(self.faults.join("; ")))
    }

    fn take_in(&mut self, asked: Result<Action, Box<Fault>>, list: &str, index: usize) {
        match asked {
            Ok(action) => self.actions.push(action),
            Err(fault) => {
                let Fault { field, reason, misread } = *fault;
                let ordinal = self.actions.len() + self.misread.len();
                self.faults.push(format!("{list}[{index}].{field} {reason}"));
                self.misread.push(MisreadAction { ordinal, ..misread });
            }
        }
    }
}

/// The fault of an action.
pub(super) struct Fault {
    pub field: &'static str,
    pub reason: String,
    pub misread: MisreadAction,
}

fn read_trade(trade: &TradeWire<'_>) -> Result<Action, Box<Fault>> {
    let texts = [trade.ticker, trade.side, trade.quantity].map(text_of);
    let [ticker, side, quantity] = texts.each_ref().map(|text| text.trim());
    let fault = |field, text, reason: String| {
        let [verb, quantity, ticker] = [&side.to_lowercase(), quantity, ticker].map(shortened);
        let error = in_words(text, field, &reason);
        let misread = MisreadAction { ordinal: 0, is_trade: true, verb, quantity, ticker, error };
        Box::new(Fault { field, reason, misread })
    };
    let ticker_read = read_ticker(ticker).map_err(|reason| fault("ticker", ticker, reason))?;
    let side_read =
        side.to_ascii_lowercase().parse().map_err(|reason: InvalidSide| fault("side", side, reason.to_string()))?;
    let is_quoted = trade.quantity.is_some_and(|written| written.get().starts_with('"'));
    let quantity_read =
        read_quantity(quantity, is_quoted).map_err(|reason| fault("quantity", quantity, reason.to_string()))?;
    Ok(Action::Trade { ticker: ticker_read, side: side_read, quantity: quantity_read })
}

fn read_change(change: &ChangeWire<'_>) -> Result<Action, Box<Fault>> {
    let texts = [change.ticker, change.action].map(text_of);
    let [ticker, verb] = texts.each_ref().map(|text| text.trim());
    let fault = |field, text, reason: String| {
        let ([verb, ticker], error) = ([&verb.to_lowercase(), ticker].map(shortened), in_words(text, field, &reason));
        let misread = MisreadAction { ordinal: 0, is_trade: false, verb, quantity: String::new(), ticker, error };
        Box::new(Fault { field, reason, misread })
    };
    let ticker_read = read_ticker(ticker).map_err(|reason| fault("ticker", ticker, reason))?;
    match verb.to_ascii_lowercase().as_str() {
        "add" => Ok(Action::Watch(ticker_read)),
        "remove" => Ok(Action::Unwatch(ticker_read)),
        _ => Err(fault("action", verb, "an action is \"add\" or \"remove\"".to_owned())),
    }
}

/// A ticker, possibly after a dollar sign.
pub(super) fn read_ticker(text: &str) -> Result<Ticker, String> {
    text.strip_prefix('$').unwrap_or(text).parse().map_err(|reason: InvalidTicker| reason.to_string())
}

/// Parses a quantity. A quoted number is unambiguous only as digits with an optional point.
pub(super) fn read_quantity(text: &str, is_quoted: bool) -> Result<Quantity, InvalidQuantity> {
    let is_plain = text.chars().all(|character| character.is_ascii_digit() || character == '.');
    if is_quoted && !is_plain && !text.starts_with('-') {
        return Err(InvalidQuantity::NotANumber);
    }
    text.parse()
}

/// A string's text, or any other value as written; empty for a missing field.
pub(super) fn text_of(field: Option<&RawValue>) -> String {
    let text = field.map(RawValue::get).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
}

pub(super) fn in_words(text: &str, field: &str, reason: &str) -> String {
    match text {
        "" => format!("The copilot named no {field}."),
        text => format!("“{}” is no {field}: {reason}.", shortened(text)),
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(MisreadAction::FIELD_CHARS_MAX).collect::<String>().trim_end().to_owned()
}

/// Format of a reply, as a strict JSON schema: every field is required, and no other is allowed. It uses only keywords
/// that all servers understand; values are checked on arrival.
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
        "orders": list(object(order_fields(&ticker)), "Orders that wait for a price; empty unless the person wants one"),
        "cancellations": list(
            object(json!({
                "order_id": { "type": ["string", "null"], "description": "The id of an open order; null for several" },
                "ticker": { "type": ["string", "null"], "description": "All orders of this ticker; null for those of any" },
            })),
            "Open orders to cancel now; empty unless the person wants that",
        ),
        "alerts": list(
            object(json!({
                "ticker": ticker,
                "when": { "type": "string", "enum": ["above", "below"] },
                "price": { "type": "number", "description": "Dollars" },
            })),
            "Alerts to set now; empty unless the person wants one",
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
    #[case::empty_fence("```json\n```", "JSON")]
    #[case::prose("I bought 10 shares of AAPL for you!", "JSON")]
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
    #[case::trades_as_object(r#"{"message":"","trades":{"ticker":"V","side":"buy","quantity":1}}"#, "JSON")]
    fn what_is_no_reply_says_why(#[case] content: &str, #[case] reason: &str) {
        let error = read(content).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }

    #[rstest]
    #[case::prose_before("Sure: {\"message\":\"Hi\"}")]
    #[case::prose_after("{\"message\":\"Hi\"} Anything else?")]
    #[case::thoughts("<think>{\"message\":\"No\"}</think>{\"message\":\"Hi\"}")]
    fn what_stands_around_the_object_does_not_matter(#[case] content: &str) {
        assert_eq!(read(content), Ok(("Hi".to_owned(), Vec::new())));
    }

    #[rstest]
    #[case::side_in_capitals(r#"{"ticker":"V","side":"BUY","quantity":1}"#, "buy 1 V")]
    #[case::side_with_a_capital(r#"{"ticker":"V","side":" Sell ","quantity":1}"#, "sell 1 V")]
    #[case::quantity_as_text(r#"{"ticker":"V","side":"buy","quantity":"10"}"#, "buy 10 V")]
    #[case::decimal_as_text(r#"{"ticker":"V","side":"buy","quantity":" 2.50 "}"#, "buy 2.5 V")]
    #[case::dollar_sign(r#"{"ticker":"$aapl","side":"buy","quantity":1}"#, "buy 1 AAPL")]
    fn what_is_beyond_doubt_is_understood(#[case] trade: &str, #[case] action: &str) {
        let content = format!(r#"{{"message":"Hi","trades":[{trade}]}}"#);
        assert_eq!(read(&content), Ok(("Hi".to_owned(), vec![action.to_owned()])));
    }

    const TRADE: &str = r#"{"ticker":"V","side":"buy","quantity":1}"#;

    #[rstest]
    #[case::zero(
        r#"{"ticker":"V","side":"buy","quantity":0}"#,
        "“0” is no quantity: a quantity has to be more than zero."
    )]
    #[case::negative(
        r#"{"ticker":"V","side":"sell","quantity":-5}"#,
        "“-5” is no quantity: a quantity has to be more than zero."
    )]
    #[case::negative_as_text(
        r#"{"ticker":"V","side":"sell","quantity":"-5"}"#,
        "“-5” is no quantity: a quantity has to be more than zero."
    )]
    #[case::seven_decimals(
        r#"{"ticker":"V","side":"buy","quantity":0.1234567}"#,
        "“0.1234567” is no quantity: a quantity has at most 6 decimal places."
    )]
    #[case::over_a_billion(
        r#"{"ticker":"V","side":"buy","quantity":1e12}"#,
        "“1e12” is no quantity: a quantity is at most 1,000,000,000 shares."
    )]
    #[case::infinite(
        r#"{"ticker":"V","side":"buy","quantity":1e999}"#,
        "“1e999” is no quantity: a quantity is at most 1,000,000,000 shares."
    )]
    #[case::grouped(
        r#"{"ticker":"V","side":"buy","quantity":"1,000"}"#,
        "“1,000” is no quantity: a quantity is a number of shares, such as 10 or 2.5."
    )]
    #[case::exponent_as_text(
        r#"{"ticker":"V","side":"buy","quantity":"1e3"}"#,
        "“1e3” is no quantity: a quantity is a number of shares, such as 10 or 2.5."
    )]
    #[case::words(
        r#"{"ticker":"V","side":"sell","quantity":"all of it, and more than that"}"#,
        "“all of it, and more than” is no quantity: a quantity is a number of shares, such as 10 or 2.5."
    )]
    #[case::null_quantity(r#"{"ticker":"V","side":"buy","quantity":null}"#, "The copilot named no quantity.")]
    #[case::no_quantity(r#"{"ticker":"V","side":"buy"}"#, "The copilot named no quantity.")]
    #[case::quantity_as_list(
        r#"{"ticker":"V","side":"buy","quantity":[1]}"#,
        "“[1]” is no quantity: a quantity is a number of shares, such as 10 or 2.5."
    )]
    #[case::short(
        r#"{"ticker":"V","side":"short","quantity":1}"#,
        "“short” is no side: a side is \"buy\" or \"sell\"."
    )]
    #[case::no_ticker(r#"{"side":"buy","quantity":1}"#, "The copilot named no ticker.")]
    fn one_wrong_action_is_rejected_and_the_others_stand(#[case] trade: &str, #[case] error: &str) {
        let content = format!(r#"{{"message":"Hi","trades":[{TRADE},{trade},{TRADE}]}}"#);
        let reply = Reply::read(&content).unwrap();
        assert_eq!(reply.actions.len(), 2);
        let [misread] = reply.misread.as_slice() else { panic!("{:?}", reply.misread) };
        assert_eq!((misread.error.as_str(), misread.ordinal), (error, 1));
        assert_eq!(reply.complaint(), None, "some of it can be done");
        let alone = Reply::read(&format!(r#"{{"message":"Hi","trades":[{trade}]}}"#)).unwrap();
        assert!(alone.complaint().unwrap().0.starts_with("trades[0]."));
        let nothing = read(&format!(r#"{{"message":"","trades":[{trade}]}}"#)).unwrap_err();
        assert!(nothing.contains("trades[0]."), "{nothing}");
    }

    #[rstest]
    #[case::unknown_verb(
        r#"{"ticker":"V","action":"clear"}"#,
        "“clear” is no action: an action is \"add\" or \"remove\"."
    )]
    #[case::sql_as_ticker(r#"{"ticker":"'; DROP TABLE","action":"add"}"#, "“'; DROP TABLE” is no ticker: ")]
    fn one_wrong_change_is_rejected_and_the_others_stand(#[case] change: &str, #[case] error: &str) {
        let add = r#"{"ticker":"XOM","action":"ADD"}"#;
        let reply = Reply::read(&format!(r#"{{"message":"Hi","watchlist_changes":[{change},{add}]}}"#)).unwrap();
        assert_eq!(reply.actions, [Action::Watch("XOM".parse().unwrap())]);
        assert!(reply.misread[0].error.starts_with(error), "{:?}", reply.misread);
        assert!(!reply.misread[0].is_trade);
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
