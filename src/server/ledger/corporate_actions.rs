//! Splits and dividends: each is recorded and applied once, in the write that changes the books, and never undone.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Books, Change, Ledger, Write, gathered::write_position, store::ACCOUNT_ID, trade::Amounts};
use crate::{
    domain::{
        corporate_action::{
            ActionKind, ActionPage, ActionRecord, CorporateAction, DividendRate, ExchangeDate, SplitRatio,
        },
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        order::{Adjusted, Side, Trade},
        portfolio::LastPrice,
        ticker::Ticker,
    },
    error::ApiError,
    server::market::feed::Tick,
};

/// The most actions of a page.
pub const ACTIONS_MAX: usize = 500;

/// How far trades may be out of the order of their instants, because a clock was set right.
const DISORDER_MS: i64 = 86_400_000;

/// Applies an action whose day has come to what was held when that began; a dividend is owed from then on.
pub struct ApplyAction {
    pub action: CorporateAction,
    /// What the market has now.
    pub prices: Arc<Tick>,
    pub at: UtcInstant,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Now,
    /// It was before, or does not concern the account.
    Nothing,
}

impl Write for ApplyAction {
    type Outcome = Applied;

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<Applied, ApiError>> {
        let action = &self.action;
        if self.at < action.ex_date.starts_at() || is_recorded(action, rows)? {
            return Ok(Ok(Applied::Nothing));
        }
        let now = self.price_after();
        let Some(held) = held_at_start(action, now, books, rows)? else {
            return Ok(Ok(Applied::Nothing));
        };
        let applied = match action.kind {
            ActionKind::Split(ratio) => self.split(ratio, held, now, books, rows)?,
            ActionKind::Dividend { rate, pay_date } => self.owe(rate, pay_date, held.quantity, rows)?,
        };
        if applied.is_ok() {
            books.outbox.note(Change::Account);
        }
        Ok(applied)
    }
}

/// What was held of a ticker when a day began.
struct Held {
    quantity: Quantity,
    /// Of it, something was traded on that day, at prices from before a split.
    is_of_the_day: bool,
}

impl ApplyAction {
    /// What a share trades at after the action: until someone has traded, what it traded at before is taken for it.
    fn price_after(&self) -> Option<Price> {
        let quote = self.prices.quotes.get(self.action.ticker)?;
        match self.action.kind {
            ActionKind::Split(ratio) if quote.at < self.action.ex_date.starts_at() => ratio.of_price(quote.price),
            ActionKind::Split(_) | ActionKind::Dividend { .. } => Some(quote.price),
        }
    }

    fn split(
        &self,
        ratio: SplitRatio,
        held: Held,
        now: Option<Price>,
        books: &mut Books,
        rows: &Connection,
    ) -> rusqlite::Result<Result<Applied, ApiError>> {
        let CorporateAction { ticker, ex_date, .. } = self.action;
        let Ok(became) = books.account.split(ticker, held.quantity, ratio) else {
            return Ok(Err(ApiError::InvalidQuantity {
                reason: format!("the split of {ticker} is beyond all bounds"),
            }));
        };
        let ex_second = ex_date.starts_at().unix_second();
        if held.is_of_the_day || books.today.day().is_some_and(|day| day.starts_at < ex_second) {
            books.today.split(ticker, ratio);
        }
        let last_price = books.last_prices.get(&ticker).copied().map(|last| {
            let is_before = ratio.is_trade_before(ex_date, last.at, last.price, now);
            let price = Some(last.price).filter(|_| is_before).and_then(|price| ratio.of_price(price));
            LastPrice { price: price.unwrap_or(last.price), ..last }
        });
        if let Some(last_price) = last_price {
            books.last_prices.insert(ticker, last_price);
        }
        let holding = books.account.holdings.get(&ticker).copied();
        write_position(ticker, holding.map(|holding| (holding, last_price)), rows)?;
        rows.execute(
            "INSERT INTO corporate_actions (account_id, id, kind, ticker, ex_date, split_from_millionths,
                 split_to_millionths, quantity_millionths, quantity_millionths_after, price_units, status,
                 recorded_at_ms, applied_at_ms)
             VALUES (?1, ?2, 'split', ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'applied', ?10, ?10)",
            params![
                ACCOUNT_ID,
                self.action.id,
                ticker,
                ex_date.to_string(),
                ratio.from,
                ratio.to,
                held.quantity,
                became,
                now,
                self.at,
            ],
        )?;
        Ok(Ok(Applied::Now))
    }

    fn owe(
        &self,
        rate: DividendRate,
        pay_date: ExchangeDate,
        quantity: Quantity,
        rows: &Connection,
    ) -> rusqlite::Result<Result<Applied, ApiError>> {
        let CorporateAction { ticker, ex_date, .. } = self.action;
        let Some(cash) = rate.of(quantity) else {
            return Ok(Err(ApiError::InvalidQuantity {
                reason: format!("the dividend of {ticker} is beyond all bounds"),
            }));
        };
        rows.execute(
            "INSERT INTO corporate_actions (account_id, id, kind, ticker, ex_date, pay_date, amount_billionths,
                 quantity_millionths, cash_cents, status, recorded_at_ms)
             VALUES (?1, ?2, 'dividend', ?3, ?4, ?5, ?6, ?7, ?8, 'owed', ?9)",
            params![
                ACCOUNT_ID,
                self.action.id,
                ticker,
                ex_date.to_string(),
                pay_date.to_string(),
                rate.billionths(),
                quantity,
                cash,
                self.at,
            ],
        )?;
        Ok(Ok(Applied::Now))
    }
}

/// Credits the dividends whose pay date has come; gives how many.
pub struct PayDividends {
    pub at: UtcInstant,
}

impl Write for PayDividends {
    type Outcome = usize;

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<usize, ApiError>> {
        let today = ExchangeDate::of(self.at).to_string();
        // Dates that are written like this stand in their order.
        let due: Vec<(i64, Ticker, Money)> = rows
            .prepare_cached(
                "SELECT sequence, ticker, cash_cents FROM corporate_actions
                 WHERE account_id = ?1 AND status = 'owed' AND pay_date <= ?2 ORDER BY pay_date, sequence",
            )?
            .query_map(params![ACCOUNT_ID, today], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let day = books.day_of(self.at);
        let mut paid = 0;
        for (sequence, ticker, cash) in due {
            // One that cash cannot hold stays owed.
            if books.account.receive_income(cash).is_ok() {
                books.today.receive(day, ticker, cash);
                rows.execute(
                    "UPDATE corporate_actions SET status = 'applied', applied_at_ms = ?2 WHERE sequence = ?1",
                    params![sequence, self.at],
                )?;
                paid += 1;
            }
        }
        if paid > 0 {
            Amounts::of(books).write(rows)?;
            books.outbox.note(Change::Account);
        }
        Ok(Ok(paid))
    }
}

/// An account that starts over is owed nothing any more.
pub fn let_lapse(rows: &Connection) -> rusqlite::Result<()> {
    rows.execute(
        "UPDATE corporate_actions SET status = 'lapsed' WHERE account_id = ?1 AND status = 'owed'",
        [ACCOUNT_ID],
    )?;
    Ok(())
}

fn is_recorded(action: &CorporateAction, rows: &Connection) -> rusqlite::Result<bool> {
    let kind = match action.kind {
        ActionKind::Split(_) => "split",
        ActionKind::Dividend { .. } => "dividend",
    };
    rows.prepare_cached("SELECT 1 FROM corporate_actions WHERE account_id = ?1 AND kind = ?2 AND id = ?3")?
        .exists(params![ACCOUNT_ID, kind, action.id])
}

/// What was held of the action's ticker when its day began: what is held now, less what was bought since, with what was
/// sold since, before the splits since. Nothing when that is none.
fn held_at_start(
    action: &CorporateAction,
    now: Option<Price>,
    books: &Books,
    rows: &Connection,
) -> rusqlite::Result<Option<Held>> {
    let starts_at = action.ex_date.starts_at();
    let mut splits = splits_of(action.ticker, rows)?;
    splits.retain(|split| split.day.starts_at() > starts_at);
    let mut held = books.account.holdings.get(&action.ticker).map_or(0, |holding| holding.quantity.millionths());
    let mut is_of_the_day = false;
    let mut trades = rows.prepare_cached(
        "SELECT ticker, side, quantity_millionths, price_units, executed_at_ms FROM trades
         WHERE account_id = ?1 AND sequence > ?2 ORDER BY sequence DESC",
    )?;
    let mut trades = trades.query(params![ACCOUNT_ID, books.reset_after_sequence])?;
    while let Some(row) = trades.next()? {
        let at: UtcInstant = row.get("executed_at_ms")?;
        if at.unix_ms() < starts_at.unix_ms() - DISORDER_MS {
            break;
        }
        let ticker: Ticker = row.get("ticker")?;
        if ticker != action.ticker || at < starts_at {
            continue;
        }
        while let Some(split) = splits.pop_if(|split| split.day.starts_at() > at) {
            held = undo(split.ratio, held);
        }
        if let ActionKind::Split(ratio) = action.kind
            && ratio.is_trade_before(action.ex_date, at, row.get("price_units")?, now)
        {
            is_of_the_day = true;
            continue;
        }
        let traded: Quantity = row.get("quantity_millionths")?;
        held = match row.get("side")? {
            Side::Buy => held.saturating_sub(traded.millionths()),
            Side::Sell => held.saturating_add(traded.millionths()),
        };
    }
    while let Some(split) = splits.pop() {
        held = undo(split.ratio, held);
    }
    Ok(Quantity::from_millionths(held).ok().map(|quantity| Held { quantity, is_of_the_day }))
}

fn undo(ratio: SplitRatio, millionths: i64) -> i64 {
    let before = Quantity::from_millionths(millionths).ok().and_then(|held| ratio.before(held));
    before.map_or(millionths, Quantity::millionths)
}

/// A split that was applied.
pub(super) struct PastSplit {
    pub ticker: Ticker,
    pub day: ExchangeDate,
    pub ratio: SplitRatio,
    /// What a share traded at right after it, where that is known.
    price: Option<Price>,
}

impl PastSplit {
    /// Whether a trade was in shares from before this split.
    pub(super) fn is_after(&self, at: UtcInstant, price: Price) -> bool {
        self.ratio.is_trade_before(self.day, at, price, self.price)
    }
}

const SPLITS: &str = "SELECT ticker, ex_date, split_from_millionths, split_to_millionths, price_units
    FROM corporate_actions WHERE account_id = ?1 AND kind = 'split' AND (?2 IS NULL OR ticker = ?2)
    ORDER BY ex_date, sequence";

/// In the order of their days.
fn splits_of(ticker: Ticker, rows: &Connection) -> rusqlite::Result<Vec<PastSplit>> {
    rows.prepare_cached(SPLITS)?.query_map(params![ACCOUNT_ID, ticker], read_split)?.collect()
}

/// The splits of all tickers, in the order of their days.
pub(super) fn all_splits(rows: &Connection) -> rusqlite::Result<Vec<PastSplit>> {
    rows.prepare_cached(SPLITS)?.query_map(params![ACCOUNT_ID, None::<Ticker>], read_split)?.collect()
}

fn read_split(row: &Row<'_>) -> rusqlite::Result<PastSplit> {
    Ok(PastSplit {
        ticker: row.get(0)?,
        day: read_date(row, "ex_date")?,
        ratio: SplitRatio { from: row.get(2)?, to: row.get(3)? },
        price: row.get(4)?,
    })
}

fn read_date(row: &Row<'_>, column: &str) -> rusqlite::Result<ExchangeDate> {
    let text: String = row.get(column)?;
    text.parse().map_err(|cause| {
        let index = row.as_ref().column_index(column).unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, Box::from(cause))
    })
}

/// Says of each trade before a split what it is in shares of today.
///
/// # Errors
/// The database's.
pub fn adjust(trades: &mut [Trade], rows: &Connection) -> rusqlite::Result<()> {
    let splits = all_splits(rows)?;
    for trade in trades {
        for split in splits.iter().filter(|split| split.ticker == trade.ticker) {
            let Adjusted { quantity, price } =
                trade.adjusted.unwrap_or(Adjusted { quantity: trade.quantity, price: trade.price });
            if !split.is_after(trade.executed_at, price) {
                continue;
            }
            let after = Option::zip(split.ratio.of_shares(quantity), split.ratio.of_price(price));
            trade.adjusted = after.map(|(quantity, price)| Adjusted { quantity, price }).or(trade.adjusted);
        }
    }
    Ok(())
}

impl Ledger {
    /// The splits and dividends that concerned the account since its latest reset, newest first: at most `limit` and
    /// [`ACTIONS_MAX`], and of those that came before the one with this number, when it is given.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn corporate_actions(&self, limit: usize, before: Option<i64>) -> Result<ActionPage, ApiError> {
        let limit = limit.min(ACTIONS_MAX);
        let opened_at = self.books().opened_at;
        let found = self.readers.read(move |rows| {
            let limit_and_one = i64::try_from(limit + 1).unwrap_or(i64::MAX);
            rows.prepare_cached(
                "SELECT * FROM corporate_actions
                 WHERE account_id = ?1 AND status <> 'lapsed' AND recorded_at_ms >= ?2 AND sequence < ?3
                 ORDER BY sequence DESC LIMIT ?4",
            )?
            .query_map(params![ACCOUNT_ID, opened_at, before.unwrap_or(i64::MAX), limit_and_one], |row| {
                Ok((row.get("sequence")?, read_record(row)?))
            })?
            .collect::<rusqlite::Result<Vec<(i64, ActionRecord)>>>()
        });
        let mut found = found.await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(|(sequence, _)| sequence.to_string());
        Ok(ActionPage { corporate_actions: found.into_iter().map(|(_, record)| record).collect(), next_cursor })
    }

    /// Whether a dividend is owed that has a date of this moment or before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_dividend_due(&self, at: UtcInstant) -> Result<bool, ApiError> {
        let today = ExchangeDate::of(at).to_string();
        self.readers
            .read(move |rows| {
                let due = rows
                    .prepare_cached(
                        "SELECT 1 FROM corporate_actions
                         WHERE account_id = ?1 AND status = 'owed' AND pay_date <= ?2 LIMIT 1",
                    )?
                    .query_row(params![ACCOUNT_ID, today], |_| Ok(()))
                    .optional()?;
                Ok(due.is_some())
            })
            .await
    }
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<ActionRecord> {
    let rate: Option<i64> = row.get("amount_billionths")?;
    Ok(ActionRecord {
        id: row.get("id")?,
        kind: row.get("kind")?,
        ticker: row.get("ticker")?,
        ex_date: row.get("ex_date")?,
        pay_date: row.get("pay_date")?,
        split_from: row.get("split_from_millionths")?,
        split_to: row.get("split_to_millionths")?,
        cash_amount: rate.map(|billionths| billionths as f64 / 1e9),
        quantity: row.get("quantity_millionths")?,
        quantity_after: row.get("quantity_millionths_after")?,
        amount: row.get("cash_cents")?,
        status: row.get("status")?,
        recorded_at: row.get("recorded_at_ms")?,
        applied_at: row.get("applied_at_ms")?,
    })
}
