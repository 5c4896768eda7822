//! Power loss at any call that a server makes to its disk, while it starts, trades or checkpoints its log, and again
//! while it recovers. The disk's contents afterwards are drawn by [`disk`](super::disk).

use std::time::Duration;

use rand::Rng;
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};

use super::{
    Round,
    audit::Audit,
    disk::Disk,
    layer::Layer,
    load::{Load, Told, is_replayed, receipts, taken, trade},
    rounds, variable,
};
use crate::app::TestProcess;

/// Default number of power losses; set by `FINALLY_POWER_ROUNDS`.
const ROUNDS: u64 = 5;

/// Rounds with the same disk before a new one is used.
const ROUNDS_OF_A_DISK: u64 = 5;

/// Timeout for a process that should end soon, on a loaded machine.
const END_MAX: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_lost_power_loses_and_doubles_nothing() {
    let (mut bench, mut total, mut ran) = (Bench::new(), 0, 0);
    for round in rounds(variable("FINALLY_POWER_ROUNDS", ROUNDS)) {
        if round.number % ROUNDS_OF_A_DISK == 0 {
            bench = Bench::new();
        }
        println!("power loss, round {}, seed {}", round.number, round.seed);
        total += bench.run(round).await;
        ran += 1;
    }
    println!("power loss: {ran} rounds, {total} acknowledged trades and orders, none lost, none doubled");
    assert!(total > ran, "{total} trades and orders were acknowledged in {ran} rounds");
}

#[tokio::test]
async fn a_disk_that_lies_about_syncs_loses_trades_so_the_layer_can_tell() {
    for mut round in rounds(20) {
        let mut bench = Bench::new();
        let command = bench.layer.command();
        bench.layer.lie();
        let server = TestProcess::start_command(command).await;
        let (_, receipt) = server.client.trade("buy", 1.0, "AAPL").await;
        assert_eq!(receipt["trade"]["ticker"], "AAPL");
        server.kill().await;
        bench.disk_after(Disk::default(), &mut round);
        let Ok(audit) = tokio::spawn(async move { Audit::of(&bench.layer.root()).await }).await else { return };
        if audit.trades.is_empty() {
            return;
        }
    }
    panic!("nothing that was never synced was ever lost");
}

/// A disk with the acknowledged trades on it.
struct Bench {
    folder: TempDir,
    layer: Layer,
    acknowledged: Vec<Told>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layer = Layer::new(folder.path());
        Self { folder, layer, acknowledged: Vec::new() }
    }

    /// One power loss; gives how many trades and orders were acknowledged before it.
    async fn run(&mut self, mut round: Round) -> u64 {
        let before = Disk::holding(&self.layer.root());
        let told = self.trade_until_power_loss(&mut round).await;
        self.layer.assert_no_panic();
        let count = receipts(&told).count() + taken(&told).count();
        self.acknowledged.extend(told.into_iter().filter(|told| told.receipt().or(told.taken()).is_some()));
        self.disk_after(before, &mut round);
        let audit = Audit::of(&self.layer.root()).await;
        let missing = audit.missing(receipts(&self.acknowledged));
        if !missing.is_empty() {
            self.fail(&round, &format!("{} trades are lost", missing.len()));
        }
        let missing = audit.missing_orders(taken(&self.acknowledged));
        if !missing.is_empty() {
            self.fail(&round, &format!("{} orders that wait are lost", missing.len()));
        }
        count as u64
    }

    /// Keeps the disk and its journal.
    fn fail(&self, round: &Round, what: &str) -> ! {
        let kept = std::env::temp_dir().join(format!("finally-power-loss-{}", round.seed));
        std::fs::rename(self.folder.path(), &kept).unwrap();
        panic!("seed {}: {what}; disk and journal are kept in {}", round.seed, kept.display());
    }

    fn disk_after(&mut self, before: Disk, round: &mut Round) {
        let journal = std::fs::read(self.layer.journal()).unwrap();
        before.replay(&journal).lose_power(&self.layer.root(), &mut round.rng);
    }

    async fn trade_until_power_loss(&self, round: &mut Round) -> Vec<Told> {
        // During the start, soon after it, or around the log's checkpoint (after 1,000 pages).
        let span = [1..120, 60..700, 700..3_500, 2_500..7_000][round.rng.random_range(0..4)].clone();
        let mut command = self.layer.command();
        command.env("SIM_SEED", round.seed.to_string());
        self.layer.kill_at(round.rng.random_range(span));
        let server = match TestProcess::try_start_command(command).await {
            Ok(server) => server,
            Err(end) if end.code().is_none() => return Vec::new(),
            Err(_) => self.fail(round, &format!("the server does not start: {}", self.layer.read_log())),
        };
        let recent = self.acknowledged.len().saturating_sub(300);
        let checked = is_replayed(&server.client, &self.acknowledged[recent..]).await;
        let told = if checked {
            trade(&server.client, Load::without_end(round.seed), &watch::Sender::new(0)).await
        } else {
            vec![]
        };
        timeout(END_MAX, server.wait_killed()).await.expect("it ends at the call that was drawn");
        told
    }
}
