//! Errors of the domain and of server functions, as API errors.

use leptos::{prelude::FromServerFnError, server_fn::error::ServerFnErrorErr};

use super::ApiError;
use crate::{
    domain::{
        chat::{InvalidClientMessageId, InvalidMessage},
        money::InvalidQuantity,
        order::{InvalidClientOrderId, InvalidSide},
        orders::fault::OrderFault,
        ticker::InvalidTicker,
        typed_number::UnreadableQuantity,
    },
    wire::WireEncoding,
};

impl From<InvalidTicker> for ApiError {
    fn from(_: InvalidTicker) -> Self {
        Self::InvalidTicker
    }
}

impl From<InvalidSide> for ApiError {
    fn from(_: InvalidSide) -> Self {
        Self::InvalidSide
    }
}

impl From<InvalidQuantity> for ApiError {
    fn from(error: InvalidQuantity) -> Self {
        Self::InvalidQuantity { reason: error.to_string() }
    }
}

impl From<UnreadableQuantity> for ApiError {
    fn from(error: UnreadableQuantity) -> Self {
        Self::InvalidQuantity { reason: error.to_string() }
    }
}

impl From<InvalidMessage> for ApiError {
    fn from(_: InvalidMessage) -> Self {
        Self::InvalidMessage
    }
}

impl From<InvalidClientMessageId> for ApiError {
    fn from(error: InvalidClientMessageId) -> Self {
        Self::InvalidParameter { parameter: "client_message_id".to_owned(), reason: error.to_string() }
    }
}

impl From<InvalidClientOrderId> for ApiError {
    fn from(error: InvalidClientOrderId) -> Self {
        Self::InvalidParameter { parameter: "client_order_id".to_owned(), reason: error.to_string() }
    }
}

/// For a request without a known order; faults that need the order's state become "unknown order" here.
impl From<OrderFault> for ApiError {
    fn from(fault: OrderFault) -> Self {
        match fault {
            OrderFault::MissingField { field } => Self::MissingField { field: field.to_owned() },
            OrderFault::InvalidQuantity { reason } => Self::InvalidQuantity { reason },
            OrderFault::InvalidPrice { field, reason } => Self::InvalidPrice { field: field.to_owned(), reason },
            OrderFault::InvalidParameter { field, reason } => {
                Self::InvalidParameter { parameter: field.to_owned(), reason }
            }
            OrderFault::InsufficientCash { cost, available } => Self::OrderNeedsCash { cost, available },
            OrderFault::InsufficientShares { needed, available } => Self::OrderNeedsShares { needed, available },
            OrderFault::TooManyOrders => Self::TooManyOrders,
            // `ApiError::of_order` handles these two; without an order nothing can be late.
            OrderFault::TooLate | OrderFault::RevisionConflict { .. } => Self::UnknownOrder,
        }
    }
}

/// Failures around a server function: its arguments and transport.
impl FromServerFnError for ApiError {
    type Encoder = WireEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // The page parses responses itself, so an argument error concerns a request's body.
            ServerFnErrorErr::Args(reason)
            | ServerFnErrorErr::MissingArg(reason)
            | ServerFnErrorErr::Deserialization(reason) => Self::MalformedJson { reason },
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::UnsupportedRequestMethod(_) => Self::Unreachable,
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => Self::Internal,
        }
    }
}
