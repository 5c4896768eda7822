//! Databases for the measurements: the server creates and seeds them, and data that would take too long over REST is
//! inserted before it starts again.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};

use crate::{Outcome, program::Bench};

/// Number of tickers on every new account's watchlist.
pub const WATCHED: usize = 10;

/// An account that follows this many tickers: the watched ones, and the rest held. The holdings cost nothing, so the
/// books balance.
pub fn follow(bench: &Bench, database: &str, tickers: usize) -> Outcome<()> {
    let mut connection = seed(bench, database)?;
    let transaction = connection.transaction()?;
    for number in 0..tickers - WATCHED {
        transaction.execute("INSERT INTO positions VALUES ('default', ?1, 1, 0)", [ticker(number)])?;
    }
    transaction.commit()?;
    Ok(())
}

/// Four-letter tickers that are not on the initial watchlist.
fn ticker(number: usize) -> String {
    [17_576, 676, 26, 1].map(|place| char::from(b'A' + (number / place % 26) as u8)).iter().collect()
}

/// A year's past: this many trades, up to now, each a row as the server writes it, and the equity curve as it is kept
/// after a year.
pub fn trade_for_a_year(bench: &Bench, database: &str, trades: i64) -> Outcome<()> {
    const YEAR_S: i64 = 365 * 86_400;
    let now_s = now_s()?;
    let mut connection = seed(bench, database)?;
    let transaction = connection.transaction()?;
    transaction.execute("UPDATE accounts SET opened_at_ms = ?1", [(now_s - YEAR_S) * 1_000])?;
    for number in 0..trades {
        let at_ms = (now_s - YEAR_S) * 1_000 + number * YEAR_S * 1_000 / trades;
        let (ticker, side) = (["AAPL", "MSFT", "V"][number as usize % 3], ["buy", "sell"][number as usize % 2]);
        insert_trade(&transaction, &format!("past-{number:031}"), ticker, side, at_ms)?;
    }
    record_curve(&transaction, now_s, &[(86_400 * 365, 3_600), (86_400 * 7, 300), (3_600, 1)])?;
    transaction.commit()?;
    Ok(())
}

/// This many trades, all of them today.
pub fn trade_in_a_day(bench: &Bench, database: &str, trades: i64) -> Outcome<()> {
    let now_s = now_s()?;
    let mut connection = seed(bench, database)?;
    let transaction = connection.transaction()?;
    for number in 0..trades {
        let (ticker, side) = (["AAPL", "MSFT", "V"][number as usize % 3], ["buy", "sell"][number as usize % 2]);
        insert_trade(&transaction, &format!("past-{number:031}"), ticker, side, now_s * 1_000)?;
    }
    transaction.commit()?;
    Ok(())
}

/// One trade, and a curve of the hour since.
pub fn trade_once(bench: &Bench, database: &str) -> Outcome<()> {
    let now_s = now_s()?;
    let mut connection = seed(bench, database)?;
    let transaction = connection.transaction()?;
    transaction.execute("UPDATE accounts SET opened_at_ms = ?1", [(now_s - 3_600) * 1_000])?;
    insert_trade(&transaction, "past-0", "V", "buy", (now_s - 3_600) * 1_000)?;
    record_curve(&transaction, now_s, &[(3_600, 1)])?;
    transaction.commit()?;
    Ok(())
}

/// A buy or a sale of a millionth of a share for nothing: rows of normal length, and books that balance.
fn insert_trade(connection: &Connection, id: &str, ticker: &str, side: &str, at_ms: i64) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO trades VALUES (NULL, ?1, 'default', NULL, ?2, ?3, 1, 2800000, 0, 0, 'manual', ?4, 1000000, 1, 0, 1000000)",
        )?
        .execute(params![id, ticker, side, at_ms])?;
    Ok(())
}

/// Ranges of the past, each with its age and the step of its values.
fn record_curve(connection: &Connection, now_s: i64, stretches: &[(i64, i64)]) -> Outcome<()> {
    for (age_s, step_s) in stretches {
        for at_s in (now_s - age_s..now_s).step_by(usize::try_from(*step_s)?) {
            connection
                .prepare_cached("INSERT OR REPLACE INTO snapshots VALUES ('default', ?1, ?2)")?
                .execute([at_s, 1_000_000 + at_s % 997])?;
        }
    }
    Ok(())
}

/// Makes the server create the database.
pub fn seed(bench: &Bench, database: &str) -> Outcome<Connection> {
    bench.serve(database, 500)?.stop()?;
    Ok(Connection::open(bench.path(database))?)
}

fn now_s() -> Outcome<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}
