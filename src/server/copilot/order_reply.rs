//! The parts of a model's reply that are about orders that wait, and alerts: read as the rest is, strictly.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::reply::{Fault, in_words, read_quantity, read_ticker, shortened, text_of};
use crate::domain::{
    chat::{Action, Cancelled, MisreadAction, PriceAlert, WaitingOrder},
    money::Price,
    order::InvalidSide,
    orders::terms::{OrderType, Terms, TimeInForce, Trail},
};

/// Fields are as they were written, so that one that is wrong is known by its text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderWire<'a> {
    #[serde(borrow)]
    ticker: Option<&'a RawValue>,
    side: Option<&'a RawValue>,
    #[serde(rename = "type")]
    order_type: Option<&'a RawValue>,
    quantity: Option<&'a RawValue>,
    limit_price: Option<&'a RawValue>,
    stop_price: Option<&'a RawValue>,
    trail_percent: Option<&'a RawValue>,
    time_in_force: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelWire<'a> {
    #[serde(borrow)]
    order_id: Option<&'a RawValue>,
    ticker: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertWire<'a> {
    #[serde(borrow)]
    ticker: Option<&'a RawValue>,
    when: Option<&'a RawValue>,
    price: Option<&'a RawValue>,
}

/// Of an order, for the form of a reply; null where a price does not belong to the type.
pub fn order_fields(ticker: &Value) -> Value {
    let price = |description: &str| json!({ "type": ["number", "null"], "description": description });
    json!({
        "ticker": ticker,
        "side": { "type": "string", "enum": ["buy", "sell"] },
        "type": { "type": "string", "enum": ["limit", "stop", "stop_limit", "trailing_stop"] },
        "quantity": { "type": "number", "description": "Shares: more than 0, at most 6 decimal places" },
        "limit_price": price("Of limit and stop_limit"),
        "stop_price": price("Of stop and stop_limit"),
        "trail_percent": price("Of trailing_stop: percent behind the best price"),
        "time_in_force": { "type": "string", "enum": ["day", "gtc"] },
    })
}

/// A field's text; null is missing.
fn written(field: Option<&RawValue>) -> String {
    let text = text_of(field.filter(|raw| raw.get() != "null"));
    text.trim().to_owned()
}

impl OrderWire<'_> {
    pub fn read(&self) -> Result<Action, Box<Fault>> {
        let [ticker, side, kind, quantity] = [self.ticker, self.side, self.order_type, self.quantity].map(written);
        let fault = |field, text: &str, reason: String| {
            let misread = MisreadAction {
                ordinal: 0,
                is_trade: true,
                verb: shortened(&side.to_lowercase()),
                quantity: shortened(&quantity),
                ticker: shortened(&ticker),
                error: in_words(text, field, &reason),
            };
            Box::new(Fault { field, reason, misread })
        };
        let ticker_read = read_ticker(&ticker).map_err(|reason| fault("ticker", &ticker, reason))?;
        let side_read = side
            .to_ascii_lowercase()
            .parse()
            .map_err(|reason: InvalidSide| fault("side", &side, reason.to_string()))?;
        let is_quoted = self.quantity.is_some_and(|raw| raw.get().starts_with('"'));
        let quantity_read =
            read_quantity(&quantity, is_quoted).map_err(|reason| fault("quantity", &quantity, reason.to_string()))?;
        let order_type: OrderType = kind
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| fault("type", &kind, "it is limit, stop, stop_limit or trailing_stop".to_owned()))?;
        let [limit, stop, trail, lasts] =
            [self.limit_price, self.stop_price, self.trail_percent, self.time_in_force].map(written);
        let price = |field, text: &str| -> Result<Price, Box<Fault>> {
            read(text).map_err(|reason| fault(field, text, reason))
        };
        let terms = match order_type {
            OrderType::Limit => Terms::Limit { limit: price("limit_price", &limit)? },
            OrderType::Stop => Terms::Stop { stop: price("stop_price", &stop)? },
            OrderType::StopLimit => {
                Terms::StopLimit { stop: price("stop_price", &stop)?, limit: price("limit_price", &limit)? }
            }
            OrderType::TrailingStop => {
                let percent = read(&trail).map_err(|reason| fault("trail_percent", &trail, reason))?;
                Terms::TrailingStop { trail: Trail::Percent(percent) }
            }
            OrderType::Market => {
                return Err(fault("type", &kind, "a market order belongs into \"trades\"".to_owned()));
            }
        };
        let time_in_force = match lasts.to_ascii_lowercase().as_str() {
            "" | "day" => TimeInForce::Day,
            "gtc" => TimeInForce::Gtc,
            _ => return Err(fault("time_in_force", &lasts, "it is day or gtc".to_owned())),
        };
        let (ticker, side, quantity) = (ticker_read, side_read, quantity_read);
        Ok(Action::Order(WaitingOrder { ticker, side, quantity, terms, time_in_force }))
    }
}

impl CancelWire<'_> {
    pub fn read(&self) -> Result<Action, Box<Fault>> {
        let [id, ticker] = [self.order_id, self.ticker].map(written);
        let fault = |field, text: &str, reason: String| {
            let misread = MisreadAction {
                ordinal: 0,
                is_trade: false,
                verb: "cancel".to_owned(),
                quantity: String::new(),
                ticker: shortened(&ticker),
                error: in_words(text, field, &reason),
            };
            Box::new(Fault { field, reason, misread })
        };
        Ok(Action::Cancel(match (id.as_str(), ticker.as_str()) {
            ("", "") => Cancelled::All,
            ("", text) => Cancelled::OfTicker(read_ticker(text).map_err(|reason| fault("ticker", text, reason))?),
            (id, _) => Cancelled::One(read(id).map_err(|reason| fault("order_id", id, reason))?),
        }))
    }
}

impl AlertWire<'_> {
    pub fn read(&self) -> Result<Action, Box<Fault>> {
        let [ticker, when, price] = [self.ticker, self.when, self.price].map(written);
        let fault = |field, text: &str, reason: String| {
            let misread = MisreadAction {
                ordinal: 0,
                is_trade: false,
                verb: "alert".to_owned(),
                quantity: String::new(),
                ticker: shortened(&ticker),
                error: in_words(text, field, &reason),
            };
            Box::new(Fault { field, reason, misread })
        };
        let is_above = match when.to_ascii_lowercase().as_str() {
            "above" => true,
            "below" => false,
            _ => return Err(fault("when", &when, "it is above or below".to_owned())),
        };
        let price_read = read(&price).map_err(|reason| fault("price", &price, reason))?;
        let ticker_read = read_ticker(&ticker).map_err(|reason| fault("ticker", &ticker, reason))?;
        Ok(Action::Alert(PriceAlert { ticker: ticker_read, is_above, price: price_read }))
    }
}

fn read<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|cause: T::Err| cause.to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::reply::Reply;

    fn read(fields: &str) -> (Vec<String>, Vec<String>) {
        let reply = Reply::read(&format!(r#"{{"message":"Hi",{fields}}}"#)).unwrap();
        let actions = reply.actions.iter().map(ToString::to_string).collect();
        (actions, reply.misread.into_iter().map(|misread| misread.error).collect())
    }

    #[rstest]
    #[case::limit(
        r#""orders":[{"ticker":"nvda","side":"buy","type":"limit","quantity":5,"limit_price":120,"stop_price":null,"trail_percent":null,"time_in_force":"gtc"}]"#,
        "buy 5 NVDA at 120.00 gtc"
    )]
    #[case::stop(
        r#""orders":[{"ticker":"V","side":"sell","type":"stop","quantity":"2","stop_price":110.5}]"#,
        "sell 2 V stop 110.50"
    )]
    #[case::trailing(
        r#""orders":[{"ticker":"V","side":"sell","type":"trailing_stop","quantity":2,"trail_percent":2.5}]"#,
        "sell 2 V trailing stop 2.5 %"
    )]
    #[case::all(r#""cancellations":[{"order_id":null,"ticker":null}]"#, "cancel all orders")]
    #[case::of_one(r#""cancellations":[{"order_id":null,"ticker":"V"}]"#, "cancel the orders of V")]
    #[case::one(
        r#""cancellations":[{"order_id":"01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f","ticker":null}]"#,
        "cancel the order 01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f"
    )]
    #[case::alert(r#""alerts":[{"ticker":"V","when":"below","price":280}]"#, "alert when V is below 280.00")]
    fn what_waits_is_read(#[case] fields: &str, #[case] action: &str) {
        assert_eq!(read(fields), (vec![action.to_owned()], Vec::new()));
    }

    #[rstest]
    #[case::market(r#""orders":[{"ticker":"V","side":"buy","type":"market","quantity":1}]"#, "belongs into")]
    #[case::no_limit(r#""orders":[{"ticker":"V","side":"buy","type":"limit","quantity":1}]"#, "named no limit_price")]
    #[case::bad_limit(r#""orders":[{"ticker":"V","side":"buy","type":"limit","quantity":1,"limit_price":-1}]"#, "“-1”")]
    #[case::no_order(r#""cancellations":[{"order_id":"the last one"}]"#, "“the last one”")]
    #[case::no_side(r#""alerts":[{"ticker":"V","when":"near","price":280}]"#, "“near”")]
    fn what_cannot_be_is_told(#[case] fields: &str, #[case] error: &str) {
        let (actions, errors) = read(fields);
        assert!(actions.is_empty() && errors.len() == 1 && errors[0].contains(error), "{errors:?}");
    }
}
