//! The conversation with the copilot: messages, the actions in them, and what became of those.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    copilot::{Autonomy, Availability, Lapse, PROPOSAL_MS_MAX},
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::{ClientOrderId, Side},
    rich_text::Block,
    ticker::Ticker,
};

/// What a person says to the copilot: 1 to 4,000 characters, not all of them blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageText(String);

/// The text cannot be a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message has 1 to {} characters, not all of them blank", MessageText::CHARS_MAX)]
pub struct InvalidMessage;

impl MessageText {
    pub const CHARS_MAX: usize = 4_000;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageText {
    type Err = InvalidMessage;

    fn from_str(text: &str) -> Result<Self, InvalidMessage> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for MessageText {
    type Error = InvalidMessage;

    fn try_from(text: String) -> Result<Self, InvalidMessage> {
        let is_good = !text.trim().is_empty() && text.chars().count() <= Self::CHARS_MAX;
        if is_good { Ok(Self(text)) } else { Err(InvalidMessage) }
    }
}

impl From<MessageText> for String {
    fn from(text: MessageText) -> Self {
        text.0
    }
}

/// What a sender names a message by, so that sending it again does not have it answered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientMessageId(ClientOrderId);

/// The text cannot name a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a client_message_id has 1 to {} characters, all of them visible ASCII", ClientOrderId::LENGTH_MAX)]
pub struct InvalidClientMessageId;

impl ClientMessageId {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for ClientMessageId {
    type Err = InvalidClientMessageId;

    fn from_str(text: &str) -> Result<Self, InvalidClientMessageId> {
        text.parse().map(Self).map_err(|_| InvalidClientMessageId)
    }
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    User,
    Assistant,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// The text is neither `user` nor `assistant`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is \"user\" or \"assistant\"")]
pub struct InvalidRole;

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        match text {
            "user" => Ok(Self::User),
            "assistant" => Ok(Self::Assistant),
            _ => Err(InvalidRole),
        }
    }
}

/// What a reply asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Watch(Ticker),
    Trade { ticker: Ticker, side: Side, quantity: Quantity },
    Unwatch(Ticker),
}

impl Action {
    pub fn ticker(&self) -> Ticker {
        match self {
            Self::Watch(ticker) | Self::Unwatch(ticker) | Self::Trade { ticker, .. } => *ticker,
        }
    }
}

/// `buy 2.5 NVDA`, `add XOM`
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trade { ticker, side, quantity } => write!(f, "{} {quantity} {ticker}", side.as_str()),
            Self::Watch(ticker) => write!(f, "add {ticker}"),
            Self::Unwatch(ticker) => write!(f, "remove {ticker}"),
        }
    }
}

/// What became of an action. Unless a person has changed the copilot's autonomy, each ends as executed or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionStatus {
    /// It is about to run.
    Pending,
    Executed,
    Rejected,
    /// It waits for a person's approval.
    Proposed,
    /// A person said no.
    Dismissed,
    /// It waited too long, or the price moved too far.
    Lapsed,
    /// The copilot may only advise: nothing ran.
    Advised,
}

impl ActionStatus {
    const ALL: [Self; 7] =
        [Self::Pending, Self::Executed, Self::Rejected, Self::Proposed, Self::Dismissed, Self::Lapsed, Self::Advised];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Executed => "executed",
            Self::Rejected => "rejected",
            Self::Proposed => "proposed",
            Self::Dismissed => "dismissed",
            Self::Lapsed => "lapsed",
            Self::Advised => "advised",
        }
    }
}

/// The text is no action's status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that is not an action's status")]
pub struct InvalidActionStatus;

impl FromStr for ActionStatus {
    type Err = InvalidActionStatus;

    fn from_str(text: &str) -> Result<Self, InvalidActionStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(InvalidActionStatus)
    }
}

/// What a proposed trade comes to, at the price that it was proposed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// What it costs, or brings.
    pub notional: Money,
    /// The cash that would be left: less than nothing where there is too little.
    pub cash_after: Money,
}

/// An action as the record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedAction {
    pub id: String,
    pub action: Action,
    pub status: ActionStatus,
    /// What a trade was executed at, or was about to be when it was proposed.
    pub price: Option<Price>,
    /// Why it was rejected or has lapsed: a sentence.
    pub error: Option<String>,
    /// Of a trade that was proposed with a price.
    pub estimate: Option<Estimate>,
    /// When it got its status.
    pub decided_at: UtcInstant,
}

impl RecordedAction {
    /// Until when a proposal may be approved; nothing for what is not one.
    pub fn expires_at(&self) -> Option<UtcInstant> {
        (self.status == ActionStatus::Proposed)
            .then(|| UtcInstant::from_unix_ms(self.decided_at.unix_ms() + PROPOSAL_MS_MAX))
    }

    /// The same, `now`: a proposal that has waited too long has lapsed. So has one that seems to come from the future:
    /// the clock went back, and nobody can tell how long it has waited.
    pub fn at(self, now: UtcInstant) -> Self {
        let age_ms = now.unix_ms() - self.decided_at.unix_ms();
        match self.status {
            ActionStatus::Proposed if age_ms.abs() > PROPOSAL_MS_MAX => {
                let error = Some(Lapse::Time.to_string());
                Self { status: ActionStatus::Lapsed, error, ..self }
            }
            _ => self,
        }
    }
}

/// A message of the conversation, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedMessage {
    pub id: String,
    pub role: Role,
    pub message: String,
    /// In the order they run: additions to the watchlist, trades, removals.
    pub actions: Vec<RecordedAction>,
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

/// What the page shows of the copilot.
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

/// A message as REST tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatMessage {
    pub id: String,
    pub role: Role,
    /// The model's text, in Markdown; its claims are not the record, `status` below is.
    pub message: String,
    /// In the order they ran.
    pub trades: Vec<TradeAction>,
    pub watchlist_changes: Vec<WatchlistChange>,
    pub created_at: UtcInstant,
    /// Only when the copilot did not answer: the error's code. `message` then says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A trade that a reply asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TradeAction {
    pub id: String,
    pub ticker: Ticker,
    pub side: Side,
    pub quantity: Quantity,
    pub status: ActionStatus,
    /// What it was executed at; of a proposal, the price then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Why it did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Of a proposal: what it would come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// A change of the watchlist that a reply asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchlistChange {
    pub id: String,
    pub ticker: Ticker,
    pub action: WatchlistVerb,
    pub status: ActionStatus,
    /// Why it did not run.
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
    /// Ask with this as `before` for the messages that came before these; nothing when there are none.
    pub next_before: Option<String>,
}

impl From<RecordedMessage> for ChatMessage {
    fn from(recorded: RecordedMessage) -> Self {
        let (mut trades, mut watchlist_changes) = (Vec::new(), Vec::new());
        for RecordedAction { id, action, status, price, error, estimate, .. } in recorded.actions {
            let mut change = |ticker, action, id, error| {
                watchlist_changes.push(WatchlistChange { id, ticker, action, status, error });
            };
            match action {
                Action::Trade { ticker, side, quantity } => {
                    trades.push(TradeAction { id, ticker, side, quantity, status, price, error, estimate });
                }
                Action::Watch(ticker) => change(ticker, WatchlistVerb::Add, id, error),
                Action::Unwatch(ticker) => change(ticker, WatchlistVerb::Remove, id, error),
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("How am I doing?", true)]
    #[case::one("?", true)]
    #[case::longest_in_characters_not_bytes(&"é".repeat(4_000), true)]
    #[case::too_long(&"x".repeat(4_001), false)]
    #[case::empty("", false)]
    #[case::blank(" \n\t", false)]
    fn a_message_has_a_length(#[case] text: &str, #[case] is_good: bool) {
        assert_eq!(text.parse::<MessageText>().is_ok(), is_good);
    }

    #[test]
    fn every_status_is_read_as_it_is_written() {
        for status in ActionStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }

    #[test]
    fn a_proposal_lapses_by_itself() {
        let proposed = RecordedAction {
            id: "a".to_owned(),
            action: Action::Watch("XOM".parse().unwrap()),
            status: ActionStatus::Proposed,
            price: None,
            error: None,
            estimate: None,
            decided_at: UtcInstant::from_unix_ms(0),
        };
        let at = |ms| proposed.clone().at(UtcInstant::from_unix_ms(ms));
        assert_eq!(at(120_000).status, ActionStatus::Proposed);
        assert_eq!(at(120_001).status, ActionStatus::Lapsed);
        assert_eq!(at(-120_000).status, ActionStatus::Proposed, "a clock that was set right a little");
        assert_eq!(at(-120_001).status, ActionStatus::Lapsed, "a clock that went far back");
        let executed = RecordedAction { status: ActionStatus::Executed, ..proposed.clone() };
        assert_eq!(executed.clone().at(UtcInstant::from_unix_ms(i64::MAX)), executed);
    }
}
