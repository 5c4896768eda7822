//! Execution: the only way to trade, for REST, server functions and copilot alike.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
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
        order::{OrderRequest, OrderSource, TradeReceipt},
        orders::rules::FillRules,
        ticker::Ticker,
    },
    error::ApiError,
};

/// How long an order waits for the first price of its ticker: a vendor is asked for a new one a second after the poll
/// before.
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

    /// Fills the caller's `order` at the latest price, and answers when the trade is on disk. An order whose `client_order_id` was
    /// filled before is answered as it was then, and trades nothing.
    ///
    /// # Errors
    /// When the ticker has no price, cash or shares do not suffice, the id names another order, or the ledger is busy.
    pub async fn execute(&self, caller: Caller, order: OrderRequest) -> Result<TradeReceipt, ApiError> {
        self.ledger.submit(caller.account, self.prepare(order, caller.source).await).await
    }

    /// The write that fills `order`, at the latest price there is now; for those whose write is more than the order.
    pub async fn prepare(&self, order: OrderRequest, source: OrderSource) -> PlaceOrder {
        let prices = self.price(order.ticker).await;
        let (trade_id, executed_at) = (Uuid::now_v7().to_string(), (self.clock)());
        PlaceOrder { order, source, prices, rules: self.rules, trade_id, executed_at }
    }

    /// The newest tick, once it has a price of `ticker`, or knows that there is none; nobody has to watch or hold it. The
    /// feed goes on following it for a while.
    pub async fn price(&self, ticker: Ticker) -> Arc<Tick> {
        self.wanted.visit(ticker);
        self.feed.tick_with(ticker, FIRST_PRICE_MAX).await
    }
}
