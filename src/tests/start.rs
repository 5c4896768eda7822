//! Starts, and refused starts.

use reqwest::StatusCode;
use rstest::rstest;
use sqlx::Connection;

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

/// Runs the program, which must refuse, and returns its message.
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

/// A database with a trade in it, closed by a kill.
async fn database_of_a_killed_server(folder: &std::path::Path) -> std::path::PathBuf {
    let server = TestProcess::start(folder).await;
    server.client.trade("buy", 1.0, "V").await;
    server.kill().await;
    folder.join("db/finally.db")
}

async fn change(database: &std::path::Path, statement: &'static str) {
    use sqlx::ConnectOptions;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = database_of_a_killed_server(folder.path()).await;
    change(&database, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let mut bytes = std::fs::read(&database).unwrap();
    let half = bytes.len() / 2;
    bytes[4_096..half].fill(0x5a);
    std::fs::write(&database, &bytes).unwrap();
    let said = refusal(folder.path(), "PORT", "0").await;
    assert!(said.contains("finally.db") && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read(&database).unwrap(), bytes);
}

#[tokio::test]
async fn books_that_do_not_add_up_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = database_of_a_killed_server(folder.path()).await;
    change(&database, "UPDATE accounts SET cash_cents = cash_cents + 1").await;
    let said = refusal(folder.path(), "PORT", "0").await;
    assert!(said.contains("do not add up"), "{said}");
}

#[tokio::test]
async fn another_programs_database_is_refused_and_a_later_version_s_too() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("db/finally.db");
    std::fs::create_dir_all(other.parent().unwrap()).unwrap();
    change(&other, "CREATE TABLE notes (text TEXT)").await;
    let said = refusal(folder.path(), "PORT", "0").await;
    assert!(said.contains("belongs to another program"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let database = database_of_a_killed_server(folder.path()).await;
    change(&database, "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await;
    let said = refusal(folder.path(), "PORT", "0").await;
    assert!(said.contains("another version"), "{said}");
}

#[tokio::test]
async fn a_database_from_the_first_version_opens_with_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db/finally.db");
    std::fs::create_dir_all(database.parent().unwrap()).unwrap();
    for statement in [
        include_str!("../server/ledger/migrations/0001_books.sql"),
        "INSERT INTO accounts VALUES ('default', 1000000, 981000, 0, 1795348800000)",
        "INSERT INTO positions VALUES ('default', 'AAPL', 1000000, 19000)",
        "INSERT INTO watchlist VALUES ('default', 'KO', 0, 1795348800000)",
    ] {
        change(&database, statement).await;
    }
    let url = format!("sqlite://{}", database.display());
    // The first version's own record of its one migration.
    let first = sqlx::migrate!("src/server/ledger/migrations").iter().next().unwrap().clone();
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
         execution_time BIGINT NOT NULL)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (?1, ?2, CURRENT_TIMESTAMP, TRUE, ?3, 1)")
        .bind(first.version)
        .bind(first.description.to_string())
        .bind(first.checksum.to_vec())
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let server = TestProcess::start(folder.path()).await;
    let portfolio = server.client.portfolio().await;
    assert_eq!((&portfolio["cash_balance"], &portfolio["positions"][0]["avg_cost"]), (&9810.0.into(), &190.0.into()));
    assert_eq!(server.client.read("/api/watchlist").await["tickers"][0]["ticker"], "KO");
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

#[tokio::test]
async fn a_transaction_that_a_power_cut_left_in_a_rollback_journal_is_undone() {
    let app = TestApp::start().await;
    let (_, receipt) = app.client.trade("buy", 1.0, "V").await;
    let database = app.database();
    let kept = app.stop_and_keep().await;
    // Without a write-ahead log, like a database before its first table is created.
    let mut writer = sqlx::SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    for statement in ["PRAGMA journal_mode = DELETE", "PRAGMA cache_size = 10", "BEGIN IMMEDIATE"] {
        sqlx::query(statement).execute(&mut writer).await.unwrap();
    }
    let spill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO snapshots SELECT 'default', i, i FROM n";
    sqlx::query(spill).execute(&mut writer).await.unwrap();
    let cut = tempfile::tempdir().unwrap();
    for name in ["finally.db", "finally.db-journal"] {
        std::fs::copy(database.with_file_name(name), cut.path().join(name)).unwrap();
    }
    drop((writer, kept));

    let url = format!("sqlite://{}", cut.path().join("finally.db").display());
    let app = TestApp::start_with(&[("DATABASE_URL", &url)]).await;
    assert_eq!(app.client.portfolio().await["cash_balance"], receipt["cash_balance"]);
    let history = app.client.read("/api/portfolio/history?range=all").await;
    assert!(history["snapshots"].as_array().unwrap().len() < 10, "what was not committed is gone");
}
