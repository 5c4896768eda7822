//! A person's message, its id, and the roles of a conversation.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::order::ClientOrderId;

/// A person's message to the copilot: 1 to 4,000 characters, not all blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageText(String);

/// The text is not a valid message.
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

/// The sender's id of a message, which makes sending it again idempotent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientMessageId(ClientOrderId);

/// The text is not a valid message id.
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

/// Author of a message.
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
}
