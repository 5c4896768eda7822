//! Writing off what has no market any more: a correction, recorded among the trades, and not an order.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    Books, Change, Write,
    gathered::Gathered,
    snapshot::record,
    trade::{Amounts, Placed},
};
use crate::{
    domain::{
        day::Traded,
        instant::UtcInstant,
        order::{Correction, OrderRequest, OrderSource, Side, Trade, TradeReceipt},
        portfolio::Mark,
        ticker::Ticker,
    },
    error::ApiError,
    server::market::feed::Tick,
};

/// Closes a position at the last price that is known of it. It has to be one that the market, though it answers, has no
/// price of any more: what can be sold is sold by an order, now or when prices come again.
pub struct WriteOff {
    pub ticker: Ticker,
    /// What the market has now.
    pub prices: Arc<Tick>,
    /// Of its row in the history.
    pub trade_id: String,
    pub at: UtcInstant,
}

impl Write for WriteOff {
    type Outcome = TradeReceipt;

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<TradeReceipt, ApiError>> {
        let ticker = self.ticker;
        let Some(held) = books.account.holdings.get(&ticker).copied() else {
            return Ok(Err(ApiError::NotHeld { ticker }));
        };
        let price = match books.mark(&self.prices, ticker) {
            Some(Mark::Last(last)) if self.prices.is_unknown(ticker) => last.price,
            Some(Mark::Last(last)) => return Ok(Err(ApiError::stale(ticker, last.at, self.at))),
            Some(Mark::Live(now)) => return Ok(Err(ApiError::PriceIsLive { ticker, now })),
            None => return Ok(Err(ApiError::NoPrice { ticker })),
        };
        // A sale of all of it, in everything but that nobody bought.
        let sale = OrderRequest {
            ticker,
            side: Side::Sell,
            quantity: held.quantity,
            client_order_id: None,
            expected_price: None,
            max_slippage_percent: None,
        };
        let fill = match books.account.apply(sale.side, ticker, sale.quantity, price) {
            Ok(fill) => fill,
            Err(refusal) => return Ok(Err(ApiError::refused(&sale, refusal))),
        };
        books.last_prices.remove(&ticker);
        // The market has no close any more. The position was valued at the last price, so that leaving at it gains nothing.
        let day = books.day_of(self.at);
        let previous_close = books.today.previous_close(day, ticker).or(Some(price));
        let (millionths, notional) = (held.quantity.millionths(), fill.notional);
        books.today.record(day, Traded { ticker, side: Side::Sell, millionths, notional, previous_close });
        let total_value = books.value(&self.prices).total_value;
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
        };
        let cash_balance = books.account.cash;
        let receipt = TradeReceipt { trade, cash_balance, position: None, total_value, replayed: false };
        let placed = Placed { receipt, holding: None, previous_close };
        placed.insert(rows)?;
        if let Some(total_value) = total_value {
            record(total_value, self.at, books, rows)?;
        }
        let mut gathered = Gathered::default();
        gathered.add(&placed, Amounts::of(books));
        gathered.write(rows)?;
        books.outbox.note(Change::Account);
        Ok(Ok(placed.receipt))
    }
}
