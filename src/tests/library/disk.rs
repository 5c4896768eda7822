//! The disk loses power, or is full, at any call while documents are taken in: what was accepted is read in the end, and
//! nothing is left of what was not.

use std::{collections::BTreeMap, time::Duration};

use rand::Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{READ_MAX, kept::assert_whole, settled, try_upload};
use crate::{
    app::{TestClient, TestProcess},
    faults::{
        Round,
        disk::Disk,
        layer::{DiskError, Layer},
        rounds, variable,
    },
    scripted::eventually,
};

/// Default numbers of power losses and of failures; set by `FINALLY_LIBRARY_POWER_ROUNDS` and `FINALLY_LIBRARY_DISK_ROUNDS`.
const ROUNDS: u64 = 4;

/// Documents of a round, at most.
const DOCUMENTS: u64 = 40;

/// Timeout for a process that should end soon, on a loaded machine.
const END_MAX: Duration = Duration::from_secs(120);

/// A report of some pages, whose last words are its own.
fn report(number: u64) -> String {
    let line = |line: u64| format!("Line {line} of report {number}: unit {line} made {} kettles.\n", line * 7 + number);
    format!("{}The end of report {number}.\n", (0..200).map(line).collect::<String>())
}

/// Uploads a report; the document's id, if it was accepted.
async fn upload(client: &TestClient, number: u64) -> Option<String> {
    let (name, content) = (format!("report {number}.txt"), report(number));
    let answer = try_upload(client, &[(&name, content.as_bytes())], &[]).await.ok()?;
    let is_accepted = answer.status().is_success();
    let answer: Value = answer.json().await.ok()?;
    is_accepted.then(|| answer["document"]["id"].as_str().unwrap().to_owned())
}

/// Each accepted report is read to its end, and its original is what was uploaded.
async fn assert_read(client: &TestClient, accepted: &BTreeMap<String, u64>, seed: u64) {
    for (id, number) in accepted {
        let document = settled(client, id).await;
        assert_eq!(document["state"], "done", "seed {seed}: {document}");
        let last = client.read(&format!("/api/library/documents/{id}/pages/{}", document["pages"])).await;
        assert!(last["text"].as_str().unwrap().contains(&format!("The end of report {number}.")), "seed {seed}");
        let original = client.get(&format!("/api/library/documents/{id}/original")).await;
        assert_eq!(original.text().await.unwrap(), report(*number), "seed {seed}");
    }
}

/// Documents that were not accepted may be there all the same; they end too.
async fn assert_all_ended(client: &TestClient, seed: u64) {
    let listed = client.read("/api/library/documents?limit=100").await;
    for document in listed["documents"].as_array().unwrap() {
        let document = settled(client, document["id"].as_str().unwrap()).await;
        let task = &document["task"];
        let is_told = task["state"] == "done" || !task["error_text"].as_str().unwrap_or_default().is_empty();
        assert!(is_told, "seed {seed}: {document}");
    }
}

#[tokio::test]
async fn a_lost_power_loses_no_accepted_document() {
    let mut total = 0;
    for round in rounds(variable("FINALLY_LIBRARY_POWER_ROUNDS", ROUNDS)) {
        println!("power loss in the library, round {}, seed {}", round.number, round.seed);
        total += lose_power(round).await;
    }
    assert!(total > 0, "documents were accepted");
}

async fn lose_power(mut round: Round) -> usize {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let layer = Layer::new(folder.path());
    let before = Disk::holding(&layer.root());
    let server = TestProcess::start_command(layer.command()).await;
    // From the first file on, to where several have been read.
    let span = [1..40, 20..400, 200..1_500][round.rng.random_range(0..3)].clone();
    layer.kill_at(layer.calls() + round.rng.random_range(span));
    let mut accepted = BTreeMap::new();
    for number in 0..DOCUMENTS {
        match upload(&server.client, number).await {
            Some(id) => drop(accepted.insert(id, number)),
            None => break,
        }
    }
    if accepted.len() as u64 == DOCUMENTS {
        layer.kill_at(layer.calls() + 1);
    }
    tokio::time::timeout(END_MAX, server.wait_killed()).await.expect("it ends at the call that was drawn");
    layer.assert_no_panic();
    let journal = std::fs::read(layer.journal()).unwrap();
    before.replay(&journal).lose_power(&layer.root(), &mut round.rng);

    let server = TestProcess::start(&layer.root()).await;
    // The first request opens the library, if no file was there at the start.
    server.client.read("/api/library/documents").await;
    assert_read(&server.client, &accepted, round.seed).await;
    assert_all_ended(&server.client, round.seed).await;
    if layer.root().join("db/library.db").exists() {
        assert_whole(&server.client, &layer.root()).await;
    }
    server.kill().await;
    accepted.len()
}

#[tokio::test]
async fn a_full_disk_refuses_documents_or_fails_them_with_the_cause_and_a_retry_reads_them() {
    let (mut total, mut failed) = (0, 0);
    for round in rounds(variable("FINALLY_LIBRARY_DISK_ROUNDS", ROUNDS)) {
        println!("full disk in the library, round {}, seed {}", round.number, round.seed);
        let (accepted, calls) = fill_disk(round).await;
        (total, failed) = (total + accepted, failed + calls);
    }
    println!("full disk in the library: {failed} calls failed, {total} documents accepted, all read");
    assert!(total > 0 && failed > 0);
}

async fn fill_disk(mut round: Round) -> (usize, u64) {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let layer = Layer::new(folder.path());
    let server = TestProcess::start_command(layer.command()).await;
    let client = &server.client;
    let mut accepted = BTreeMap::new();
    accepted.extend(upload(client, 0).await.map(|id| (id, 0)));
    let start = layer.calls() + round.rng.random_range(1..200);
    let length = [5, 60, 400][round.rng.random_range(0..3)];
    layer.fail(start..start + length, if round.rng.random() { DiskError::Full } else { DiskError::Io });
    for number in 1..12 {
        accepted.extend(upload(client, number).await.map(|id| (id, number)));
    }
    let failed = layer.failed();
    layer.heal();
    // It goes on as soon as the disk does.
    eventually(READ_MAX, "a document is accepted again", async || {
        let Some(id) = upload(client, 100).await else { return false };
        accepted.insert(id, 100);
        true
    })
    .await;
    for id in accepted.keys() {
        let document = settled(client, id).await;
        let task = &document["task"];
        if task["state"] == "failed" {
            assert!(!task["error_text"].as_str().unwrap().is_empty(), "{document}");
            let path = format!("/api/library/tasks/{}/retry", task["id"].as_str().unwrap());
            assert!(client.post(&path, json!({})).await.status().is_success(), "{document}");
        }
    }
    assert_read(client, &accepted, round.seed).await;
    layer.assert_no_panic();
    server.kill().await;
    // What a refused upload left is gone with the next start.
    let server = TestProcess::start(&layer.root()).await;
    assert_read(&server.client, &accepted, round.seed).await;
    assert_all_ended(&server.client, round.seed).await;
    assert_whole(&server.client, &layer.root()).await;
    server.kill().await;
    (accepted.len(), failed)
}
