//! Measures a running FinAlly from outside, compared with the machine's upper bounds. Prints one table.
//!
//! The server is the release bundle, in a separate process, on a database in the working folder's file system. The load
//! comes from this process, over real sockets on the loopback address. CPU time and memory come from `/proc`, of the
//! measured process only. The compared programs (bare tokio, a bare SQLite loop) are processes too: this program with
//! an argument. Figures are medians of interleaved rounds, and comparisons are made within a round, because absolute
//! figures vary between machines and minutes.
//!
//! Without an argument everything is measured; with names of [`SUBJECTS`], only those.

mod account;
mod bare_stream;
mod bare_trades;
mod client;
mod fan_out;
mod library;
mod listeners;
mod orders;
mod program;
mod reads;
mod slow_disk;
mod start;
mod stream;
mod table;
mod tracer;
mod trades;

use std::{env, path::PathBuf};

use self::program::Bench;

/// Interleaved rounds of every comparison.
const ROUNDS: usize = 7;

/// Subjects that can be measured separately.
const SUBJECTS: [&str; 6] = ["start", "reads", "trades", "orders", "library", "stream"];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    // Cargo adds an option of its own.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [bare_stream::NAME, frame, tick_ms] => bare_stream::run(frame, tick_ms.parse()?).await,
        [bare_trades::NAME, database, batch, seconds] => bare_trades::run(database, batch.parse()?, seconds.parse()?),
        ref subjects => measure(subjects).await,
    }
}

async fn measure(subjects: &[&str]) -> Outcome<()> {
    if let Some(unknown) = subjects.iter().find(|subject| !SUBJECTS.contains(subject)) {
        return Err(format!("{unknown:?} is none of {SUBJECTS:?}").into());
    }
    let program = env::var("FINALLY_PROGRAM").unwrap_or_else(|_| "dist/finally".to_owned());
    let bench = Bench::new(program.as_ref(), PathBuf::from("target/bench"))?;
    table::head();
    for subject in SUBJECTS.into_iter().filter(|subject| subjects.is_empty() || subjects.contains(subject)) {
        match subject {
            "start" => start::measure(&bench).await?,
            "reads" => reads::measure(&bench).await?,
            "trades" => trades::measure(&bench).await?,
            "orders" => orders::measure(&bench).await?,
            "library" => library::measure(&bench).await?,
            _ => stream::measure(&bench).await?,
        }
    }
    Ok(())
}
