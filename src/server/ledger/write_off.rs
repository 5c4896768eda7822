//! Write-off of a position without a market: a correction, recorded among the trades, not an order.

use std::sync::Arc;

use super::{
    Books, Write,
    effect::Effects,
    orders::cancel_all,
    store::{Rows, StoreFault},
    trade::effects_of,
};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        money::{Money, Price},
        order::{Correction, OrderRequest, OrderSource, Side, Trade, TradeReceipt},
        orders::{costs::Commission, order::CancelReason},
        portfolio::Mark,
        ticker::Ticker,
    },
    error::ApiError,
    server::market::feed::Tick,
};

/// Closes a position at its last known price. Its market must respond but have no price any more: anything that can be
/// sold is sold by an order, now or when prices return.
pub struct WriteOff {
    pub ticker: Ticker,
    /// The market's current prices.
    pub prices: Arc<Tick>,
    /// Id of its row in the history.
    pub trade_id: String,
    pub at: UtcInstant,
}

impl Write for WriteOff {
    type Outcome = TradeReceipt;
    type Found = ();

    fn valued_at(&self) -> Option<(&Tick, UtcInstant)> {
        Some((&self.prices, self.at))
    }

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<(TradeReceipt, Effects), ApiError> {
        let ticker = self.ticker;
        let held = books.account.holdings.get(&ticker).copied().ok_or(ApiError::NotHeld { ticker })?;
        let price = self.last_price(books)?;
        // A complete sale, except that there is no buyer.
        let sale = OrderRequest {
            ticker,
            side: Side::Sell,
            quantity: held.quantity,
            client_order_id: None,
            expected_price: None,
            max_slippage_percent: None,
        };
        let fill = books.account.fill(sale.side, ticker, sale.quantity, price);
        let fill = fill.map_err(|refusal| ApiError::refused(&sale, refusal))?;
        let total_value = books.total_value_after(&self.prices, ticker, &fill);
        let trade = Trade {
            id: self.trade_id.clone(),
            client_order_id: None,
            ticker,
            side: Side::Sell,
            quantity: held.quantity,
            price,
            notional: fill.notional,
            realized_pnl: fill.realized_pnl,
            source: OrderSource::Manual,
            executed_at: self.at,
            correction: Some(Correction::WriteOff),
            adjusted: None,
            order_id: None,
            commission: Money::ZERO,
        };
        // The market has no close any more. The position was valued at the last price, so the write-off gains nothing
        // today.
        let previous_close = books.today.previous_close(books.day_of(self.at), ticker).or(Some(price));
        let mut effects = Effects::new();
        // Without prices no open order can be filled, and sold shares need no protection.
        let when = (Commission::default(), self.at);
        cancel_all(books, Some(ticker), CancelReason::NoPrices, when, &mut effects);
        effects.extend(effects_of(books, trade.clone(), &fill, total_value, previous_close));
        let receipt =
            TradeReceipt { trade, cash_balance: fill.cash_after, position: None, total_value, replayed: false };
        Ok((receipt, effects))
    }
}

impl WriteOff {
    fn last_price(&self, books: &Books) -> Result<Price, ApiError> {
        let ticker = self.ticker;
        match books.mark(&self.prices, ticker) {
            Some(Mark::Last(last)) if self.prices.is_unknown(ticker) => Ok(last.price),
            Some(Mark::Last(last)) => Err(ApiError::stale(ticker, last.at, self.at)),
            Some(Mark::Live(now)) => Err(ApiError::PriceIsLive { ticker, now }),
            None => Err(ApiError::NoPrice { ticker }),
        }
    }
}
