//! The ticket's order as it is written: type, prices, exits and time in force.
//!
//! A market order without any of that is placed by the ticket itself, at once. For all else the order form
//! ([`crate::app::trade::orders`]), a part of the program that comes when it is needed, reads what is written here, says
//! what it would do, and places it.

use leptos::prelude::*;

use crate::app::effects::effect;
use crate::domain::{
    money::{Price, Quantity},
    order::Side,
    orders::terms::{OrderType, TimeInForce},
};

/// Unit of the number in the quantity's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    #[default]
    Shares,
    /// To spend, or to bring in.
    Dollars,
    /// To lose between the entry and the stop loss.
    Risk,
}

/// The handle to what is written; copies share it.
#[derive(Clone, Copy)]
pub struct TicketTerms {
    pub order_type: RwSignal<OrderType>,
    pub unit: RwSignal<Unit>,
    pub limit: RwSignal<String>,
    pub stop: RwSignal<String>,
    /// Dollars, or with a `%` behind it a percentage.
    pub trail: RwSignal<String>,
    pub take_profit: RwSignal<String>,
    /// A price, or with a `%` behind it what a trailing stop trails by.
    pub stop_loss: RwSignal<String>,
    pub force: RwSignal<TimeInForce>,
    /// As a field for date and time has it.
    pub expires: RwSignal<String>,
    /// The rest of a market order is shown.
    pub is_open: RwSignal<bool>,
    /// Written by the order form.
    pub reading: RwSignal<Reading>,
    /// Places it; there while the order form is.
    pub place: RwSignal<Option<Callback<Side>>>,
}

/// The order form's results that the ticket shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Reasons against a purchase and against a sale.
    pub obstacles: [Option<String>; 2],
    /// The price that the order waits for.
    pub entry: Option<Price>,
    /// The shares that an amount of dollars makes.
    pub quantity: Option<Quantity>,
    /// An order is on its way.
    pub is_pending: bool,
}

impl TicketTerms {
    pub fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self {
            order_type: RwSignal::new(OrderType::Market),
            unit: RwSignal::new(Unit::Shares),
            limit: text(),
            stop: text(),
            trail: text(),
            take_profit: text(),
            stop_loss: text(),
            force: RwSignal::new(TimeInForce::Day),
            expires: text(),
            is_open: RwSignal::new(false),
            reading: RwSignal::new(Reading::default()),
            place: RwSignal::new(None),
        }
    }

    /// Returns true for a market order without other terms; tracked.
    pub fn is_plain(self) -> bool {
        self.order_type.get() == OrderType::Market
            && self.unit.get() == Unit::Shares
            && self.force.get() == TimeInForce::Day
            && self.take_profit.with(String::is_empty)
            && self.stop_loss.with(String::is_empty)
    }

    /// Returns true while the order form is shown; tracked.
    pub fn is_shown(self) -> bool {
        self.is_open.get() || !self.is_plain()
    }

    /// The order type as a word, which follows it and which it follows.
    pub fn type_text(self) -> RwSignal<String> {
        let text = RwSignal::new(OrderType::Market.as_str().to_owned());
        effect(move || {
            let word = self.order_type.get().as_str();
            if text.with_untracked(|text| text != word) {
                text.set(word.to_owned());
            }
        });
        effect(move || {
            if let Ok(order_type) = text.with(|text| text.parse())
                && self.order_type.get_untracked() != order_type
            {
                self.order_type.set(order_type);
            }
        });
        text
    }

    /// Makes it a market order again, without anything else.
    pub fn clear(self) {
        self.order_type.set(OrderType::Market);
        self.unit.set(Unit::Shares);
        self.force.set(TimeInForce::Day);
        for text in [self.limit, self.stop, self.trail, self.take_profit, self.stop_loss, self.expires] {
            text.set(String::new());
        }
    }
}

/// Name of an order type in the ticket.
pub fn title(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Market => "Market",
        OrderType::Limit => "Limit",
        OrderType::Stop => "Stop",
        OrderType::StopLimit => "Stop limit",
        OrderType::TrailingStop => "Trailing stop",
    }
}
