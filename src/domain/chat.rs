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

/// A person's message to the copilot: 1 to 4,000 characters, not all of them blank.
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

/// A sender's id of a message, so that sending it again does not have it answered again.
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

/// An action in a reply.
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

/// The status of an action. Unless a person has changed the copilot's autonomy, each ends as executed or rejected.
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

    /// The status under an autonomy: an action that is about to run, or waits for a click, goes no
    /// further than it allows. A proposal stays one when the copilot may do more: the click is what it was shown with.
    #[must_use]
    pub fn under(self, autonomy: Autonomy) -> Self {
        match (self, autonomy) {
            (Self::Pending | Self::Proposed, Autonomy::Advise) => Self::Advised,
            (Self::Pending, Autonomy::Propose) => Self::Proposed,
            _ => self,
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

/// The estimate of a proposed trade, at the price that it was proposed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// Its cost (a buy) or proceeds (a sell).
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
    /// The price that a trade was executed at, or had when it was proposed.
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

/// An invalid action of a reply, such as one with a quantity below zero. Its fields are as
/// the model wrote them, cut where they are long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MisreadAction {
    /// Its place among all that the reply asked for.
    pub ordinal: usize,
    /// A trade, or else a change of the watchlist.
    pub is_trade: bool,
    /// `buy`, `add`, or what stood there instead.
    pub verb: String,
    /// Empty for a change of the watchlist.
    pub quantity: String,
    pub ticker: String,
    /// Why it is rejected: a sentence.
    pub error: String,
}

impl MisreadAction {
    /// The longest part of a field that is kept.
    pub const FIELD_CHARS_MAX: usize = 24;
}

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

/// A field of an action: what it says, or, where that is nothing and the action is rejected for it, the text that stood there.
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
    /// The price that it was executed at; of a proposal, the price then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Why it did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Of a proposal: what it would come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// A change of the watchlist that a reply asked for; its fields are as those of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchlistChange {
    pub id: String,
    #[schema(value_type = Ticker)]
    pub ticker: Field<Ticker>,
    #[schema(value_type = WatchlistVerb)]
    pub action: Field<WatchlistVerb>,
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

    #[rstest]
    #[case::runs(ActionStatus::Pending, Autonomy::Auto, ActionStatus::Pending)]
    #[case::waits(ActionStatus::Pending, Autonomy::Propose, ActionStatus::Proposed)]
    #[case::advice(ActionStatus::Pending, Autonomy::Advise, ActionStatus::Advised)]
    #[case::still_waits(ActionStatus::Proposed, Autonomy::Auto, ActionStatus::Proposed)]
    #[case::no_longer_waits(ActionStatus::Proposed, Autonomy::Advise, ActionStatus::Advised)]
    #[case::done(ActionStatus::Executed, Autonomy::Advise, ActionStatus::Executed)]
    #[case::refused(ActionStatus::Rejected, Autonomy::Advise, ActionStatus::Rejected)]
    #[case::advised_before(ActionStatus::Advised, Autonomy::Auto, ActionStatus::Advised)]
    fn autonomy_bounds_what_an_action_becomes(
        #[case] status: ActionStatus,
        #[case] autonomy: Autonomy,
        #[case] bounded: ActionStatus,
    ) {
        assert_eq!(status.under(autonomy), bounded);
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
