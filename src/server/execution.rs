//! Execution: the only way to trade, for REST, server functions and the copilot.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    alerts::check_condition,
    caller::Caller,
    clock::Clock,
    ledger::{Ledger, PlaceOrder},
    market::{
        feed::{Feed, Tick},
        wanted::Wanted,
    },
};
use crate::{
    domain::{
        condition::Condition,
        order::{OrderRequest, OrderSource, TradeReceipt},
        orders::rules::FillRules,
        ticker::Ticker,
    },
    error::ApiError,
};

/// Time that an order waits for its ticker's first price: a vendor is polled for a new ticker one second after the
/// previous poll.
const FIRST_PRICE_MAX: Duration = Duration::from_millis(2_500);

/// Fills market orders at the feed's price. Clones share the feed and the ledger.
#[derive(Clone)]
pub struct Execution {
    feed: Feed,
    wanted: Wanted,
    ledger: Ledger,
    clock: Clock,
    rules: FillRules,
}

impl Execution {
    pub fn new(feed: Feed, wanted: Wanted, ledger: Ledger, clock: Clock, rules: FillRules) -> Self {
        Self { feed, wanted, ledger, clock, rules }
    }

    /// Fills the caller's `order` at the latest price, and returns once the trade is on disk. If an order with the same
    /// `client_order_id` was filled before, returns the earlier response without trading.
    ///
    /// # Errors
    /// If the ticker has no price, cash or shares are insufficient, the id belongs to another order, or the ledger is
    /// busy.
    pub async fn execute(&self, caller: Caller, order: OrderRequest) -> Result<TradeReceipt, ApiError> {
        self.ledger.submit(caller.account, self.prepare(order, caller.source).await).await
    }

    /// Prepares the write that fills `order` at the latest price, for callers whose write contains more than the order.
    pub async fn prepare(&self, order: OrderRequest, source: OrderSource) -> PlaceOrder {
        let prices = self.price(order.ticker).await;
        let (trade_id, executed_at) = (Uuid::now_v7().to_string(), (self.clock)());
        PlaceOrder { order, source, prices, rules: self.rules, trade_id, executed_at }
    }

    /// Refuses a condition with an unknown time zone, and requests the history that its indicators need.
    ///
    /// # Errors
    /// [`ApiError::InvalidParameter`], of the field `condition`.
    pub fn check_condition(&self, condition: &Condition) -> Result<(), ApiError> {
        check_condition(condition, &self.wanted)
    }

    /// The newest tick, once it has a price of `ticker` or is known to have none. The ticker need not be watched or
    /// held; the feed follows it for a while afterwards.
    pub async fn price(&self, ticker: Ticker) -> Arc<Tick> {
        self.wanted.visit(ticker);
        self.feed.tick_with(ticker, FIRST_PRICE_MAX).await
    }
}
