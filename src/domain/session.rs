//! A market's sessions, in which orders are filled.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instant::UtcInstant;

/// The kind of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// Before the opening: prices move, but orders wait.
    Pre,
    Regular,
    /// After the close: prices move, but orders wait.
    Post,
    /// A market that never closes.
    Continuous,
}

impl SessionKind {
    /// Whether market orders are filled in it.
    pub fn takes_orders(self) -> bool {
        match self {
            Self::Regular | Self::Continuous => true,
            Self::Pre | Self::Post => false,
        }
    }
}

/// One session, with its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub kind: SessionKind,
    /// The exchange's date, such as `2026-11-30`.
    pub trade_date: String,
    pub opens_at: UtcInstant,
    /// First moment after it.
    pub closes_at: UtcInstant,
}

/// What the page's clock shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketHours {
    /// By the server's clock.
    pub now: UtcInstant,
    /// The session of now; nothing while the exchange is closed.
    pub session: Option<Session>,
    /// The next regular one; nothing of a market that never closes.
    pub next: Option<Session>,
}
