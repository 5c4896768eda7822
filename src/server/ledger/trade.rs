//! Filling an order: the one write that trades.

use std::sync::Arc;

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Books, Write,
    gathered::Gathered,
    snapshot::record,
    store::{ACCOUNT_ID, decode},
};
use crate::{
    domain::{
        account::{Fill, Holding},
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        order::{OrderRequest, OrderSource, Trade, TradeReceipt},
        portfolio::{Portfolio, Position},
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
}

impl Write for PlaceOrder {
    type Outcome = TradeReceipt;

    async fn apply(
        &self,
        books: &mut Books,
        rows: &mut SqliteConnection,
    ) -> Result<Result<TradeReceipt, ApiError>, sqlx::Error> {
        let mut gathered = Gathered::default();
        let outcome = self.apply_among(books, rows, &mut gathered).await?;
        gathered.write(rows).await?;
        Ok(outcome)
    }

    async fn apply_among(
        &self,
        books: &mut Books,
        rows: &mut SqliteConnection,
        gathered: &mut Gathered,
    ) -> Result<Result<TradeReceipt, ApiError>, sqlx::Error> {
        if let Some(earlier) = self.find_earlier(rows, gathered).await? {
            return Ok(self.replay(earlier));
        }
        let OrderRequest { ticker, side, quantity, .. } = self.order;
        let Some(price) = self.prices.price(ticker) else {
            return Ok(Err(ApiError::NoPrice { ticker }));
        };
        let fill = match books.account.apply(side, ticker, quantity, price) {
            Ok(fill) => fill,
            Err(refusal) => return Ok(Err(ApiError::refused(&self.order, refusal))),
        };
        let receipt = self.receipt(books, price, &fill);
        books.today.record(side, ticker, quantity, fill.notional, self.executed_at);
        if let Some(total_value) = receipt.total_value {
            if self.executed_at < books.opened_at {
                // The clock went back, and the curve begins anew at this moment.
                gathered.write(rows).await?;
                record(total_value, self.executed_at, books, rows).await?;
            }
            books.raise_high_water_mark(total_value);
        }
        gathered.add(Placed { receipt: receipt.clone(), holding: fill.holding }, Amounts::of(books));
        Ok(Ok(receipt))
    }
}

impl PlaceOrder {
    fn receipt(&self, books: &Books, price: Price, fill: &Fill) -> TradeReceipt {
        let total_value = Portfolio::value(&books.account, |ticker| self.prices.price(ticker)).total_value;
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
            },
            cash_balance: books.account.cash,
            position: fill.holding.map(|holding| Position::value(ticker, holding, Some(price), total_value)),
            total_value,
            replayed: false,
        }
    }

    /// What was answered to the same `client_order_id` before.
    async fn find_earlier(
        &self,
        rows: &mut SqliteConnection,
        gathered: &mut Gathered,
    ) -> Result<Option<TradeReceipt>, sqlx::Error> {
        let Some(client_order_id) = &self.order.client_order_id else {
            return Ok(None);
        };
        if gathered.has_order(client_order_id) {
            gathered.write(rows).await?;
        }
        sqlx::query(TRADE_BY_ORDER)
            .bind(ACCOUNT_ID)
            .bind(client_order_id.as_str())
            .fetch_optional(rows)
            .await?
            .map(|row| read_receipt(&row))
            .transpose()
    }

    fn replay(&self, earlier: TradeReceipt) -> Result<TradeReceipt, ApiError> {
        let Trade { ticker, side, quantity, client_order_id, .. } = &earlier.trade;
        let first = OrderRequest {
            ticker: *ticker,
            side: *side,
            quantity: *quantity,
            client_order_id: client_order_id.clone(),
        };
        if first == self.order {
            return Ok(TradeReceipt { replayed: true, ..earlier });
        }
        let client_order_id = client_order_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        Err(ApiError::OrderIdReused { client_order_id })
    }
}

/// The account's amounts, at some moment.
pub struct Amounts {
    cash: Money,
    realized_pnl: Money,
    high_water_mark: Option<Money>,
}

impl Amounts {
    pub fn of(books: &Books) -> Self {
        let (account, high_water_mark) = (&books.account, books.high_water_mark);
        Self { cash: account.cash, realized_pnl: account.realized_pnl, high_water_mark }
    }

    pub async fn write(self, rows: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE accounts SET cash_cents = ?2, realized_pnl_cents = ?3, high_water_mark_cents = ?4 WHERE id = ?1",
        )
        .bind(ACCOUNT_ID)
        .bind(self.cash.cents())
        .bind(self.realized_pnl.cents())
        .bind(self.high_water_mark.map(Money::cents))
        .execute(rows)
        .await?;
        Ok(())
    }
}

/// One row of `trades`.
pub fn read_trade(row: &SqliteRow) -> Result<Trade, sqlx::Error> {
    Ok(Trade {
        id: row.try_get("id")?,
        client_order_id: row
            .try_get::<Option<String>, _>("client_order_id")?
            .map(|text| decode("client_order_id", text.parse()))
            .transpose()?,
        ticker: decode("ticker", row.try_get::<String, _>("ticker")?.parse())?,
        side: decode("side", row.try_get::<String, _>("side")?.parse())?,
        quantity: decode("quantity_millionths", Quantity::from_millionths(row.try_get("quantity_millionths")?))?,
        price: decode("price_units", Price::from_units(row.try_get("price_units")?).ok_or("out of range"))?,
        notional: Money::from_cents(row.try_get("notional_cents")?),
        realized_pnl: Money::from_cents(row.try_get("realized_pnl_cents")?),
        source: decode("source", row.try_get::<String, _>("source")?.parse())?,
        executed_at: UtcInstant::from_unix_ms(row.try_get("executed_at_ms")?),
    })
}

/// The receipt as it was given: the position is valued at the trade's own price, as it was then.
pub fn read_receipt(row: &SqliteRow) -> Result<TradeReceipt, sqlx::Error> {
    let trade = read_trade(row)?;
    let total_value = row.try_get::<Option<i64>, _>("total_value_cents_after")?.map(Money::from_cents);
    let quantity_after: Option<i64> = row.try_get("quantity_millionths_after")?;
    let cost_after: Option<i64> = row.try_get("cost_basis_cents_after")?;
    let position = match quantity_after.zip(cost_after) {
        None => None,
        Some((quantity, cost)) => {
            let quantity = decode("quantity_millionths_after", Quantity::from_millionths(quantity))?;
            let holding = Holding { quantity, cost_basis: Money::from_cents(cost) };
            Some(Position::value(trade.ticker, holding, Some(trade.price), total_value))
        }
    };
    let cash_balance = Money::from_cents(row.try_get("cash_cents_after")?);
    Ok(TradeReceipt { trade, cash_balance, position, total_value, replayed: false })
}
