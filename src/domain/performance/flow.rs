//! Flows: deposits and withdrawals, which change what an account is worth and are no gain.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use crate::domain::{instant::UtcInstant, money::Money};

/// The largest deposit or withdrawal: $1,000,000,000.00.
pub const FLOW_MAX: Money = Money::from_cents(100_000_000_000);

/// The longest note, in characters.
pub const NOTE_LENGTH_MAX: usize = 200;

/// The caller's id of a flow, which makes sending it again idempotent: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[!-~]{1,128}$", example = "my-deposit-1")]
pub struct ClientFlowId(String);

/// The text is not the id of a flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a client_flow_id has 1 to {} characters, all of them visible ASCII", ClientFlowId::LENGTH_MAX)]
pub struct InvalidClientFlowId;

impl ClientFlowId {
    pub const LENGTH_MAX: usize = 128;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientFlowId {
    type Err = InvalidClientFlowId;

    fn from_str(text: &str) -> Result<Self, InvalidClientFlowId> {
        let is_good = (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidClientFlowId) }
    }
}

impl<'de> Deserialize<'de> for ClientFlowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A deposit or withdrawal to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFlow {
    /// Dollars: above 0 a deposit, below 0 a withdrawal; at most [`FLOW_MAX`] either way.
    pub amount: Money,
    /// At most [`NOTE_LENGTH_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_flow_id: Option<ClientFlowId>,
}

/// What a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// The cash that the account was opened or reset with.
    Opening,
    Deposit,
    Withdrawal,
}

impl FlowKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
        }
    }
}

/// A recorded flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    /// A UUID v7; of the opening cash, `opening`.
    pub id: String,
    pub kind: FlowKind,
    /// Dollars, below 0 for a withdrawal.
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_flow_id: Option<ClientFlowId>,
    /// What the account was worth right before it; 0 before the opening cash.
    pub value_before: Money,
    /// The account's cash right after it.
    pub cash_after: Money,
    pub recorded_at: UtcInstant,
}

/// Response of `POST /api/flows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowReceipt {
    pub flow: Flow,
    /// The account's cash after the flow.
    pub cash_balance: Money,
    /// Whether the flow was recorded before under the same `client_flow_id`.
    pub replayed: bool,
}

/// Response of `GET /api/flows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowsPage {
    /// Those since the account was opened or last reset, newest first; the last one of all is the opening cash.
    pub flows: Vec<Flow>,
    /// Of the next page; `null` on the last one.
    pub next_cursor: Option<String>,
    /// Number of all flows.
    pub total: u64,
    /// Sum of all flows, the opening cash included.
    pub sum: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_read_strictly() {
        let read = |text: &str| serde_json::from_str::<NewFlow>(text);
        let flow = read(r#"{"amount":-12.5,"note":"rent","client_flow_id":"a"}"#).unwrap();
        assert_eq!((flow.amount, flow.client_flow_id.unwrap().as_str()), (Money::from_cents(-1_250), "a"));
        assert!(read(r#"{"amount":1,"memo":"x"}"#).is_err());
        assert!(read(r#"{"amount":1,"client_flow_id":"a b"}"#).is_err());
    }
}
