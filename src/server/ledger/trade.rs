//! The write that fills a market order.

use std::sync::Arc;

use super::{
    Books, Change, Write,
    effect::{Amounts, Effect, Effects, TradeRow},
    orders::{Own, charge, fill_from_free},
    snapshot::record,
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account::{Fill, Refusal},
        account_id::AccountId,
        instant::UtcInstant,
        money::{Money, Price},
        order::{OrderRequest, OrderSource, Trade, TradeReceipt},
        orders::{hold::Hold, rules::FillRules},
        portfolio::{LastPrice, Position},
    },
    error::ApiError,
    server::market::feed::Tick,
};

/// Most effects of a trade.
const EFFECTS_MAX: usize = 7;

/// An order with everything that its decision depends on, so that deciding it twice gives the same result.
pub struct PlaceOrder {
    pub order: OrderRequest,
    pub source: OrderSource,
    /// Prices that it is filled and valued at.
    pub prices: Arc<Tick>,
    /// Fill model and costs.
    pub rules: FillRules,
    pub trade_id: String,
    pub executed_at: UtcInstant,
}

/// Earlier use of an order's client id.
#[derive(Default)]
pub struct Named {
    /// Receipt of the market order that was filled with it.
    receipt: Option<TradeReceipt>,
    /// Whether an order of `/api/orders`, or a change to one, has it.
    is_other: bool,
}

impl Write for PlaceOrder {
    type Outcome = TradeReceipt;

    type Found = Named;

    fn valued_at(&self) -> Option<(&Tick, UtcInstant)> {
        Some((&self.prices, self.executed_at))
    }

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Named, StoreFault> {
        match &self.order.client_order_id {
            None => Ok(Named { receipt: None, is_other: false }),
            Some(name) => Ok(Named {
                receipt: rows.receipt(account, name)?,
                is_other: rows.order_named(account, name)?.is_some(),
            }),
        }
    }

    fn decide(&self, books: &Books, named: &Named) -> Result<(TradeReceipt, Effects), ApiError> {
        if named.is_other {
            return Err(self.name_is_used());
        }
        if let Some(earlier) = &named.receipt {
            return Ok((self.replay(earlier)?, Effects::new()));
        }
        let OrderRequest { ticker, side, quantity, .. } = self.order;
        let price = self.rules.slippage.worsen(side, self.price(books)?);
        self.order.admit(price).map_err(|expected| ApiError::PriceMoved { ticker, expected, now: price })?;
        let fill = self.fill(books, price)?;
        let total_value = books.total_value_after(&self.prices, ticker, &fill);
        let trade = Trade {
            id: self.trade_id.clone(),
            client_order_id: self.order.client_order_id.clone(),
            ticker,
            side,
            quantity,
            price,
            notional: fill.notional,
            realized_pnl: fill.realized_pnl,
            source: self.source,
            executed_at: self.executed_at,
            correction: None,
            adjusted: None,
            order_id: None,
            commission: fill.commission,
        };
        let previous_close = self.prices.quotes.get(ticker).map(|quote| quote.previous_close);
        let effects = effects_of(books, trade.clone(), &fill, total_value, previous_close);
        let position = fill.holding.map(|holding| Position::value(ticker, holding, Some(price), total_value));
        Ok((TradeReceipt { trade, cash_balance: fill.cash_after, position, total_value, replayed: false }, effects))
    }
}

impl PlaceOrder {
    /// Fills from cash and shares that open orders do not hold.
    fn fill(&self, books: &Books, price: Price) -> Result<Fill, ApiError> {
        let OrderRequest { ticker, side, quantity, .. } = self.order;
        let commission = charge(self.rules.commission, quantity, price)
            .ok_or_else(|| ApiError::refused(&self.order, Refusal::TooLarge))?;
        let fill = fill_from_free(books, Own { side, ticker, quantity, price, commission, held: Hold::default() });
        fill.map_err(|refusal| {
            let holds = books.orders.holds();
            ApiError::refused(&self.order, refusal).with_held(
                (books.account.cash, holds.cash),
                (books.account.holdings.get(&ticker).map(|held| held.quantity), holds.shares.get(&ticker).copied()),
            )
        })
    }

    fn name_is_used(&self) -> ApiError {
        let client_order_id = self.order.client_order_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        ApiError::OrderIdReused { client_order_id }
    }

    /// Price that the order is filled at.
    fn price(&self, books: &Books) -> Result<Price, ApiError> {
        let ticker = self.order.ticker;
        self.prices.price_to_trade(ticker, self.executed_at).map_err(|refusal| match refusal {
            ApiError::NoPrice { ticker } => match books.last_prices.get(&ticker) {
                Some(last) => ApiError::stale(ticker, last.at, self.executed_at),
                None if self.prices.is_unknown(ticker) => ApiError::UnknownTicker { ticker, can_be_made_up: false },
                None => ApiError::NoPrice { ticker },
            },
            refusal => refusal,
        })
    }

    fn replay(&self, earlier: &TradeReceipt) -> Result<TradeReceipt, ApiError> {
        let trade = &earlier.trade;
        // The expected price was checked at the fill; only ticker, side and quantity must match.
        let order = &self.order;
        if (trade.ticker, trade.side, trade.quantity) == (order.ticker, order.side, order.quantity) {
            return Ok(TradeReceipt { replayed: true, ..earlier.clone() });
        }
        Err(self.name_is_used())
    }
}

/// Effects of a trade at its own price; the account is worth `total_value` afterwards.
pub fn effects_of(
    books: &Books,
    trade: Trade,
    fill: &Fill,
    total_value: Option<Money>,
    previous_close: Option<Price>,
) -> Effects {
    let mut effects = Effects::with_capacity(EFFECTS_MAX);
    let (ticker, at) = (trade.ticker, trade.executed_at);
    let last_price = LastPrice { price: trade.price, at };
    effects.push(Effect::Trade(Box::new(TradeRow {
        trade,
        cash_after: fill.cash_after,
        holding_after: fill.holding,
        total_value_after: total_value,
        previous_close,
        fill_number: None,
    })));
    effects.push(Effect::Holding { ticker, held: fill.holding.map(|holding| (holding, Some(last_price))) });
    let high_water_mark = match total_value {
        Some(total_value) => record(books, total_value, at, &mut effects),
        None => books.high_water_mark,
    };
    effects.push(Effect::Amounts(Amounts::after(&books.account, fill, high_water_mark)));
    effects.push(Effect::Event(Change::Account));
    effects
}
