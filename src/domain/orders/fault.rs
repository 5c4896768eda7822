//! Faults: reasons for refusing an order, or a change of one.

use crate::domain::money::{Money, Quantity};

/// A refusal, with a text for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    #[error("The field \"{field}\" is missing.")]
    MissingField { field: &'static str },
    #[error("That is not a quantity: {reason}.")]
    InvalidQuantity { reason: String },
    /// An invalid price or trail, or a stop on the wrong side of the market.
    #[error("The field \"{field}\" is not valid: {reason}.")]
    InvalidPrice { field: &'static str, reason: String },
    #[error("The field \"{field}\" is not valid: {reason}.")]
    InvalidParameter { field: &'static str, reason: String },
    #[error("The order needs {cost}; you have {available} that no other order holds.")]
    InsufficientCash { cost: Money, available: Money },
    #[error("The order needs {needed} shares; you have {} that no other order holds.", or_none(*.available))]
    InsufficientShares { needed: Quantity, available: Option<Quantity> },
    #[error("There are {} open orders; cancel one first.", super::OPEN_ORDERS_MAX)]
    TooManyOrders,
    /// The order has ended, or its change comes after the event.
    #[error("The order has ended; it cannot be changed any more.")]
    TooLate,
    #[error("The order was changed in the meantime: it is at revision {now}, not {expected}.")]
    RevisionConflict { expected: u32, now: u32 },
}

impl OrderFault {
    /// The API's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingField { .. } => "missing_field",
            Self::InvalidQuantity { .. } => "invalid_quantity",
            Self::InvalidPrice { .. } => "invalid_price",
            Self::InvalidParameter { .. } => "invalid_parameter",
            Self::InsufficientCash { .. } => "insufficient_cash",
            Self::InsufficientShares { .. } => "insufficient_shares",
            Self::TooManyOrders => "too_many_orders",
            Self::TooLate => "too_late",
            Self::RevisionConflict { .. } => "revision_conflict",
        }
    }

    /// The request's field that is at fault.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::MissingField { field } | Self::InvalidPrice { field, .. } | Self::InvalidParameter { field, .. } => {
                Some(field)
            }
            Self::InvalidQuantity { .. } | Self::InsufficientShares { .. } => Some("quantity"),
            Self::InsufficientCash { .. } | Self::TooManyOrders | Self::TooLate | Self::RevisionConflict { .. } => None,
        }
    }

    pub(super) fn price(field: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidPrice { field, reason: reason.into() }
    }

    pub(super) fn parameter(field: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidParameter { field, reason: reason.into() }
    }
}

fn or_none(quantity: Option<Quantity>) -> String {
    quantity.map_or_else(|| "none".to_owned(), |quantity| quantity.to_string())
}
