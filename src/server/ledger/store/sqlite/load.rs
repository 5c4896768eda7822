//! Reading of the books from the file.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    alerts::load_alerts,
    days::{load_counts, load_day},
    orders::load_open,
    outbox::LATEST_EVENT,
    today::{add_dividends, add_trades_of_split, splits_around},
};
use crate::{
    domain::{
        account::{Account, Holding},
        account_id::AccountId,
        candle::STEP_BACK_SECONDS,
        day::{DayTrades, Traded},
        instant::UtcInstant,
        money::Money,
        order::Side,
        portfolio::LastPrice,
        ticker::Ticker,
        watchlist::WatchedTicker,
    },
    server::{
        ledger::{Books, store::AllBooks},
        market::hours::Hours,
    },
};

/// Time of the account's latest trade after a sequence.
pub const LATEST_TRADE: &str =
    "SELECT executed_at_ms FROM trades WHERE account_id = ?1 AND sequence > ?2 ORDER BY sequence DESC LIMIT 1";

/// The account's latest trade after a sequence and outside a time range. A day's trades are many adjacent rows, which
/// the table itself returns faster than an index.
pub const LATEST_OUTSIDE: &str = "SELECT sequence, executed_at_ms FROM trades NOT INDEXED
    WHERE account_id = ?1 AND sequence > ?2 AND (executed_at_ms < ?3 OR executed_at_ms >= ?4)
    ORDER BY sequence DESC LIMIT 1";

/// Sums of the account's trades from a sequence on, by ticker and side. Split into millions and remainders, the sums
/// cannot overflow.
const SUMS_BY_TICKER: &str = "SELECT ticker, side,
        SUM(quantity_millionths / 1000000) AS quantity_millions, SUM(quantity_millionths % 1000000) AS quantity_rest,
        SUM(notional_cents / 1000000) AS notional_millions, SUM(notional_cents % 1000000) AS notional_rest,
        SUM(commission_cents) AS commission,
        MAX(previous_close_units) AS previous_close
    FROM trades NOT INDEXED WHERE account_id = ?1 AND sequence >= ?2 GROUP BY ticker, side";

/// The account's first trade after a sequence at or after a moment.
const FIRST_SINCE: &str =
    "SELECT MIN(sequence) FROM trades NOT INDEXED WHERE account_id = ?1 AND sequence > ?2 AND executed_at_ms >= ?3";

const MILLION: i64 = 1_000_000;

/// Reads the books of all accounts from the file; `hours` define their days.
///
/// # Errors
/// The database's, or an invalid stored value.
pub fn load(rows: &Connection, hours: Hours) -> rusqlite::Result<AllBooks> {
    rows.prepare("SELECT * FROM accounts")?.query_map([], |row| load_books(row, rows, hours))?.collect()
}

fn load_books(row: &Row<'_>, rows: &Connection, hours: Hours) -> rusqlite::Result<(AccountId, Books)> {
    let account: AccountId = row.get("id")?;
    let reset_after_sequence = row.get("reset_after_sequence")?;
    let opened_at = row.get("opened_at_ms")?;
    let today = load_today(account, rows, reset_after_sequence, hours)?;
    let books = Books {
        account: Account {
            cash: row.get("cash_cents")?,
            initial_deposit: row.get("initial_deposit_cents")?,
            flows: row.get("flows_cents")?,
            realized_pnl: row.get("realized_pnl_cents")?,
            income: row.get("income_cents")?,
            holdings: load_holdings(account, rows)?,
        },
        last_prices: load_last_prices(account, rows)?,
        watchlist: load_watchlist(account, rows)?,
        hours,
        today: add_dividends(account, today, opened_at, hours, rows)?,
        day: load_day(account, rows)?.map(Arc::new),
        counts: load_counts(account, reset_after_sequence, opened_at, rows)?,
        opened_at,
        high_water_mark: row.get("high_water_mark_cents")?,
        autonomy: row.get("autonomy")?,
        orders: load_open(account, rows)?,
        alerts: load_alerts(account, rows)?,
        is_open: true,
        reset_after_sequence,
        chat_cleared_after_sequence: row.get("chat_cleared_after_sequence")?,
        version: rows.query_row(LATEST_EVENT, [account], |row| row.get(0))?,
    };
    Ok((account, books))
}

fn load_holdings(account: AccountId, rows: &Connection) -> rusqlite::Result<BTreeMap<Ticker, Holding>> {
    rows.prepare("SELECT ticker, quantity_millionths, cost_basis_cents FROM positions WHERE account_id = ?1")?
        .query_map([account], |row| Ok((row.get(0)?, Holding { quantity: row.get(1)?, cost_basis: row.get(2)? })))?
        .collect()
}

fn load_last_prices(account: AccountId, rows: &Connection) -> rusqlite::Result<BTreeMap<Ticker, LastPrice>> {
    rows.prepare(
        "SELECT ticker, last_price_units, last_price_at_ms FROM positions
         WHERE account_id = ?1 AND last_price_units IS NOT NULL AND last_price_at_ms IS NOT NULL",
    )?
    .query_map([account], |row| Ok((row.get(0)?, LastPrice { price: row.get(1)?, at: row.get(2)? })))?
    .collect()
}

fn load_watchlist(account: AccountId, rows: &Connection) -> rusqlite::Result<Vec<WatchedTicker>> {
    rows.prepare("SELECT ticker, added_at_ms FROM watchlist WHERE account_id = ?1 ORDER BY ordinal")?
        .query_map([account], |row| Ok(WatchedTicker { ticker: row.get(0)?, added_at: row.get(1)? }))?
        .collect()
}

/// Sums the trades on the latest trade's day as they were recorded, without reading older ones. A trade written
/// slightly after one of the next day counts there ([`DayTrades::day_with`]).
fn load_today(account: AccountId, rows: &Connection, after_sequence: i64, hours: Hours) -> rusqlite::Result<DayTrades> {
    let mut today = DayTrades::default();
    let latest: Option<UtcInstant> =
        rows.query_row(LATEST_TRADE, params![account, after_sequence], |row| row.get(0)).optional()?;
    let Some(latest) = latest else {
        return Ok(today);
    };
    let latest_outside = |from_s: i64, until_s: i64| -> rusqlite::Result<Option<(i64, UtcInstant)>> {
        let bounds = params![account, after_sequence, from_s.saturating_mul(1_000), until_s.saturating_mul(1_000)];
        rows.query_row(LATEST_OUTSIDE, bounds, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    };
    let mut day = hours.day_of(latest);
    let late_from_s = day.ends_at - STEP_BACK_SECONDS;
    // At the end of a day the latest trade may be a late one after a trade of the next day.
    if latest.unix_second() >= late_from_s
        && let Some((_, earlier)) = latest_outside(late_from_s, day.ends_at)?
        && hours.day_of(earlier).starts_at == day.ends_at
    {
        day = hours.day_of(earlier);
    }
    let before = latest_outside(day.starts_at - STEP_BACK_SECONDS, day.ends_at)?;
    let before = before.map_or(after_sequence, |(sequence, _)| sequence);
    let bounds = params![account, before, day.starts_at.saturating_mul(1_000)];
    let first: Option<i64> = rows.query_row(FIRST_SINCE, bounds, |row| row.get(0))?;
    let splits = splits_around(account, day, rows)?;
    let mut sums = rows.prepare(SUMS_BY_TICKER)?;
    let mut sums = sums.query(params![account, first.unwrap_or_default()])?;
    while let Some(row) = sums.next()? {
        let sum = |millions: &str, rest: &str| -> rusqlite::Result<i64> {
            let millions: i64 = row.get(millions)?;
            Ok(millions.saturating_mul(MILLION).saturating_add(row.get(rest)?))
        };
        let (ticker, side, previous_close) = (row.get("ticker")?, row.get("side")?, row.get("previous_close")?);
        let commission: i64 = row.get("commission")?;
        if splits.contains_key(&ticker) {
            continue;
        }
        let notional = sum("notional_millions", "notional_rest")?;
        // Notional paid or received in total.
        let notional = Money::from_cents(match side {
            Side::Buy => notional.saturating_add(commission),
            Side::Sell => notional.saturating_sub(commission),
        });
        let quantity = sum("quantity_millions", "quantity_rest")?;
        today.record(day, Traded { ticker, side, millionths: quantity, notional, previous_close });
    }
    for (ticker, splits) in &splits {
        add_trades_of_split(account, &mut today, day, *ticker, splits, first.unwrap_or_default(), rows)?;
    }
    Ok(today)
}
