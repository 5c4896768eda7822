//! An order, and its state machine.
//!
//! ```text
//! held ──parent fills, or condition true──▶ working ──elected──▶ triggered ──fill(s)──▶ partially_filled ──▶ filled
//!   │                                          │
//!   └─────────▶ canceled | expired | rejected ◀┘  from any open state
//! ```
//! - `quantity = filled + left`, always.
//! - One writer decides every race, so no state is pending: a change that comes late gets [`OrderFault::TooLate`].
//! - A partly filled order that is cancelled is `canceled`, with what was filled.
//! - The functions here change one order; [`Group`](super::group::Group) counts the revision, once a write.

use crate::domain::{
    condition::Condition,
    instant::UtcInstant,
    money::{Money, Price, Quantity, Remainder},
    order::{ClientOrderId, OrderSource, Side},
    ticker::Ticker,
    words::word_enum,
};

use super::{
    fault::OrderFault,
    hold::Hold,
    id::OrderId,
    request::Size,
    terms::{OrderClass, Terms, TimeInForce},
};

word_enum! {
    /// Status of an order.
    pub enum StatusWord {
        /// Waits for its parent's first fill, or for its condition.
        Held = "held",
        Working = "working",
        /// Its stop was reached.
        Triggered = "triggered",
        PartiallyFilled = "partially_filled",
        Filled = "filled",
        Canceled = "canceled",
        Expired = "expired",
        Rejected = "rejected",
    }
}

word_enum! {
    /// Reason why an open order was rejected.
    pub enum RejectReason {
        InsufficientCash = "insufficient_cash",
        InsufficientShares = "insufficient_shares",
        TooManyPositions = "too_many_positions",
        /// A sum would overflow its type.
        TooLarge = "too_large",
    }
}

word_enum! {
    /// Reason why an order was cancelled.
    pub enum CancelReason {
        /// A person or program asked for it.
        Requested = "requested",
        /// Its parent ended without a fill.
        ParentEnded = "parent_ended",
        /// The other order of its pair filled.
        OtherLegFilled = "other_leg_filled",
        /// The other order of its pair was cancelled.
        OtherLegEnded = "other_leg_ended",
        /// One of its exits filled, so the entry stops.
        ExitFilled = "exit_filled",
        /// It was `ioc` or `fok` and did not fill at once.
        NotFilledAtOnce = "not_filled_at_once",
        /// The account was reset.
        AccountReset = "account_reset",
        /// The ticker gets no prices any more.
        NoPrices = "no_prices",
    }
}

/// Status of an order, with the reason if it was cancelled or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    Held,
    Working,
    Triggered,
    PartiallyFilled,
    Filled,
    Canceled(CancelReason),
    Expired,
    Rejected(RejectReason),
}

/// A status word and a reason that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the status and its reason do not belong together")]
pub struct InvalidStatus;

impl OrderStatus {
    pub fn word(self) -> StatusWord {
        match self {
            Self::Held => StatusWord::Held,
            Self::Working => StatusWord::Working,
            Self::Triggered => StatusWord::Triggered,
            Self::PartiallyFilled => StatusWord::PartiallyFilled,
            Self::Filled => StatusWord::Filled,
            Self::Canceled(_) => StatusWord::Canceled,
            Self::Expired => StatusWord::Expired,
            Self::Rejected(_) => StatusWord::Rejected,
        }
    }

    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Canceled(reason) => Some(reason.as_str()),
            Self::Rejected(reason) => Some(reason.as_str()),
            Self::Held | Self::Working | Self::Triggered | Self::PartiallyFilled | Self::Filled | Self::Expired => None,
        }
    }

    /// Combines a row's word and reason.
    ///
    /// # Errors
    /// If the word needs a reason and has none, or the reason does not belong to it.
    pub fn of(word: StatusWord, reason: Option<&str>) -> Result<Self, InvalidStatus> {
        match (word, reason) {
            (StatusWord::Canceled, Some(reason)) => reason.parse().map(Self::Canceled).map_err(|_| InvalidStatus),
            (StatusWord::Rejected, Some(reason)) => reason.parse().map(Self::Rejected).map_err(|_| InvalidStatus),
            (StatusWord::Held, None) => Ok(Self::Held),
            (StatusWord::Working, None) => Ok(Self::Working),
            (StatusWord::Triggered, None) => Ok(Self::Triggered),
            (StatusWord::PartiallyFilled, None) => Ok(Self::PartiallyFilled),
            (StatusWord::Filled, None) => Ok(Self::Filled),
            (StatusWord::Expired, None) => Ok(Self::Expired),
            _ => Err(InvalidStatus),
        }
    }

    pub fn is_open(self) -> bool {
        match self {
            Self::Held | Self::Working | Self::Triggered | Self::PartiallyFilled => true,
            Self::Filled | Self::Canceled(_) | Self::Expired | Self::Rejected(_) => false,
        }
    }

    /// Whether it is open and not held, so that prices affect it.
    pub fn is_working(self) -> bool {
        self.is_open() && self != Self::Held
    }
}

word_enum! {
    /// Role of an order in its group.
    pub enum Role {
        /// The only one, the parent of a bracket or an OTO, or the limit order of an OCO.
        Leader = "leader",
        TakeProfit = "take_profit",
        StopLoss = "stop_loss",
    }
}

/// Filled part of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    pub quantity: Quantity,
    /// Σ quantity × price, exact: units of 10⁻¹⁰ dollars (millionths of a share × hundredths of a cent).
    pub value: i128,
    /// Σ notional of the fills, each rounded to the cent.
    pub notional: Money,
    pub commission: Money,
    /// The number of the latest fill, from 1.
    pub count: u32,
}

impl Filled {
    /// Rounded half to even, to a hundredth of a cent.
    pub fn average_price(&self) -> Option<Price> {
        Price::of_value(self.value, self.quantity)
    }
}

/// One fill of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFill {
    pub quantity: Quantity,
    pub price: Price,
    /// Cost or proceeds of the shares, without commission.
    pub notional: Money,
    pub commission: Money,
    /// Whether the order is completely filled.
    pub is_last: bool,
}

/// An order of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub id: OrderId,
    pub client_order_id: Option<ClientOrderId>,
    pub ticker: Ticker,
    pub side: Side,
    pub terms: Terms,
    pub size: Size,
    pub filled: Option<Filled>,
    pub time_in_force: TimeInForce,
    /// First moment at which it has expired; `None` for `ioc` and `fok`.
    pub expires_at: Option<UtcInstant>,
    pub extended_hours: bool,
    pub class: OrderClass,
    pub role: Role,
    /// Leader of its group; `None` for the leader itself.
    pub parent_id: Option<OrderId>,
    pub status: OrderStatus,
    /// Time at which its stop was reached.
    pub elected_at: Option<UtcInstant>,
    /// For a working trailing stop: the best price since it began to work.
    pub high_water_mark: Option<Price>,
    /// The hold per share; see [`Hold`].
    pub hold_price: Option<Price>,
    pub held: Hold,
    /// The order is held until this condition is true.
    pub condition: Option<Box<Condition>>,
    /// Number of writes that changed it, from 1.
    pub revision: u32,
    pub source: OrderSource,
    pub created_at: UtcInstant,
    pub updated_at: UtcInstant,
    /// Time since which prices affect it.
    pub working_at: Option<UtcInstant>,
}

impl Order {
    /// Id of its group's leader.
    pub fn leader_id(&self) -> OrderId {
        self.parent_id.unwrap_or(self.id)
    }

    pub fn is_open(&self) -> bool {
        self.status.is_open()
    }

    pub fn filled_quantity(&self) -> Option<Quantity> {
        self.filled.map(|filled| filled.quantity)
    }

    /// Remaining shares of an order by quantity; `None` if it is filled, or is by notional.
    pub fn left(&self) -> Option<Quantity> {
        match (self.size, self.filled) {
            (Size::Notional(_), _) => None,
            (Size::Shares(quantity), None) => Some(quantity),
            (Size::Shares(quantity), Some(filled)) => match quantity.minus(filled.quantity) {
                Remainder::Some(left) => Some(left),
                Remainder::None | Remainder::Short => None,
            },
        }
    }

    /// Remainder of an order by notional: to spend, commission included, or to receive, before commission.
    pub fn notional_left(&self) -> Option<Money> {
        let Size::Notional(notional) = self.size else {
            return None;
        };
        match (self.filled, self.side) {
            (None, _) => Some(notional),
            (Some(filled), Side::Sell) => notional.checked_sub(filled.notional),
            (Some(filled), Side::Buy) => notional.checked_sub(filled.notional)?.checked_sub(filled.commission),
        }
    }

    pub fn stop(&self) -> Option<Price> {
        self.terms.stop(self.side, self.high_water_mark)
    }

    /// Checks that the order is open.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it has ended.
    pub fn check_open(&self) -> Result<(), OrderFault> {
        if self.is_open() { Ok(()) } else { Err(OrderFault::TooLate) }
    }

    /// Checks the expected revision.
    ///
    /// # Errors
    /// [`OrderFault::RevisionConflict`] if the order was changed since.
    pub fn check_revision(&self, expected: Option<u32>) -> Result<(), OrderFault> {
        match expected {
            Some(expected) if expected != self.revision => {
                Err(OrderFault::RevisionConflict { expected, now: self.revision })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Makes a held order work; `last` is the newest price, at which a trail begins.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it is not held.
    pub fn begin_work(&mut self, last: Price, at: UtcInstant) -> Result<(), OrderFault> {
        if self.status != OrderStatus::Held {
            return Err(OrderFault::TooLate);
        }
        self.status = OrderStatus::Working;
        self.working_at = Some(at);
        self.high_water_mark = self.terms.trail().map(|_| last);
        Ok(())
    }

    /// Records that its stop was reached.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it is not working.
    pub fn elect(&mut self, at: UtcInstant) -> Result<(), OrderFault> {
        if !self.status.is_working() {
            return Err(OrderFault::TooLate);
        }
        self.elected_at.get_or_insert(at);
        if self.filled.is_none() {
            self.status = OrderStatus::Triggered;
        }
        Ok(())
    }

    /// Adds a fill.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it is not working; [`OrderFault::InvalidQuantity`] if the fill exceeds the remainder,
    /// or a sum overflows its type. The order is unchanged then.
    pub fn fill(&mut self, fill: &OrderFill) -> Result<(), OrderFault> {
        if !self.status.is_working() {
            return Err(OrderFault::TooLate);
        }
        let too_much = || OrderFault::InvalidQuantity { reason: "more would be filled than is left".to_owned() };
        if self.left().is_some_and(|left| fill.quantity > left || fill.is_last != (fill.quantity == left)) {
            return Err(too_much());
        }
        let value = i128::from(fill.quantity.millionths()) * i128::from(fill.price.units());
        let before = self.filled;
        let filled = match before {
            None => Filled {
                quantity: fill.quantity,
                value,
                notional: fill.notional,
                commission: fill.commission,
                count: 1,
            },
            Some(before) => Filled {
                quantity: before.quantity.checked_add(fill.quantity).ok_or_else(too_much)?,
                value: before.value.checked_add(value).ok_or_else(too_much)?,
                notional: before.notional.checked_add(fill.notional).ok_or_else(too_much)?,
                commission: before.commission.checked_add(fill.commission).ok_or_else(too_much)?,
                count: before.count + 1,
            },
        };
        self.filled = Some(filled);
        self.status = if fill.is_last { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        Ok(())
    }

    /// Cancels it; its fills are kept.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it has ended.
    pub fn cancel(&mut self, reason: CancelReason) -> Result<(), OrderFault> {
        self.end(OrderStatus::Canceled(reason))
    }

    /// Expires it; its fills are kept.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it has ended.
    pub fn expire(&mut self) -> Result<(), OrderFault> {
        self.end(OrderStatus::Expired)
    }

    /// Rejects it; its fills are kept.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it has ended.
    pub fn reject(&mut self, reason: RejectReason) -> Result<(), OrderFault> {
        self.end(OrderStatus::Rejected(reason))
    }

    fn end(&mut self, status: OrderStatus) -> Result<(), OrderFault> {
        self.check_open()?;
        self.status = status;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
