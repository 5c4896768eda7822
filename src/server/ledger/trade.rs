//! Filling an order: the one write that trades.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Books, Change, Write, gathered::Gathered, snapshot::record, store::ACCOUNT_ID};
use crate::{
    domain::{
        account::{Fill, Holding},
        day::Traded,
        instant::UtcInstant,
        money::{Money, Price},
        order::{ClientOrderId, OrderRequest, OrderSource, Trade, TradeReceipt},
        portfolio::{LastPrice, Position},
    },
    error::ApiError,
    server::market::feed::Tick,
};

pub const TRADE_BY_ORDER: &str = "SELECT * FROM trades WHERE account_id = ?1 AND client_order_id = ?2";

/// An order with everything that decides it, so that applying it twice gives the same result.
pub struct PlaceOrder {
    pub order: OrderRequest,
    pub source: OrderSource,
    /// The prices it is filled and valued at.
    pub prices: Arc<Tick>,
    pub trade_id: String,
    pub executed_at: UtcInstant,
}

/// A trade, with what is held of its ticker afterwards.
pub struct Placed {
    pub receipt: TradeReceipt,
    pub holding: Option<Holding>,
    /// Of its ticker.
    pub previous_close: Option<Price>,
}

impl Write for PlaceOrder {
    type Outcome = TradeReceipt;

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<TradeReceipt, ApiError>> {
        let mut gathered = Gathered::default();
        let outcome = self.apply_among(books, rows, &mut gathered)?;
        gathered.write(rows)?;
        Ok(outcome)
    }

    fn apply_among(
        &self,
        books: &mut Books,
        rows: &Connection,
        gathered: &mut Gathered,
    ) -> rusqlite::Result<Result<TradeReceipt, ApiError>> {
        if let Some(earlier) = self.find_earlier(rows)? {
            return Ok(self.replay(earlier));
        }
        let OrderRequest { ticker, side, quantity, .. } = self.order;
        let price = match self.prices.price_to_trade(ticker, self.executed_at) {
            Ok(price) => price,
            Err(ApiError::NoPrice { ticker }) => {
                return Ok(Err(match books.last_prices.get(&ticker) {
                    Some(last) => ApiError::stale(ticker, last.at, self.executed_at),
                    None if self.prices.is_unknown(ticker) => ApiError::UnknownTicker { ticker, can_be_made_up: false },
                    None => ApiError::NoPrice { ticker },
                }));
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(expected) = self.order.admit(price) {
            return Ok(Err(ApiError::PriceMoved { ticker, expected, now: price }));
        }
        let fill = match books.account.apply(side, ticker, quantity, price) {
            Ok(fill) => fill,
            Err(refusal) => return Ok(Err(ApiError::refused(&self.order, refusal))),
        };
        match fill.holding {
            Some(_) => books.last_prices.insert(ticker, LastPrice { price, at: self.executed_at }),
            None => books.last_prices.remove(&ticker),
        };
        let placed = Placed {
            receipt: self.receipt(books, price, &fill),
            holding: fill.holding,
            previous_close: self.previous_close(),
        };
        let day = books.day_of(self.executed_at);
        let previous_close = self.previous_close();
        let (millionths, notional) = (quantity.millionths(), fill.notional);
        books.today.record(day, Traded { ticker, side, millionths, notional, previous_close });
        if let Some(total_value) = placed.receipt.total_value {
            if self.executed_at < books.opened_at {
                // The clock went back, and the curve begins anew at this moment.
                gathered.write(rows)?;
                record(total_value, self.executed_at, books, rows)?;
            }
            books.raise_high_water_mark(total_value);
        }
        placed.insert(rows)?;
        gathered.add(&placed, Amounts::of(books));
        books.outbox.note(Change::Account);
        Ok(Ok(placed.receipt))
    }
}

impl Placed {
    pub fn insert(&self, rows: &Connection) -> rusqlite::Result<()> {
        let Self { receipt: TradeReceipt { trade, cash_balance, total_value, .. }, holding, previous_close } = self;
        rows.prepare_cached(
            "INSERT INTO trades (id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
                 notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after,
                 quantity_millionths_after, cost_basis_cents_after, total_value_cents_after, previous_close_units,
                 correction)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            trade.id,
            ACCOUNT_ID,
            trade.client_order_id,
            trade.ticker,
            trade.side,
            trade.quantity,
            trade.price,
            trade.notional,
            trade.realized_pnl,
            trade.source,
            trade.executed_at,
            cash_balance,
            holding.map(|holding| holding.quantity),
            holding.map(|holding| holding.cost_basis),
            total_value,
            previous_close,
            trade.correction,
        ])?;
        Ok(())
    }
}

impl PlaceOrder {
    fn previous_close(&self) -> Option<Price> {
        self.prices.quotes.get(self.order.ticker).map(|quote| quote.previous_close)
    }

    fn receipt(&self, books: &Books, price: Price, fill: &Fill) -> TradeReceipt {
        let total_value = books.value(&self.prices).total_value;
        let ticker = self.order.ticker;
        TradeReceipt {
            trade: Trade {
                id: self.trade_id.clone(),
                client_order_id: self.order.client_order_id.clone(),
                ticker,
                side: self.order.side,
                quantity: self.order.quantity,
                price,
                notional: fill.notional,
                realized_pnl: fill.realized_pnl,
                source: self.source,
                executed_at: self.executed_at,
                correction: None,
                adjusted: None,
            },
            cash_balance: books.account.cash,
            position: fill.holding.map(|holding| Position::value(ticker, holding, Some(price), total_value)),
            total_value,
            replayed: false,
        }
    }

    /// What was answered to the same `client_order_id` before.
    fn find_earlier(&self, rows: &Connection) -> rusqlite::Result<Option<TradeReceipt>> {
        match &self.order.client_order_id {
            None => Ok(None),
            Some(client_order_id) => read_receipt_of(client_order_id, rows),
        }
    }

    fn replay(&self, earlier: TradeReceipt) -> Result<TradeReceipt, ApiError> {
        let trade = &earlier.trade;
        // What it expected of the price has been decided; only what it traded counts.
        let order = &self.order;
        if (trade.ticker, trade.side, trade.quantity) == (order.ticker, order.side, order.quantity) {
            return Ok(TradeReceipt { replayed: true, ..earlier });
        }
        let client_order_id = order.client_order_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        Err(ApiError::OrderIdReused { client_order_id })
    }
}

/// The account's amounts, at some moment.
pub struct Amounts {
    cash: Money,
    realized_pnl: Money,
    income: Money,
    high_water_mark: Option<Money>,
}

impl Amounts {
    pub fn of(books: &Books) -> Self {
        let (account, high_water_mark) = (&books.account, books.high_water_mark);
        Self { cash: account.cash, realized_pnl: account.realized_pnl, income: account.income, high_water_mark }
    }

    pub fn write(self, rows: &Connection) -> rusqlite::Result<()> {
        rows.prepare_cached(
            "UPDATE accounts
             SET cash_cents = ?2, realized_pnl_cents = ?3, income_cents = ?4, high_water_mark_cents = ?5 WHERE id = ?1",
        )?
        .execute(params![ACCOUNT_ID, self.cash, self.realized_pnl, self.income, self.high_water_mark])?;
        Ok(())
    }
}

/// One row of `trades`.
pub fn read_trade(row: &Row<'_>) -> rusqlite::Result<Trade> {
    Ok(Trade {
        id: row.get("id")?,
        client_order_id: row.get("client_order_id")?,
        ticker: row.get("ticker")?,
        side: row.get("side")?,
        quantity: row.get("quantity_millionths")?,
        price: row.get("price_units")?,
        notional: row.get("notional_cents")?,
        realized_pnl: row.get("realized_pnl_cents")?,
        source: row.get("source")?,
        executed_at: row.get("executed_at_ms")?,
        correction: row.get("correction")?,
        adjusted: None,
    })
}

/// The receipt of the order of this name, if it was filled.
pub fn read_receipt_of(client_order_id: &ClientOrderId, rows: &Connection) -> rusqlite::Result<Option<TradeReceipt>> {
    rows.prepare_cached(TRADE_BY_ORDER)?.query_row(params![ACCOUNT_ID, client_order_id], read_receipt).optional()
}

/// The receipt as it was given: the position is valued at the trade's own price, as it was then.
fn read_receipt(row: &Row<'_>) -> rusqlite::Result<TradeReceipt> {
    let trade = read_trade(row)?;
    let total_value = row.get("total_value_cents_after")?;
    let after = Option::zip(row.get("quantity_millionths_after")?, row.get("cost_basis_cents_after")?);
    let position = after.map(|(quantity, cost_basis)| {
        Position::value(trade.ticker, Holding { quantity, cost_basis }, Some(trade.price), total_value)
    });
    Ok(TradeReceipt { cash_balance: row.get("cash_cents_after")?, trade, position, total_value, replayed: false })
}
