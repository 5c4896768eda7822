//! Orders that wait: [`OrderDesk`] takes, changes and cancels them for whoever asks, and the [`matcher`] fills them.

pub mod matcher;

use std::sync::Arc;

use uuid::Uuid;

use self::matcher::Marks;
use super::{
    caller::Caller,
    clock::Clock,
    execution::Execution,
    ledger::{
        Ledger,
        orders::{
            CancelOrder, CancelOrders, ChangeOrder, GroupQuery, ORDERS_MAX, OrderMarket, SubmitOrder, circumstances,
        },
    },
    market::feed::{Feed, Tick},
};
use crate::{
    domain::{
        account_id::AccountId,
        money::{Money, Price},
        order::OrderSource,
        orders::{
            accept::DayEnd,
            id::OrderId,
            order::Role,
            replace::ReplaceOrder,
            request::NewOrder,
            rules::{FillModel, FillRules},
            terms::{OrderType, Trail},
            view::{OpenAndRecent, OrderPreview, OrderView, OrdersPage, PreviewFacts, StatusFilter},
        },
        ticker::Ticker,
    },
    error::ApiError,
};

/// The orders that have ended which the page shows.
const RECENT_MAX: usize = 50;

/// Takes, changes and cancels orders. Clones share the feed and the ledger.
#[derive(Clone)]
pub struct OrderDesk {
    feed: Feed,
    execution: Execution,
    ledger: Ledger,
    clock: Clock,
    rules: FillRules,
    marks: Marks,
}

impl OrderDesk {
    pub fn new(
        feed: Feed,
        execution: Execution,
        ledger: Ledger,
        (clock, rules): (Clock, FillRules),
        marks: Marks,
    ) -> Self {
        Self { feed, execution, ledger, clock, rules, marks }
    }

    /// Whether the matcher keeps up with the prints.
    pub fn is_on_time(&self) -> bool {
        self.marks.is_on_time()
    }

    /// Takes an order; tells whether it was taken before, under the same `client_order_id`.
    ///
    /// # Errors
    /// The first reason against it, or when the ledger is busy.
    pub async fn submit(&self, caller: Caller, request: NewOrder) -> Result<(OrderView, bool), ApiError> {
        let submit = self.prepare(request, caller.source).await?;
        let submitted = self.ledger.submit(caller.account, submit).await?;
        Ok((self.order(caller.account, submitted.id).await?, submitted.replayed))
    }

    /// Cost, hold and remaining buying power of an order, and every reason to refuse it. Nothing is changed.
    ///
    /// # Errors
    /// When its ticker has no price.
    pub async fn preview(&self, caller: Caller, request: NewOrder) -> Result<OrderPreview, ApiError> {
        let submit = self.prepare(request, caller.source).await?;
        let books = self.ledger.books(caller.account);
        let (faults, accepted) = circumstances(&books, &submit).judge(&submit.request, submit.ids);
        let facts = PreviewFacts {
            ticker: submit.request.ticker,
            side: submit.request.side,
            last: Some(submit.tick.last),
            buying_power: books.orders.holds().buying_power(books.account.cash).unwrap_or(Money::ZERO),
            commission: self.rules.commission,
            accepted: accepted.as_ref(),
            faults: &faults,
        };
        Ok(facts.preview())
    }

    /// Changes an open order.
    ///
    /// # Errors
    /// When there is none, it has ended, it is at another revision, or the new values are refused.
    pub async fn change(&self, caller: Caller, id: OrderId, request: ReplaceOrder) -> Result<OrderView, ApiError> {
        let ticker = self.ledger.order(caller.account, id).await?.ticker;
        let prices = self.execution.price(ticker).await;
        let last = last_price(&prices, ticker)?;
        let market = self.market(prices);
        let (day_end, mark) = (self.day_end(&market)?, self.marks.of(id));
        self.ledger.submit(caller.account, ChangeOrder { id, request, market, day_end, last, mark }).await?;
        self.order(caller.account, id).await
    }

    /// Cancels an order, and gives it as it ended.
    ///
    /// # Errors
    /// When there is none, it has ended, or it is at another revision.
    pub async fn cancel(&self, caller: Caller, id: OrderId, if_revision: Option<u32>) -> Result<OrderView, ApiError> {
        let market = self.market(self.feed.latest());
        self.ledger.submit(caller.account, CancelOrder { id, if_revision, market }).await?;
        self.order(caller.account, id).await
    }

    /// Cancels all open orders, of one ticker or of all, and gives them as they ended.
    ///
    /// # Errors
    /// When the ledger is busy.
    pub async fn cancel_all(&self, caller: Caller, ticker: Option<Ticker>) -> Result<Vec<OrderView>, ApiError> {
        let market = self.market(self.feed.latest());
        let cancelled = self.ledger.submit(caller.account, CancelOrders { ticker, market }).await?;
        let mut orders = Vec::with_capacity(cancelled.len());
        for id in cancelled {
            orders.push(self.ledger.order(caller.account, id).await.map_err(ApiError::half_way)?);
        }
        Ok(orders)
    }

    /// An order as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub async fn order(&self, account: AccountId, id: OrderId) -> Result<OrderView, ApiError> {
        let mut order = self.ledger.order(account, id).await?;
        self.refresh(&mut order);
        Ok(order)
    }

    /// The account's orders, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn orders(&self, account: AccountId, query: GroupQuery) -> Result<OrdersPage, ApiError> {
        let mut page = self.ledger.orders(account, query).await?;
        page.orders.iter_mut().for_each(|order| self.refresh(order));
        Ok(page)
    }

    /// Open orders and the latest ended ones, as the page shows them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_and_recent(&self, account: AccountId) -> Result<OpenAndRecent, ApiError> {
        let books = self.ledger.books(account);
        let query = |status, limit| GroupQuery { status, ticker: None, before: i64::MAX, limit };
        let open = self.orders(account, query(StatusFilter::Open, ORDERS_MAX)).await?.orders;
        let recent = self.orders(account, query(StatusFilter::Closed, RECENT_MAX)).await?.orders;
        let held_for_orders = books.orders.holds().cash;
        let buying_power = books.orders.holds().buying_power(books.account.cash).unwrap_or(Money::ZERO);
        // Rows may be newer than the version read before them; they are then read once more.
        Ok(OpenAndRecent { version: books.version(), open, recent, buying_power, held_for_orders })
    }

    /// Shows the present mark and stop of trailing stops, which move without a write.
    fn refresh(&self, order: &mut OrderView) {
        order.legs.iter_mut().for_each(|leg| self.refresh(leg));
        let trail = order.trail_amount.map(Trail::Amount).or(order.trail_percent.map(Trail::Percent));
        if order.order_type == OrderType::TrailingStop
            && let (Some(trail), Some(mark)) = (trail, self.marks.of(order.id))
        {
            order.high_water_mark = Some(mark);
            order.stop_price = trail.stop(order.side, mark);
        }
    }

    /// The write that takes an order, with everything that decides it; for those whose write is more than the order.
    ///
    /// # Errors
    /// When the order is not one, or its ticker has no price.
    pub async fn prepare(&self, request: NewOrder, source: OrderSource) -> Result<SubmitOrder, ApiError> {
        request.plan()?;
        if let Some(condition) = &request.condition {
            self.execution.check_condition(condition)?;
        }
        let prices = self.execution.price(request.ticker).await;
        let last = last_price(&prices, request.ticker)?;
        let market = self.market(prices);
        let session = self.feed.hours.session_at(market.at).map(|session| session.kind);
        let is_open = session.is_some_and(|kind| kind.takes_orders());
        if is_open && request.order_type == OrderType::Market && request.condition.is_none() {
            // It is filled at once, and not at an old price.
            market.prices.price_to_trade(request.ticker, market.at)?;
        }
        // Under the strict model, ticks with volumes fill it.
        let fills_at_once = is_open && self.rules.model == FillModel::Plain;
        let day_end = self.day_end(&market)?;
        // Random in their last bits, and in the order of their legs.
        let ids =
            [Role::Leader, Role::TakeProfit, Role::StopLoss].map(|_| OrderId::from_u128(Uuid::now_v7().as_u128()));
        Ok(SubmitOrder {
            request,
            day_end,
            tick: SubmitOrder::span(last, session),
            market,
            is_open: fills_at_once,
            source,
            ids,
            trade_id: Uuid::now_v7().to_string(),
        })
    }

    /// The current market, for deciding a cancellation.
    pub fn market_now(&self) -> OrderMarket {
        self.market(self.feed.latest())
    }

    fn market(&self, prices: Arc<Tick>) -> OrderMarket {
        OrderMarket { prices, at: (self.clock)(), rules: self.rules }
    }

    fn day_end(&self, market: &OrderMarket) -> Result<DayEnd, ApiError> {
        self.feed.hours.day_end(market.at).ok_or(ApiError::MarketClosed { opens: None })
    }
}

fn last_price(prices: &Tick, ticker: Ticker) -> Result<Price, ApiError> {
    match prices.price(ticker) {
        Some(price) => Ok(price),
        None if prices.is_unknown(ticker) => Err(ApiError::UnknownTicker { ticker, can_be_made_up: false }),
        None => Err(ApiError::NoPrice { ticker }),
    }
}
