//! The day's gains after a restart: dividends credited on the day, and trades on either side of a split.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::actions::read_splits;
use crate::{
    domain::{
        account_id::AccountId,
        day::{DayTrades, Traded},
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        ticker::Ticker,
        trading_day::TradingDay,
    },
    server::{ledger::corporate_actions::PastSplit, market::hours::Hours},
};

const DAY_SECONDS: i64 = 86_400;

/// Dividends credited since the account was opened or last reset, in order of their credits.
const DIVIDENDS: &str = "SELECT ticker, cash_cents, applied_at_ms FROM corporate_actions
    WHERE account_id = ?1 AND kind = 'dividend' AND status = 'applied' AND recorded_at_ms >= ?2
    ORDER BY applied_at_ms, sequence";

/// The account's trades of one ticker from a sequence on.
const TRADES_OF_TICKER: &str = "SELECT side, quantity_millionths, price_units, executed_at_ms,
        notional_cents + CASE side WHEN 'buy' THEN commission_cents ELSE -commission_cents END AS amount_cents,
        previous_close_units
    FROM trades NOT INDEXED WHERE account_id = ?1 AND sequence >= ?2 AND ticker = ?3 ORDER BY sequence";

/// Splits whose ex-date ends after a trading day begins, in order of their days, by ticker. Trades of that day may be
/// in shares from before them.
///
/// # Errors
/// The database's.
pub fn splits_around(
    account: AccountId,
    day: TradingDay,
    rows: &Connection,
) -> rusqlite::Result<BTreeMap<Ticker, Vec<PastSplit>>> {
    let mut by_ticker: BTreeMap<Ticker, Vec<PastSplit>> = BTreeMap::new();
    for split in read_splits(account, None, rows)? {
        if split.day.starts_at().unix_second() + DAY_SECONDS > day.starts_at {
            by_ticker.entry(split.ticker).or_default().push(split);
        }
    }
    Ok(by_ticker)
}

/// Adds a ticker's trades of a day, from the sequence `first` on, in shares after its splits.
///
/// # Errors
/// The database's.
pub fn add_trades_of_split(
    account: AccountId,
    today: &mut DayTrades,
    day: TradingDay,
    ticker: Ticker,
    splits: &[PastSplit],
    first: i64,
    rows: &Connection,
) -> rusqlite::Result<()> {
    let mut trades: Vec<(Traded, UtcInstant, Price)> = rows
        .prepare(TRADES_OF_TICKER)?
        .query_map(params![account, first, ticker], |row| read_traded(ticker, row))?
        .collect::<Result<_, _>>()?;
    for split in splits {
        for (traded, ..) in trades.extract_if(.., |(_, at, price)| split.is_after(*at, *price)) {
            today.record(day, traded);
        }
        today.split(ticker, split.ratio);
    }
    for (traded, ..) in trades {
        today.record(day, traded);
    }
    Ok(())
}

fn read_traded(ticker: Ticker, row: &Row<'_>) -> rusqlite::Result<(Traded, UtcInstant, Price)> {
    let quantity: Quantity = row.get("quantity_millionths")?;
    let traded = Traded {
        ticker,
        side: row.get("side")?,
        millionths: quantity.millionths(),
        notional: row.get("amount_cents")?,
        previous_close: row.get("previous_close_units")?,
    };
    Ok((traded, row.get("executed_at_ms")?, row.get("price_units")?))
}

/// Adds the dividends credited on the trades' day, or on a later one, which resets the sums.
///
/// # Errors
/// The database's.
pub fn add_dividends(
    account: AccountId,
    mut today: DayTrades,
    opened_at: UtcInstant,
    hours: Hours,
    rows: &Connection,
) -> rusqlite::Result<DayTrades> {
    let mut dividends = rows.prepare(DIVIDENDS)?;
    let mut dividends = dividends.query(params![account, opened_at])?;
    while let Some(row) = dividends.next()? {
        let (ticker, amount): (Ticker, Money) = (row.get(0)?, row.get(1)?);
        let credited_at: UtcInstant = row.get(2)?;
        let day = today.day_with(credited_at).unwrap_or_else(|| hours.day_of(credited_at));
        if today.day().is_none_or(|latest| day.starts_at >= latest.starts_at) {
            today.receive(day, ticker, amount);
        }
    }
    Ok(today)
}
