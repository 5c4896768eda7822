//! Execution: the only way to trade, for REST, server functions and copilot alike.

use std::time::Duration;

use uuid::Uuid;

use super::{
    clock::Clock,
    ledger::{Ledger, PlaceOrder},
    market::feed::Feed,
};
use crate::{
    domain::order::{OrderRequest, OrderSource, TradeReceipt},
    error::ApiError,
};

/// How long an order waits for the first price of a ticker that has just been added to the watchlist.
const FIRST_PRICE_MAX: Duration = Duration::from_millis(1_500);

/// Fills market orders at the feed's price. Clones share the feed and the ledger.
#[derive(Clone)]
pub struct Execution {
    feed: Feed,
    ledger: Ledger,
    clock: Clock,
}

impl Execution {
    pub fn new(feed: Feed, ledger: Ledger, clock: Clock) -> Self {
        Self { feed, ledger, clock }
    }

    /// Fills `order` at the latest price, and answers when the trade is on disk. An order whose `client_order_id` was
    /// filled before is answered as it was then, and trades nothing.
    ///
    /// # Errors
    /// When the ticker has no price, cash or shares do not suffice, the id names another order, or the ledger is busy.
    pub async fn execute(&self, order: OrderRequest, source: OrderSource) -> Result<TradeReceipt, ApiError> {
        self.ledger.submit(self.prepare(order, source).await).await
    }

    /// The write that fills `order`, at the latest price there is now; for those whose write is more than the order.
    pub async fn prepare(&self, order: OrderRequest, source: OrderSource) -> PlaceOrder {
        let is_wanted = self.ledger.wanted().borrow().contains(&order.ticker);
        let patience = if is_wanted { FIRST_PRICE_MAX } else { Duration::ZERO };
        let prices = self.feed.tick_with(order.ticker, patience).await;
        PlaceOrder { order, source, prices, trade_id: Uuid::now_v7().to_string(), executed_at: (self.clock)() }
    }
}
