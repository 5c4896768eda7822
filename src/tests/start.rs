//! Starting, and refusing to.

use reqwest::StatusCode;
use rstest::rstest;

use crate::app::{TestApp, TestProcess};

#[tokio::test]
async fn health_says_what_works() {
    let app = TestApp::start().await;
    let health = app.client.read("/api/health").await;
    assert_eq!(
        (&health["status"], &health["database"], &health["copilot"]),
        (&"ok".into(), &"ok".into(), &"mock".into())
    );
    assert_eq!((&health["market"]["source"], &health["market"]["tickers"]), (&"simulator".into(), &10.into()));
    assert!(health["market"]["last_tick_age_ms"].as_u64().unwrap() < 10_000);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
}

/// Runs the program, which has to refuse, and gives what it said.
async fn refusal(folder: &std::path::Path, variable: &str, value: &str) -> String {
    let output = TestProcess::command(folder).env(variable, value).output().await.unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[rstest]
#[case::port("PORT", "http")]
#[case::tick("SIM_TICK_MS", "-1")]
#[case::database("DATABASE_URL", "mysql://root:canary@host")]
#[tokio::test]
async fn a_bad_setting_stops_the_start_with_one_clear_line(#[case] variable: &str, #[case] value: &str) {
    let folder = tempfile::tempdir().unwrap();
    let said = refusal(folder.path(), variable, value).await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(variable) && said.contains("an example is"), "{said}");
    assert!(!said.contains("canary"), "an address may hold a password");
}

#[tokio::test]
async fn a_second_process_on_the_same_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = TestProcess::start(folder.path()).await;
    let said = refusal(folder.path(), "PORT", "0").await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("is in use by another FinAlly"), "{said}");
    assert_eq!(first.client.trade("buy", 1.0, "V").await.0, StatusCode::OK, "the first one goes on");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = TestProcess::start(one.path()).await;
    let said = refusal(other.path(), "PORT", &first.client.address.port().to_string()).await;
    assert!(said.contains(&first.client.address.to_string()), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "remember the milk\n".repeat(100);
    std::fs::write(&path, &notes).unwrap();
    let said = refusal(folder.path(), "DATABASE_URL", &format!("sqlite://{}", path.display())).await;
    assert!(said.contains("notes.txt"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn the_database_is_made_with_its_folder() {
    let app = TestApp::start().await;
    assert!(app.database().is_file());
}

#[tokio::test]
async fn the_health_check_of_a_container_tells_well_from_away() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    let port = server.client.address.port().to_string();
    let probe = || TestProcess::command(folder.path()).arg("--health").env("PORT", &port).output();
    assert!(probe().await.unwrap().status.success());
    server.kill().await;
    let output = probe().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("could not be asked"));
}
