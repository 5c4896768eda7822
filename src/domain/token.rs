//! API tokens as they are shown: without their secrets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instant::UtcInstant;

/// The words of the scopes, from the least to the most.
pub const SCOPES: [&str; 4] = ["read", "propose", "trade", "admin"];

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenInfo {
    pub id: String,
    pub name: String,
    /// `read`, `propose`, `trade`, `admin`
    #[schema(example = json!(["read", "trade"]))]
    pub scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: UtcInstant,
    /// First moment at which it is no longer valid; null for a token without an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<UtcInstant>,
    /// To about a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<UtcInstant>,
}

/// A new token, with its secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    #[serde(flatten)]
    pub about: TokenInfo,
    /// Sent as `Authorization: Bearer …`.
    #[schema(example = "fin_0f3a…")]
    pub token: String,
}
