//! Backups of a running server's database, and unsuitable places for a database.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Output,
};

use futures::future::join;
use reqwest::StatusCode;

use crate::app::{TestProcess, assert_identity};

async fn back_up(folder: &Path, target: &str) -> Output {
    TestProcess::command(folder).args(["--backup", target]).output().await.unwrap()
}

/// The output of a refusal, which must be one line.
fn refusal(output: Output) -> String {
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[tokio::test]
async fn a_running_server_s_database_is_copied_whole_and_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    for _ in 0..20 {
        assert_eq!(server.client.trade("buy", 0.5, "V").await.0, StatusCode::OK);
    }
    let trading = async {
        for _ in 0..40 {
            assert_eq!(server.client.trade("buy", 0.01, "AAPL").await.0, StatusCode::OK);
        }
    };
    let (output, ()) = join(back_up(folder.path(), "copy.db"), trading).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains("copy.db"));
    let copy = folder.path().join("copy.db");
    assert_eq!(copy.metadata().unwrap().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the copy and the database's folder: {left:?}");

    let before = std::fs::read(&copy).unwrap();
    assert!(refusal(back_up(folder.path(), "copy.db").await).contains("is there already"));
    assert_eq!(std::fs::read(&copy).unwrap(), before, "a backup replaces nothing");

    let restored = TestProcess::start_with(folder.path(), &[("DATABASE_URL", "sqlite://copy.db")]).await;
    let portfolio = restored.client.portfolio().await;
    assert_identity(&portfolio);
    let trades = restored.client.read("/api/portfolio/trades?limit=500").await["trades"].as_array().unwrap().len();
    assert!((20..=60).contains(&trades), "{trades}");
    let held = portfolio["positions"].as_array().unwrap();
    assert!(held.iter().any(|position| position["ticker"] == "V" && position["quantity"] == 10.0));
}

#[tokio::test]
async fn a_killed_server_s_database_is_copied_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    let (_, receipt) = server.client.trade("buy", 1.0, "V").await;
    server.kill().await;
    assert!(back_up(folder.path(), "copy.db").await.status.success());
    let restored = TestProcess::start_with(folder.path(), &[("DATABASE_URL", "sqlite://copy.db")]).await;
    assert_eq!(restored.client.portfolio().await["cash_balance"], receipt["cash_balance"]);
}

#[tokio::test]
async fn what_cannot_be_copied_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(back_up(folder.path(), "copy.db").await).contains("there is no database"));
    let server = TestProcess::start(folder.path()).await;
    server.client.trade("buy", 1.0, "V").await;
    assert!(refusal(back_up(folder.path(), "no/such/folder/copy.db").await).contains("can be written"));
    assert!(refusal(back_up(folder.path(), "db").await).contains("is there already"), "a folder is no file");
    assert!(server.terminate().await.success());

    let database = folder.path().join("db/finally.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    std::fs::write(&database, bytes).unwrap();
    refusal(back_up(folder.path(), "copy.db").await);
    std::fs::write(&database, "remember the milk\n".repeat(100)).unwrap();
    refusal(back_up(folder.path(), "copy.db").await);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["db"], "no half of a copy");
}

#[tokio::test]
async fn a_folder_that_belongs_to_another_says_whom_to_give_it_to() {
    let folder = tempfile::tempdir().unwrap();
    let set_mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let (home, data) = (folder.path(), folder.path().join("data"));
    std::fs::create_dir(&data).unwrap();
    let mut command = TestProcess::command(home);
    // As another user if possible, else without write permission.
    if home.metadata().unwrap().uid() == 0 {
        let program = home.join("finally");
        std::fs::copy(env!("CARGO_BIN_EXE_finally"), &program).unwrap();
        command = TestProcess::command_of(&program, home);
        command.uid(65_534);
        set_mode(home, 0o755);
    } else {
        set_mode(&data, 0o555);
    }
    let database = format!("sqlite://{}", data.join("finally.db").display());
    let said = refusal(command.env("DATABASE_URL", &database).output().await.unwrap());
    set_mode(&data, 0o755);
    assert!(said.contains(&data.display().to_string()) && said.contains("chown -R"), "{said}");
}
