//! Upper bound of trades: a loop of prepared statements on SQLite itself, on a database of the server's.
//!
//! A trade is written without knowledge of others: a savepoint, the account's amounts, the position, the trade, and the
//! value at that second. The given number of trades share a commit.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use crate::Outcome;

/// The argument that selects this program.
pub const NAME: &str = "bare-trades";

/// Trades for this time, and prints the number of trades and the microseconds of CPU time used.
pub fn run(database: &str, batch: usize, seconds: f64) -> Outcome<()> {
    let mut connection = Connection::open(Path::new(database))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")?;
    let (started, end) = (Instant::now(), Duration::from_secs_f64(seconds));
    let cpu_before = cpu()?;
    let mut trades = 0;
    while started.elapsed() < end {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for _ in 0..batch {
            trade(&transaction, trades)?;
            trades += 1;
        }
        transaction.commit()?;
    }
    let cpu_us = (cpu()? - cpu_before).as_micros();
    println!("{} {cpu_us}", trades as f64 / started.elapsed().as_secs_f64());
    Ok(())
}

fn trade(transaction: &Transaction, number: i64) -> Outcome<()> {
    let run = |statement: &str, parameters: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<usize> {
        transaction.prepare_cached(statement)?.execute(parameters)
    };
    run("SAVEPOINT trade", &[])?;
    run(
        "UPDATE accounts SET cash_cents = ?2, realized_pnl_cents = ?3 WHERE id = ?1",
        params!["default", 1_000_000 - number % 2, 0],
    )?;
    run(
        "INSERT INTO positions (account_id, ticker, quantity_millionths, cost_basis_cents) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET quantity_millionths = ?3, cost_basis_cents = ?4",
        params!["default", "V", 10_000 + number % 2, number % 2],
    )?;
    run(
        "INSERT INTO trades (id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
             notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after, quantity_millionths_after,
             cost_basis_cents_after, total_value_cents_after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            Uuid::now_v7().to_string(),
            "default",
            None::<String>,
            "V",
            ["buy", "sell"][number as usize % 2],
            10_000,
            2_801_900,
            280,
            0,
            "manual",
            1_795_356_131_512_i64 + number / 8,
            1_000_000 - number % 2,
            10_000,
            number % 2,
            1_000_000,
        ],
    )?;
    run(
        "INSERT INTO snapshots (account_id, recorded_at_s, total_value_cents) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET total_value_cents = ?3",
        params!["default", 1_795_356_131 + number / 8_000, 1_000_000],
    )?;
    run("RELEASE trade", &[])?;
    Ok(())
}

/// CPU time of this process, which has one busy thread.
fn cpu() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(stat.split_whitespace().next().ok_or("no time")?.parse()?))
}
