//! State after a crash: every accepted document ends as done or failed, and no orphaned files remain.

use std::{collections::HashSet, fs, path::Path, time::Duration};

use serde_json::json;

use super::{REPORT, document_id, search, settled, take_in, upload};
use crate::app::{TestApp, TestClient, TestProcess};

/// A report of some hundred pages, each different.
fn long_report(number: usize) -> Vec<u8> {
    let line =
        |line: usize| format!("Line {line} of report {number}: revenue of unit {line} was {}.\n", line * 7 + number);
    (0..12_000).map(line).collect::<String>().into_bytes()
}

/// Names of the originals on the disk, half-received ones included.
fn originals(folder: &Path) -> HashSet<String> {
    let mut names = HashSet::new();
    // There is no folder before the first upload.
    for entry in fs::read_dir(folder.join("db/library")).into_iter().flatten() {
        names.extend(
            fs::read_dir(entry.unwrap().path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()),
        );
    }
    names
}

/// Asserts that no file, segment or vector is left without its document, and that each original is there.
pub async fn assert_whole(client: &TestClient, folder: &Path) {
    let stats = client.read("/api/library/stats").await;
    let rows = rusqlite::Connection::open(folder.join("db/library.db")).unwrap();
    let count = |query: &str| rows.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(stats["segments"], count("SELECT COUNT(*) FROM segments"));
    assert_eq!(count("SELECT COUNT(*) FROM segments"), count("SELECT COUNT(*) FROM passages_docsize"));
    assert_eq!(count("SELECT COUNT(*) FROM segments WHERE document_id NOT IN (SELECT id FROM documents)"), 0);
    assert_eq!(count("SELECT COUNT(*) FROM vectors WHERE segment_id NOT IN (SELECT id FROM segments)"), 0);
    let hashes: HashSet<String> = {
        let mut hashes = rows.prepare("SELECT content_hash FROM documents").unwrap();
        hashes.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(originals(folder), hashes);
}

#[tokio::test]
async fn kill_9_at_any_moment_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    // From before the reading process starts to after indexing.
    for (number, delay) in [0_u64, 40, 150, 400, 900, 1_800].into_iter().enumerate() {
        let server = TestProcess::start(folder.path()).await;
        ids.push(document_id(&upload(&server.client, &format!("report {number}.txt"), &long_report(number)).await));
        tokio::time::sleep(Duration::from_millis(delay)).await;
        server.kill().await;
    }
    // A half-received file, and an original without a row.
    fs::write(folder.path().join("db/library/incoming/half"), "half").unwrap();
    fs::create_dir_all(folder.path().join("db/library/ab")).unwrap();
    fs::write(folder.path().join("db/library/ab/abcdef"), "orphan").unwrap();

    let app = TestApp::start_on(folder, &[], finally::server::clock::system_clock).await;
    for (number, id) in ids.iter().enumerate() {
        let document = settled(&app.client, id).await;
        assert_eq!(document["state"], "done", "{document}");
        let hits = search(&app.client, &format!("report {number} unit 11999")).await;
        assert!(hits[0]["text"].as_str().unwrap().contains(&format!("Line 11999 of report {number}")), "{:?}", hits[0]);
    }
    assert_whole(&app.client, app.folder()).await;
}

#[tokio::test]
async fn progress_and_passages_survive_a_restart() {
    let app = TestApp::start().await;
    let document = take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
    let before = search(&app.client, "revenues").await;
    let app = app.restart().await;
    assert_eq!(search(&app.client, "revenues").await, before);
    let kept = app.client.read(&format!("/api/library/documents/{}", document["id"].as_str().unwrap())).await;
    assert_eq!(kept, document);
    assert_eq!(app.client.read("/api/library/tasks").await["total"], json!(1));
}
