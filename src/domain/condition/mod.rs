//! Conditions over the market and the account: one type for alerts, orders and automations.
//!
//! A condition is a tree of `all`, `any`, `not` and comparisons of two [operands](operand::Operand). Unknown fields are
//! refused; depth is at most [`DEPTH_MAX`], size at most [`NODES_MAX`] nodes. [`watch`] evaluates conditions over time,
//! [`sentence`] puts them into words, and [`study`] has their indicators.

pub mod operand;
mod schema;
pub mod sentence;
pub mod study;
pub mod watch;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use self::operand::{Account, Operand};
use super::{ticker::Ticker, words::word_enum};

/// Greatest depth of a condition; a single comparison has depth 1.
pub const DEPTH_MAX: usize = 8;

/// Most nodes of a condition: groups, negations and comparisons.
pub const NODES_MAX: usize = 64;

word_enum! {
    pub enum Comparison {
        Above = ">",
        AtLeast = ">=",
        Below = "<",
        AtMost = "<=",
        /// Above now, but not at the previous evaluation.
        CrossesAbove = "crosses_above",
        /// Below now, but not at the previous evaluation.
        CrossesBelow = "crosses_below",
    }
}

impl Comparison {
    pub fn is_crossing(self) -> bool {
        match self {
            Self::CrossesAbove | Self::CrossesBelow => true,
            Self::Above | Self::AtLeast | Self::Below | Self::AtMost => false,
        }
    }
}

/// A condition within its bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Condition {
    #[serde(deserialize_with = "bounded")]
    root: Node,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "RawNode")]
pub enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare { left: Operand, op: Comparison, right: Operand },
}

/// Reason why a tree is not a valid condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCondition {
    #[error("a condition is {{\"all\": […]}}, {{\"any\": […]}}, {{\"not\": …}} or {{\"left\", \"op\", \"right\"}}")]
    Form,
    #[error("a group of conditions has at least one")]
    EmptyGroup,
    #[error("a condition is at most {DEPTH_MAX} deep")]
    TooDeep,
    #[error("a condition has at most {NODES_MAX} parts")]
    TooManyNodes,
}

// The defaults are for the page's reader, which passes fields in their order.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawNode {
    all: Option<Vec<Node>>,
    any: Option<Vec<Node>>,
    not: Option<Box<Node>>,
    left: Option<Operand>,
    op: Option<Comparison>,
    right: Option<Operand>,
}

impl TryFrom<RawNode> for Node {
    type Error = InvalidCondition;

    fn try_from(raw: RawNode) -> Result<Self, InvalidCondition> {
        let group = |parts: Vec<Self>| if parts.is_empty() { Err(InvalidCondition::EmptyGroup) } else { Ok(parts) };
        match raw {
            RawNode { all: Some(parts), any: None, not: None, left: None, op: None, right: None } => {
                group(parts).map(Self::All)
            }
            RawNode { all: None, any: Some(parts), not: None, left: None, op: None, right: None } => {
                group(parts).map(Self::Any)
            }
            RawNode { all: None, any: None, not: Some(part), left: None, op: None, right: None } => Ok(Self::Not(part)),
            RawNode { all: None, any: None, not: None, left: Some(left), op: Some(op), right: Some(right) } => {
                Ok(Self::Compare { left, op, right })
            }
            _ => Err(InvalidCondition::Form),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::All(parts) => map.serialize_entry("all", parts)?,
            Self::Any(parts) => map.serialize_entry("any", parts)?,
            Self::Not(part) => map.serialize_entry("not", part)?,
            Self::Compare { left, op, right } => {
                map.serialize_entry("left", left)?;
                map.serialize_entry("op", op)?;
                map.serialize_entry("right", right)?;
            }
        }
        map.end()
    }
}

fn bounded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
    let root = Node::deserialize(deserializer)?;
    Condition::of(root).map(|condition| condition.root).map_err(serde::de::Error::custom)
}

impl Condition {
    /// Checks the bounds.
    ///
    /// # Errors
    /// If the tree is too deep, has too many nodes, or an empty group.
    pub fn of(root: Node) -> Result<Self, InvalidCondition> {
        let mut nodes = 0;
        root.check(1, &mut nodes)?;
        Ok(Self { root })
    }

    /// A single comparison.
    pub fn compare(left: Operand, op: Comparison, right: Operand) -> Self {
        Self { root: Node::Compare { left, op, right } }
    }

    pub fn root(&self) -> &Node {
        &self.root
    }

    /// All operands, from left to right.
    pub fn operands(&self) -> Vec<&Operand> {
        let mut operands = Vec::new();
        self.root.collect(&mut operands);
        operands
    }

    /// Tickers whose prices it needs.
    pub fn tickers(&self) -> Vec<Ticker> {
        let mut tickers: Vec<Ticker> = self.operands().into_iter().filter_map(Operand::ticker).collect();
        tickers.sort_unstable();
        tickers.dedup();
        tickers
    }

    /// Whether it depends on the account, and so on the prices of all holdings.
    pub fn needs_account(&self) -> bool {
        self.operands().into_iter().any(|operand| match operand {
            Operand::Account(Account::Cash | Account::TotalValue | Account::DayPnl | Account::DrawdownPercent)
            | Operand::Position { .. } => true,
            Operand::Number(_)
            | Operand::Price(_)
            | Operand::DayChangePercent(_)
            | Operand::Volume(_)
            | Operand::Indicator(_)
            | Operand::Time(_) => false,
        })
    }

    /// Whether it can change by the passing of time alone.
    pub fn needs_time(&self) -> bool {
        self.operands().into_iter().any(|operand| matches!(operand, Operand::Time(_)))
    }
}

impl Node {
    fn check(&self, depth: usize, nodes: &mut usize) -> Result<(), InvalidCondition> {
        *nodes += 1;
        if depth > DEPTH_MAX {
            return Err(InvalidCondition::TooDeep);
        }
        if *nodes > NODES_MAX {
            return Err(InvalidCondition::TooManyNodes);
        }
        match self {
            Self::All(parts) | Self::Any(parts) if parts.is_empty() => Err(InvalidCondition::EmptyGroup),
            Self::All(parts) | Self::Any(parts) => parts.iter().try_for_each(|part| part.check(depth + 1, nodes)),
            Self::Not(part) => part.check(depth + 1, nodes),
            Self::Compare { .. } => Ok(()),
        }
    }

    fn collect<'a>(&'a self, operands: &mut Vec<&'a Operand>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect(operands)),
            Self::Not(part) => part.collect(operands),
            Self::Compare { left, right, .. } => operands.extend([left, right]),
        }
    }
}

#[cfg(test)]
mod tests;
