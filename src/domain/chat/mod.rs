//! The conversation with the copilot: messages, their actions, and the outcomes of those.

mod action;
mod message;
mod order_action;
mod page;

use serde::{Deserialize, Serialize};

use super::{
    copilot::{Autonomy, Availability},
    instant::UtcInstant,
    library::Citation,
    rich_text::Block,
};

pub use self::action::{Action, ActionStatus, Estimate, InvalidActionStatus, MisreadAction, RecordedAction};
pub use self::message::{ClientMessageId, InvalidClientMessageId, InvalidMessage, InvalidRole, MessageText, Role};
pub use self::order_action::{Cancelled, PriceAlert, WaitingOrder};
pub use self::page::{
    AlertAction, CancelAction, ChatMessage, ChatPage, Field, OrderAction, TradeAction, WatchlistChange, WatchlistVerb,
};

/// A message of the conversation, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedMessage {
    pub id: String,
    pub role: Role,
    pub message: String,
    /// In order of execution: additions to the watchlist, trades, removals.
    pub actions: Vec<RecordedAction>,
    /// Invalid actions, which are rejected.
    pub misread: Vec<MisreadAction>,
    /// Passages of the library that a reply was made from: those that it names, else all that its model was given. Empty
    /// if it saw none.
    pub citations: Vec<Citation>,
    /// Error code, if the copilot failed to reply.
    pub failure: Option<String>,
    pub created_at: UtcInstant,
}

/// A message as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatLine {
    /// The message's text, formatted.
    pub text: Vec<Block>,
    pub message: RecordedMessage,
}

/// The copilot's state in the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Messages, oldest first.
    pub lines: Vec<ChatLine>,
    /// Whether there are earlier messages.
    pub has_more: bool,
    /// Whether a reply is being made.
    pub is_answering: bool,
    pub autonomy: Autonomy,
    pub availability: Availability,
    /// Name of the answering model, if known.
    pub model: Option<String>,
}
