//! Hostile or broken documents, and cancelled or retried tasks.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{READ_MAX, REPORT, document_id, search, settled, take_in, upload, upload_all};
use crate::{
    app::{TestApp, TestProcess},
    scripted::eventually,
};

#[tokio::test]
async fn a_damaged_file_fails_with_its_name_and_cause_and_blocks_nothing() {
    let app = TestApp::start().await;
    let damaged = b"%PDF-1.7 and nothing that a reader could use";
    let id = document_id(&upload(&app.client, "annual report.pdf", damaged).await);
    let document = settled(&app.client, &id).await;
    let task = &document["task"];
    assert_eq!(
        (&document["state"], &task["state"], &task["error_code"]),
        (&json!("failed"), &json!("failed"), &json!("damaged_file"))
    );
    assert!(task["error_text"].as_str().unwrap().starts_with("annual report.pdf "), "{task}");
    // The same file again is not a duplicate: it is read once more.
    let again = upload(&app.client, "annual report.pdf", damaged).await;
    assert_eq!((document_id(&again), &again["duplicate"]), (id.clone(), &json!(false)));
    assert_eq!(settled(&app.client, &id).await["state"], "failed");
    let failed = app.client.read("/api/library/tasks?state=failed").await;
    assert_eq!(failed["total"], 2);
    // The next one is read.
    take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
}

/// A program that never finishes and writes its process id.
fn endless(folder: &Path) -> String {
    let program = folder.join("endless.sh");
    fs::write(&program, format!("#!/bin/sh\necho $$ > {}/pid\nexec sleep 600\n", folder.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

#[tokio::test]
async fn a_cancelled_task_is_gone_within_a_second_and_a_retry_ends_well() {
    let scripts = tempfile::tempdir().unwrap();
    let app = TestApp::start_with(&[("TEST_LIBRARY_PROGRAM", &endless(scripts.path()))]).await;
    let id = document_id(&upload(&app.client, "acme.txt", REPORT.as_bytes()).await);
    let pid = scripts.path().join("pid");
    eventually(READ_MAX, "the reader runs", async || fs::read_to_string(&pid).is_ok_and(|pid| pid.ends_with('\n')))
        .await;
    let process = format!("/proc/{}", fs::read_to_string(&pid).unwrap().trim());
    assert!(Path::new(&process).exists());
    let document = app.client.read(&format!("/api/library/documents/{id}")).await;
    let task = document["task"]["id"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    let cancelled = app.client.post(&format!("/api/library/tasks/{task}/cancel"), json!({})).await;
    assert_eq!(cancelled.json::<Value>().await.unwrap()["state"], "cancelled");
    assert!(!Path::new(&process).exists(), "the reader is gone when the answer comes");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(app.client.read(&format!("/api/library/documents/{id}")).await["state"], "cancelled");
    assert!(search(&app.client, "revenues").await.is_empty());

    let app = app.restart().await;
    let again = app.client.post(&format!("/api/library/tasks/{task}/retry"), json!({})).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(settled(&app.client, &id).await["state"], "done");
    assert!(!search(&app.client, "revenues").await.is_empty());
}

#[tokio::test]
async fn a_document_that_is_deleted_while_it_is_read_is_gone() {
    let scripts = tempfile::tempdir().unwrap();
    let app = TestApp::start_with(&[("TEST_LIBRARY_PROGRAM", &endless(scripts.path()))]).await;
    let id = document_id(&upload(&app.client, "acme.txt", REPORT.as_bytes()).await);
    eventually(READ_MAX, "the reader runs", async || scripts.path().join("pid").exists()).await;
    let answer = app.client.http.delete(app.client.url(&format!("/api/library/documents/{id}"))).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(app.client.read("/api/library/tasks").await["total"], 0);
}

/// A reading process that reports two pages and dies on the third, whenever it starts there or before.
fn dies_on_third_page(folder: &Path) -> String {
    let program = folder.join("dies.sh");
    let script = r#"#!/bin/sh
echo '{"kind":"head","pages":4,"title":null}'
page=$3
while [ "$page" -le 4 ]; do
  echo "{\"kind\":\"begin\",\"page\":$page}"
  if [ "$page" -eq 3 ]; then kill -9 $$; fi
  echo "{\"kind\":\"page\",\"page\":$page,\"text\":\"words of page $page\",\"dropped\":0,\"unreadable\":0}"
  page=$((page + 1))
done
echo '{"kind":"end"}'
"#;
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

#[tokio::test]
async fn a_page_that_kills_its_reader_fails_alone_and_is_counted() {
    let scripts = tempfile::tempdir().unwrap();
    let app = TestApp::start_with(&[("TEST_LIBRARY_PROGRAM", &dies_on_third_page(scripts.path()))]).await;
    let document = take_in(&app.client, "acme.txt", b"anything").await;
    assert_eq!((&document["pages"], &document["note"]), (&json!(4), &json!("1 of 4 pages could not be read")));
    let page = app.client.read(&format!("/api/library/documents/{}/pages/3", document["id"].as_str().unwrap())).await;
    assert_eq!((&page["text"], &page["flags"]), (&json!(""), &json!(["unreadable"])));
    assert_eq!(search(&app.client, "page 4").await[0]["page"], 4);
}

/// The reading process's allocator once reserved as much address space as its limit allows, and 3 of 100 did not start.
#[tokio::test]
async fn the_reading_process_starts_every_time() {
    let app = TestApp::start().await;
    let texts: Vec<(String, String)> =
        (0..120).map(|number| (format!("{number}.txt"), format!("words of document {number}"))).collect();
    for texts in texts.chunks(20) {
        let files: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        assert_eq!(upload_all(&app.client, &files, &[]).await.status(), StatusCode::ACCEPTED);
    }
    eventually(READ_MAX, "all tasks are over", async || {
        let ended = app.client.read("/api/library/tasks?state=done").await["total"].as_u64();
        let failed = app.client.read("/api/library/tasks?state=failed").await["total"].as_u64();
        ended.zip(failed).is_some_and(|(done, failed)| done + failed == 120)
    })
    .await;
    let failed = app.client.read("/api/library/tasks?state=failed").await;
    assert_eq!(failed["total"], 0, "{failed}");
}

/// A DOCX with an extreme compression ratio.
fn bomb() -> Vec<u8> {
    use std::io::{Cursor, Write};
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("word/document.xml", zip::write::SimpleFileOptions::default()).unwrap();
    let megabyte = vec![b' '; 1 << 20];
    (0..300).for_each(|_| archive.write_all(&megabyte).unwrap());
    archive.finish().unwrap().into_inner()
}

fn deep_pdf() -> Vec<u8> {
    let mut file = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count 1 /Kids [2 0 R] >>\nendobj\n".to_owned();
    let deep = "[".repeat(100_000);
    let _ = write!(file, "3 0 obj\n{deep}\nendobj\ntrailer << /Root 1 0 R >>\n");
    file.into_bytes()
}

#[rstest]
#[case::zip_bomb("bomb.docx", bomb(), "failed")]
#[case::page_tree_that_holds_itself("loop.pdf", deep_pdf(), "failed")]
#[case::deep_html("deep.html", format!("<html>{}x", "<div><table><tr><td>".repeat(100_000)).into_bytes(), "done")]
#[case::deep_markdown("deep.md", "> ".repeat(100_000).into_bytes(), "any")]
#[case::one_endless_line("long.txt", "word ".repeat(2_000_000).into_bytes(), "done")]
#[tokio::test]
async fn a_bomb_harms_nobody(#[case] name: &str, #[case] content: Vec<u8>, #[case] state: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    take_in(&server.client, "first.txt", b"words before the bomb").await;
    let before = server.resident_kib();
    let id = document_id(&upload(&server.client, name, &content).await);
    eventually(Duration::from_secs(125), "it is over", async || {
        let document = server.client.read(&format!("/api/library/documents/{id}")).await;
        matches!(document["task"]["state"].as_str(), Some("done" | "failed"))
    })
    .await;
    let document = server.client.read(&format!("/api/library/documents/{id}")).await;
    assert!(state == "any" || document["state"] == state, "{document}");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown <= 20 << 10, "the server grew by {grown} KiB");
    take_in(&server.client, "next.txt", b"words behind the bomb").await;
}
