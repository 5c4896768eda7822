//! `kill -9`, repeatedly, while clients trade.

use std::time::Duration;

use rand::Rng;
use tokio::sync::watch;

use super::{
    Round,
    audit::Audit,
    load::{Load, Told, is_replayed, receipts, trade},
    rounds, variable,
};
use crate::app::{TestProcess, assert_identity};

/// Default number of kills under load; set by `FINALLY_KILL_ROUNDS`.
const ROUNDS: u64 = 10;

#[tokio::test]
async fn kills_under_load_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut total, mut ran, mut before) = (0, 0, Vec::new());
    for round in rounds(variable("FINALLY_KILL_ROUNDS", ROUNDS)) {
        println!("kill, round {}, seed {}", round.number, round.seed);
        let server = TestProcess::start(folder.path()).await;
        assert!(is_replayed(&server.client, &before).await);
        assert_identity(&server.client.portfolio().await);
        before = trade_until_killed(server, round).await;
        let audit = Audit::of(folder.path()).await;
        assert_eq!(
            audit.missing(receipts(&before)),
            Vec::<&serde_json::Value>::new(),
            "what was acknowledged is there"
        );
        total += receipts(&before).count() as u64;
        ran += 1;
    }
    println!("kill: {ran} rounds, {total} acknowledged trades, none lost, none doubled");
    assert!(total > ran, "{total} trades were acknowledged in {ran} rounds");
}

/// Kills shortly after a number of responses: both are drawn, so the machine's speed does not matter.
async fn trade_until_killed(server: TestProcess, mut round: Round) -> Vec<Told> {
    let answers = round.rng.random_range(1..150);
    let moment = Duration::from_micros(round.rng.random_range(0..4_000));
    let (answered, mut count) = watch::channel(0);
    let client = server.client.clone();
    let kill = async {
        count.wait_for(|count| *count >= answers).await.unwrap();
        tokio::time::sleep(moment).await;
        server.kill().await;
    };
    tokio::join!(trade(&client, Load::without_end(round.seed), &answered), kill).0
}
