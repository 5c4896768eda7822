//! Measures a running FinAlly from outside, beside the ceiling of the machine. Prints one table.
//!
//! The server is the release bundle, in a process of its own, on a database of its own in the working folder's file
//! system. The load comes from this process, over real sockets on the loopback address. CPU and memory come from
//! `/proc`, of the measured process alone. What a figure is set beside (a bare tokio program, a bare SQLite loop) is a
//! process too: this program, told to be that one. Figures are medians of interleaved rounds, and what is compared is
//! compared within one round, because these figures mean little from one machine, or minute, to the next.
//!
//! Without an argument everything is measured; with the names of [`SUBJECTS`], only those.

mod account;
mod bare_stream;
mod bare_trades;
mod client;
mod fan_out;
mod listeners;
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

/// What can be measured by itself.
const SUBJECTS: [&str; 4] = ["start", "reads", "trades", "stream"];

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
            _ => stream::measure(&bench).await?,
        }
    }
    Ok(())
}
