//! The conversation in REST's responses.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Action, ActionStatus, Estimate, MisreadAction, RecordedAction, RecordedMessage, Role};
use crate::domain::{
    instant::UtcInstant,
    money::{Price, Quantity},
    order::Side,
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
        let (mut trades, mut watchlist_changes) = (Vec::new(), Vec::new());
        let mut misread = recorded.misread.into_iter().peekable();
        let mut actions = recorded.actions.into_iter();
        for ordinal in 0.. {
            if let Some(misread) = misread.next_if(|misread| misread.ordinal <= ordinal) {
                tell_misread(misread, &recorded.id, &mut trades, &mut watchlist_changes);
            } else if let Some(action) = actions.next() {
                tell(action, &mut trades, &mut watchlist_changes);
            } else if misread.peek().is_none() {
                break;
            }
        }
        Self {
            id: recorded.id,
            role: recorded.role,
            message: recorded.message,
            trades,
            watchlist_changes,
            created_at: recorded.created_at,
            failure: recorded.failure,
        }
    }
}

fn tell(action: RecordedAction, trades: &mut Vec<TradeAction>, changes: &mut Vec<WatchlistChange>) {
    let RecordedAction { id, action, status, price, error, estimate, .. } = action;
    let (ticker, verb) = match action {
        Action::Trade { ticker, side, quantity } => {
            let (ticker, side, quantity) = (Field::Read(ticker), Field::Read(side), Field::Read(quantity));
            return trades.push(TradeAction { id, ticker, side, quantity, status, price, error, estimate });
        }
        Action::Watch(ticker) => (Field::Read(ticker), WatchlistVerb::Add),
        Action::Unwatch(ticker) => (Field::Read(ticker), WatchlistVerb::Remove),
    };
    changes.push(WatchlistChange { id, ticker, action: Field::Read(verb), status, error });
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
