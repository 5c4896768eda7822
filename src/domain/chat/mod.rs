//! The conversation with the copilot: messages, the actions in them, and what became of those.

mod action;
mod message;
mod page;

use serde::{Deserialize, Serialize};

use super::{
    copilot::{Autonomy, Availability},
    instant::UtcInstant,
    rich_text::Block,
};

pub use self::action::{Action, ActionStatus, Estimate, InvalidActionStatus, MisreadAction, RecordedAction};
pub use self::message::{ClientMessageId, InvalidClientMessageId, InvalidMessage, InvalidRole, MessageText, Role};
pub use self::page::{ChatMessage, ChatPage, Field, TradeAction, WatchlistChange, WatchlistVerb};

/// A message of the conversation, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedMessage {
    pub id: String,
    pub role: Role,
    pub message: String,
    /// In the order they run: additions to the watchlist, trades, removals.
    pub actions: Vec<RecordedAction>,
    /// Rejected, since they are no actions.
    pub misread: Vec<MisreadAction>,
    /// The code of the error when there is no reply, in the reply's place.
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
    /// Oldest first.
    pub lines: Vec<ChatLine>,
    /// There are messages that came before these.
    pub has_more: bool,
    /// A reply is being made.
    pub is_answering: bool,
    pub autonomy: Autonomy,
    pub availability: Availability,
    /// Who answers, where that is known.
    pub model: Option<String>,
}
