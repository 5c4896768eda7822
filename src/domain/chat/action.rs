//! Actions of a reply, and their status.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    copilot::{Autonomy, Lapse, PROPOSAL_MS_MAX},
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::Side,
    ticker::Ticker,
};

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
