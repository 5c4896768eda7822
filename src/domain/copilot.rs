//! The copilot's autonomy and limits. A person's order limits apply as well.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::{Money, Price};

/// Degree to which the copilot acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Autonomy {
    /// Nothing is executed.
    Advise,
    /// Each action needs a person's approval.
    Propose,
    /// Actions are executed at once, within the limits.
    #[default]
    Auto,
}

impl Autonomy {
    pub const ALL: [Self; 3] = [Self::Advise, Self::Propose, Self::Auto];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advise => "advise",
            Self::Propose => "propose",
            Self::Auto => "auto",
        }
    }

    /// This, but no more than `most`.
    pub fn at_most(self, most: Self) -> Self {
        let place = |autonomy: Self| Self::ALL.iter().position(|known| *known == autonomy);
        if place(self) <= place(most) { self } else { most }
    }
}

/// Kind of copilot that is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// A scripted one for tests, chosen by a setting.
    Mock,
    /// The built-in one, which needs no language model.
    BuiltIn,
    /// A language model.
    Ready,
    Off,
}

impl Availability {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mock => "mock",
            Self::BuiltIn => "built_in",
            Self::Ready => "ready",
            Self::Off => "off",
        }
    }
}

/// Location of a model that a person connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelPlace {
    OpenRouter,
    /// On the server's machine.
    Here {
        port: u16,
    },
}

/// A request of the page about the connected model.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelChange {
    /// Returns the current state.
    Look,
    /// Searches this machine for models.
    Find,
    Connect {
        place: ModelPlace,
        model: String,
        key: Option<String>,
    },
    /// Disconnects the model and deletes its key; the built-in copilot takes over.
    Remove,
}

/// Omits the key, which is never shown again.
impl fmt::Debug for ModelChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "Look",
            Self::Find => "Find",
            Self::Connect { .. } => "Connect",
            Self::Remove => "Remove",
        })
    }
}

/// A model that was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundModel {
    /// Program that usually listens at the port, such as `Ollama`.
    pub server: String,
    pub port: u16,
    pub model: String,
}

/// The copilot in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelState {
    pub availability: Availability,
    pub model: Option<String>,
    /// Whether the environment configures the model; then the page cannot change it.
    pub is_set_by_environment: bool,
    /// Models found on this machine.
    pub found: Vec<FoundModel>,
}

/// The text is not an autonomy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the copilot's autonomy is \"advise\", \"propose\" or \"auto\"")]
pub struct InvalidAutonomy;

impl FromStr for Autonomy {
    type Err = InvalidAutonomy;

    fn from_str(text: &str) -> Result<Self, InvalidAutonomy> {
        Self::ALL.into_iter().find(|autonomy| autonomy.as_str() == text).ok_or(InvalidAutonomy)
    }
}

/// The limits of the copilot's trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopilotLimits {
    /// Most actions of one reply; further ones are rejected.
    pub actions_max: usize,
    /// Largest trade, in percent of the portfolio's total value.
    pub trade_percent_max: u32,
    /// Largest notional of all trades within any minute, bought and sold.
    pub notional_per_minute_max: Money,
}

impl Default for CopilotLimits {
    fn default() -> Self {
        Self { actions_max: 10, trade_percent_max: 50, notional_per_minute_max: Money::from_cents(2_000_000) }
    }
}

/// Reason why the copilot may not make a trade that a person could make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    #[error("A reply may hold at most {actions_max} actions; this one is beyond them.")]
    Actions { actions_max: usize },
    #[error(
        "A trade of the copilot may be worth at most {percent_max} % of the total value, which is {limit}; \
         this one is worth {notional}."
    )]
    Trade { percent_max: u32, limit: Money, notional: Money },
    #[error("The copilot may trade {limit} a minute; {spent} is used, and this trade is worth {notional}.")]
    Minute { limit: Money, spent: Money, notional: Money },
    #[error("The portfolio's total value is not known now, so the copilot's limits cannot be kept.")]
    UnknownValue,
}

impl CopilotLimits {
    /// Checks a trade worth `notional` in a portfolio worth `total_value`, after trades worth `spent` within the minute
    /// before.
    ///
    /// # Errors
    /// The first limit that it would exceed; an unknown value counts as exceeded.
    pub fn check(&self, notional: Money, total_value: Option<Money>, spent: Money) -> Result<(), OverLimit> {
        let total_value = total_value.ok_or(OverLimit::UnknownValue)?;
        let percent_max = self.trade_percent_max;
        if i128::from(notional.cents()) * 100 > i128::from(total_value.cents()) * i128::from(percent_max) {
            let limit = i128::from(total_value.cents()) * i128::from(percent_max) / 100;
            // A limit beyond the largest amount of money cannot be exceeded.
            let limit = Money::from_cents(i64::try_from(limit).unwrap_or(i64::MAX));
            return Err(OverLimit::Trade { percent_max, limit, notional });
        }
        let limit = self.notional_per_minute_max;
        if spent.checked_add(notional).is_none_or(|sum| sum > limit) {
            return Err(OverLimit::Minute { limit, spent, notional });
        }
        Ok(())
    }
}

/// Time for which a proposed action may be approved.
pub const PROPOSAL_MS_MAX: i64 = 120_000;

/// Largest move of the price before approval, in percent of the proposed price.
pub const PROPOSAL_MOVE_PERCENT_MAX: i64 = 1;

/// Reason why a proposal can no longer be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lapse {
    #[error("It was not approved within {} minutes.", PROPOSAL_MS_MAX / 60_000)]
    Time,
    #[error("The price moved from {proposed} to {now}, which is more than {PROPOSAL_MOVE_PERCENT_MAX} %.")]
    Price { proposed: Price, now: Price },
}

/// Tells whether the price has moved so far that the proposal lapses.
pub fn price_lapse(proposed: Price, now: Price) -> Option<Lapse> {
    let moved = i128::from(now.change_from(proposed).units().abs());
    (moved * 100 > i128::from(proposed.units()) * i128::from(PROPOSAL_MOVE_PERCENT_MAX))
        .then_some(Lapse::Price { proposed, now })
}

/// The name that people see: `Auto within limits`.
impl fmt::Display for Autonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advise => "Advise",
            Self::Propose => "Propose",
            Self::Auto => "Auto within limits",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const TOTAL: Option<Money> = Some(Money::from_cents(1_000_000));

    #[test]
    fn a_cap_lowers_and_never_raises() {
        use Autonomy::{Advise, Auto, Propose};
        assert_eq!([Auto, Propose, Advise].map(|set| set.at_most(Propose)), [Propose, Propose, Advise]);
        assert_eq!(Propose.at_most(Auto), Propose);
    }

    #[rstest]
    #[case::half(500_000, 0, true)]
    #[case::a_cent_more(500_001, 0, false)]
    #[case::up_to_the_minute_s_limit(500_000, 1_500_000, true)]
    #[case::a_cent_beyond_it(500_000, 1_500_001, false)]
    #[case::beyond_all_money(500_000, i64::MAX, false)]
    fn a_trade_is_within_the_limits_or_not(#[case] notional: i64, #[case] spent: i64, #[case] is_allowed: bool) {
        let limits = CopilotLimits::default();
        let checked = limits.check(Money::from_cents(notional), TOTAL, Money::from_cents(spent));
        assert_eq!(checked.is_ok(), is_allowed, "{checked:?}");
    }

    #[test]
    fn what_cannot_be_checked_is_not_allowed() {
        let checked = CopilotLimits::default().check(Money::CENT, None, Money::ZERO);
        assert_eq!(checked, Err(OverLimit::UnknownValue));
    }

    #[test]
    fn a_refusal_says_the_limit() {
        let checked = CopilotLimits::default().check(Money::from_cents(600_000), TOTAL, Money::ZERO);
        assert_eq!(
            checked.unwrap_err().to_string(),
            "A trade of the copilot may be worth at most 50 % of the total value, which is $5,000.00; this one is worth $6,000.00."
        );
    }

    #[rstest]
    #[case::unmoved(1_000_000, 1_000_000, false)]
    #[case::one_percent_up(1_000_000, 1_010_000, false)]
    #[case::more_than_that(1_000_000, 1_010_001, true)]
    #[case::down(1_000_000, 989_999, true)]
    fn a_proposal_lapses_with_its_price(#[case] proposed: i64, #[case] now: i64, #[case] lapses: bool) {
        let price = |units| Price::from_units(units).unwrap();
        assert_eq!(price_lapse(price(proposed), price(now)).is_some(), lapses);
    }

    proptest! {
        #[test]
        fn no_trade_within_the_limits_is_over_half_of_the_value(
            notional in 0_i64..i64::MAX, total in 0_i64..i64::MAX, spent in 0_i64..i64::MAX
        ) {
            let limits = CopilotLimits { notional_per_minute_max: Money::from_cents(i64::MAX), ..Default::default() };
            let [notional, total, spent] = [notional, total, spent].map(Money::from_cents);
            if limits.check(notional, Some(total), spent).is_ok() {
                prop_assert!(i128::from(notional.cents()) * 2 <= i128::from(total.cents()));
            }
        }
    }
}
