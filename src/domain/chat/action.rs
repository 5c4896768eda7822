//! Actions of a reply, and their status.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::order_action::{Cancelled, PriceAlert, WaitingOrder};
use crate::domain::{
    copilot::{Autonomy, Lapse, PROPOSAL_MS_MAX},
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::Side,
    ticker::Ticker,
};

/// An action that a reply asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Watch(Ticker),
    Trade {
        ticker: Ticker,
        side: Side,
        quantity: Quantity,
    },
    Unwatch(Ticker),
    /// Places an order that waits.
    Order(WaitingOrder),
    Cancel(Cancelled),
    Alert(PriceAlert),
}

impl Action {
    /// The one ticker that it is about.
    pub fn ticker(&self) -> Option<Ticker> {
        match self {
            Self::Watch(ticker) | Self::Unwatch(ticker) | Self::Trade { ticker, .. } => Some(*ticker),
            Self::Order(order) => Some(order.ticker),
            Self::Alert(alert) => Some(alert.ticker),
            Self::Cancel(Cancelled::OfTicker(ticker)) => Some(*ticker),
            Self::Cancel(Cancelled::All | Cancelled::One(_)) => None,
        }
    }

    /// The ticker of a trade, which is made at once.
    pub fn traded(&self) -> Option<Ticker> {
        match self {
            Self::Trade { ticker, .. } => Some(*ticker),
            Self::Watch(_) | Self::Unwatch(_) | Self::Order(_) | Self::Cancel(_) | Self::Alert(_) => None,
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
            Self::Order(order) => order.fmt(f),
            Self::Cancel(cancelled) => cancelled.fmt(f),
            Self::Alert(alert) => alert.fmt(f),
        }
    }
}

/// Status of an action. Under the default autonomy, each ends as executed or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionStatus {
    /// It is about to run.
    Pending,
    Executed,
    Rejected,
    /// It waits for a person's approval.
    Proposed,
    /// A person rejected the proposal.
    Dismissed,
    /// The proposal expired, or the price moved too far.
    Lapsed,
    /// The copilot may only advise, so nothing was executed.
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

    /// The status under an autonomy: reduces a pending or proposed action to what the autonomy allows. A proposal stays
    /// a proposal under a higher autonomy, since the person was shown a button for it.
    #[must_use]
    pub fn under(self, autonomy: Autonomy) -> Self {
        match (self, autonomy) {
            (Self::Pending | Self::Proposed, Autonomy::Advise) => Self::Advised,
            (Self::Pending, Autonomy::Propose) => Self::Proposed,
            _ => self,
        }
    }
}

/// The text is not an action's status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that is not an action's status")]
pub struct InvalidActionStatus;

impl FromStr for ActionStatus {
    type Err = InvalidActionStatus;

    fn from_str(text: &str) -> Result<Self, InvalidActionStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(InvalidActionStatus)
    }
}

/// Estimate for a proposed trade, at its price when proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// Cost of a buy, or proceeds of a sell.
    pub notional: Money,
    /// Cash after the trade; negative if there is too little.
    pub cash_after: Money,
}

/// An action as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedAction {
    pub id: String,
    pub action: Action,
    pub status: ActionStatus,
    /// Price at which a trade was executed, or its price when proposed.
    pub price: Option<Price>,
    /// Reason for a rejection or lapse: a sentence.
    pub error: Option<String>,
    /// Estimate for a trade that was proposed with a price.
    pub estimate: Option<Estimate>,
    /// Time of its latest change of status.
    pub decided_at: UtcInstant,
}

impl RecordedAction {
    /// Time until which a proposal may be approved; `None` for other statuses.
    pub fn expires_at(&self) -> Option<UtcInstant> {
        (self.status == ActionStatus::Proposed)
            .then(|| UtcInstant::from_unix_ms(self.decided_at.unix_ms() + PROPOSAL_MS_MAX))
    }

    /// The action as of `now`: an expired proposal has lapsed. So has a proposal with a time in the future: the clock
    /// went back, and its age is unknown.
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

/// An invalid action of a reply, such as one with a negative quantity. Its fields are the model's text, shortened if
/// long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MisreadAction {
    /// Position among all actions of the reply.
    pub ordinal: usize,
    /// Whether it is a trade; otherwise it is a change of the watchlist.
    pub is_trade: bool,
    /// `buy`, `add`, or the invalid text in its place.
    pub verb: String,
    /// Empty for a change of the watchlist.
    pub quantity: String,
    pub ticker: String,
    /// Reason for the rejection: a sentence.
    pub error: String,
}

impl MisreadAction {
    /// Characters that are kept of a field.
    pub const FIELD_CHARS_MAX: usize = 24;
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

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
