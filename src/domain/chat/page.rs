//! The conversation in REST's responses.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Action, ActionStatus, Cancelled, Estimate, MisreadAction, RecordedAction, RecordedMessage, Role};
use crate::domain::{
    instant::UtcInstant,
    library::Citation,
    money::{Price, Quantity, TrailPercent},
    order::Side,
    orders::{
        id::OrderId,
        terms::{OrderType, Terms, TimeInForce, Trail},
    },
    ticker::Ticker,
};

/// A message in REST's responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatMessage {
    pub id: String,
    pub role: Role,
    /// The model's text, in Markdown. Its claims are not authoritative; the actions' `status` is.
    pub message: String,
    /// Trades, in order of execution.
    pub trades: Vec<TradeAction>,
    pub watchlist_changes: Vec<WatchlistChange>,
    /// Orders that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderAction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancellations: Vec<CancelAction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertAction>,
    /// Passages of the library that the reply was made from. Its text names one by its `source` in brackets: `[S1]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    pub created_at: UtcInstant,
    /// Error code, if the copilot failed to reply; `message` then explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A field of an action: its value, or the model's text if that is invalid, for which the action is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Field<T> {
    Read(T),
    Misread(String),
}

impl<T: FromStr> From<String> for Field<T> {
    fn from(text: String) -> Self {
        text.parse().map_or(Self::Misread(text), Self::Read)
    }
}

/// A trade of a reply. An invalid field holds the text that the model wrote, and the trade is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TradeAction {
    pub id: String,
    #[schema(value_type = Ticker)]
    pub ticker: Field<Ticker>,
    #[schema(value_type = Side)]
    pub side: Field<Side>,
    #[schema(value_type = Quantity)]
    pub quantity: Field<Quantity>,
    pub status: ActionStatus,
    /// Price at which it was executed, or its price when proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Reason why it was not executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Estimate for a proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// A change of the watchlist that a reply asked for. Invalid fields are as in a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchlistChange {
    pub id: String,
    #[schema(value_type = Ticker)]
    pub ticker: Field<Ticker>,
    #[schema(value_type = WatchlistVerb)]
    pub action: Field<WatchlistVerb>,
    pub status: ActionStatus,
    /// Reason why it was not executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An order of a reply that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderAction {
    pub id: String,
    pub ticker: Ticker,
    pub side: Side,
    #[serde(rename = "type")]
    pub order_type: OrderType,
    pub quantity: Quantity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_amount: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_percent: Option<TrailPercent>,
    pub time_in_force: TimeInForce,
    pub status: ActionStatus,
    /// Why it was not placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Open orders that a reply cancels: one, those of a ticker, or all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelAction {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticker: Option<Ticker>,
    pub status: ActionStatus,
    /// Why none was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An alert on a price that a reply makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertAction {
    pub id: String,
    pub ticker: Ticker,
    /// `above` or `below`
    pub when: String,
    pub price: Price,
    pub status: ActionStatus,
    /// Why it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WatchlistVerb {
    Add,
    Remove,
}

/// Part of the conversation, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatPage {
    pub messages: Vec<ChatMessage>,
    /// Value of `before` that returns the messages before these; absent on the last page.
    pub next_before: Option<String>,
}

impl From<RecordedMessage> for ChatMessage {
    fn from(recorded: RecordedMessage) -> Self {
        let RecordedMessage { id, role, message, actions, misread, citations, failure, created_at } = recorded;
        let (trades, watchlist_changes) = (Vec::new(), Vec::new());
        let (orders, cancellations, alerts) = (Vec::new(), Vec::new(), Vec::new());
        let mut told = Self {
            id,
            role,
            message,
            trades,
            watchlist_changes,
            orders,
            cancellations,
            alerts,
            citations,
            created_at,
            failure,
        };
        let (mut misread, mut actions) = (misread.into_iter().peekable(), actions.into_iter());
        for ordinal in 0.. {
            if let Some(misread) = misread.next_if(|misread| misread.ordinal <= ordinal) {
                tell_misread(misread, &told.id, &mut told.trades, &mut told.watchlist_changes);
            } else if let Some(action) = actions.next() {
                told.tell(action);
            } else if misread.peek().is_none() {
                break;
            }
        }
        told
    }
}

impl ChatMessage {
    fn tell(&mut self, recorded: RecordedAction) {
        let RecordedAction { id, action, status, price, error, estimate, .. } = recorded;
        match action {
            Action::Trade { ticker, side, quantity } => {
                let (ticker, side, quantity) = (Field::Read(ticker), Field::Read(side), Field::Read(quantity));
                self.trades.push(TradeAction { id, ticker, side, quantity, status, price, error, estimate });
            }
            Action::Watch(ticker) => self.tell_change(id, (ticker, WatchlistVerb::Add), status, error),
            Action::Unwatch(ticker) => self.tell_change(id, (ticker, WatchlistVerb::Remove), status, error),
            Action::Order(order) => {
                let (trail_amount, trail_percent) = match order.terms.trail() {
                    Some(Trail::Amount(amount)) => (Some(amount), None),
                    Some(Trail::Percent(percent)) => (None, Some(percent)),
                    None => (None, None),
                };
                let stop_price = match order.terms {
                    Terms::Stop { stop } | Terms::StopLimit { stop, .. } => Some(stop),
                    Terms::Market | Terms::Limit { .. } | Terms::TrailingStop { .. } => None,
                };
                self.orders.push(OrderAction {
                    id,
                    ticker: order.ticker,
                    side: order.side,
                    order_type: order.order_type(),
                    quantity: order.quantity,
                    limit_price: order.terms.limit(),
                    stop_price,
                    trail_amount,
                    trail_percent,
                    time_in_force: order.time_in_force,
                    status,
                    error,
                });
            }
            Action::Cancel(cancelled) => {
                let (order_id, ticker) = match cancelled {
                    Cancelled::All => (None, None),
                    Cancelled::OfTicker(ticker) => (None, Some(ticker)),
                    Cancelled::One(id) => (Some(id), None),
                };
                self.cancellations.push(CancelAction { id, order_id, ticker, status, error });
            }
            Action::Alert(alert) => {
                let when = if alert.is_above { "above" } else { "below" }.to_owned();
                let (ticker, price) = (alert.ticker, alert.price);
                self.alerts.push(AlertAction { id, ticker, when, price, status, error });
            }
        }
    }

    fn tell_change(
        &mut self,
        id: String,
        (ticker, verb): (Ticker, WatchlistVerb),
        status: ActionStatus,
        error: Option<String>,
    ) {
        let (ticker, action) = (Field::Read(ticker), Field::Read(verb));
        self.watchlist_changes.push(WatchlistChange { id, ticker, action, status, error });
    }
}

fn tell_misread(
    misread: MisreadAction,
    message_id: &str,
    trades: &mut Vec<TradeAction>,
    changes: &mut Vec<WatchlistChange>,
) {
    let MisreadAction { ordinal, is_trade, verb, quantity, ticker, error } = misread;
    let (id, ticker, status, error) =
        (format!("{message_id}-{ordinal}"), ticker.into(), ActionStatus::Rejected, Some(error));
    if is_trade {
        let (side, quantity) = (verb.into(), quantity.into());
        trades.push(TradeAction { id, ticker, side, quantity, status, price: None, error, estimate: None });
    } else {
        let action = match verb.as_str() {
            "add" => Field::Read(WatchlistVerb::Add),
            "remove" => Field::Read(WatchlistVerb::Remove),
            _ => Field::Misread(verb),
        };
        changes.push(WatchlistChange { id, ticker, action, status, error });
    }
}
