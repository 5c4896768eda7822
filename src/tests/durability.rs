//! Durability: acknowledged writes survive any end of the process.

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, TestProcess};

#[tokio::test]
async fn a_restart_finds_everything_as_it_was() {
    let app = TestApp::start().await;
    let (_, receipt) = app.client.trade("buy", 2.5, "NVDA").await;
    let app = app.restart().await;
    let portfolio = app.client.portfolio().await;
    assert_eq!(portfolio["cash_balance"], receipt["cash_balance"]);
    for field in ["quantity", "avg_cost"] {
        assert_eq!(portfolio["positions"][0][field], receipt["position"][field]);
    }
}

#[tokio::test]
async fn a_stop_leaves_everything_in_the_database_file() {
    let app = TestApp::start().await;
    let (_, receipt) = app.client.trade("buy", 2.0, "V").await;
    let (database, folder) = (app.database(), tempfile::tempdir().unwrap());
    let copy = folder.path().join("copy.db");
    let log = database.with_extension("db-wal");
    let kept = app.stop_and_keep().await;
    assert!(std::fs::metadata(log).map_or(true, |log| log.len() == 0), "the write-ahead log is empty or gone");
    std::fs::copy(&database, &copy).unwrap();
    drop(kept);
    let url = format!("sqlite://{}", copy.display());
    let app = TestApp::start_with(&[("DATABASE_URL", &url)]).await;
    assert_eq!(app.client.portfolio().await["cash_balance"], receipt["cash_balance"]);
}

#[tokio::test]
async fn a_trade_survives_a_kill_right_after_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    let (status, receipt) = server.client.trade("buy", 1.0, "AAPL").await;
    server.kill().await;
    assert_eq!(status, StatusCode::OK);
    let server = TestProcess::start(folder.path()).await;
    assert_eq!(server.client.portfolio().await["cash_balance"], receipt["cash_balance"]);
}

/// A small file system that is soon full; needs root, which tests in a container have.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let is_mounted = Self::run("mount", &["-t", "tmpfs", "-o", "size=1300k", "tmpfs", path.to_str().unwrap()]);
        is_mounted.then(|| Self(path.to_owned()))
    }

    fn grow(&self) {
        assert!(Self::run("mount", &["-o", "remount,size=16m", self.0.to_str().unwrap()]));
    }

    fn run(program: &str, arguments: &[&str]) -> bool {
        std::process::Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Self::run("umount", &["--lazy", self.0.to_str().unwrap()]);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_clearly_loses_nothing_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("db")) else {
        eprintln!("this user may not mount a small file system; the full disk is not tested");
        return;
    };
    let server = TestProcess::start(folder.path()).await;
    let mut last = Value::Null;
    let refused = loop {
        let (status, answer) = server.client.trade("buy", 0.001, "V").await;
        if status != StatusCode::OK {
            break (status, answer);
        }
        last = answer;
    };
    assert_eq!((refused.0, &refused.1["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
    assert_eq!(server.client.portfolio().await["cash_balance"], last["cash_balance"]);

    disk.grow();
    let (status, answer) = server.client.trade("buy", 0.001, "V").await;
    assert_eq!(status, StatusCode::OK, "it goes on as soon as there is room");
    server.kill().await;
    let server = TestProcess::start(folder.path()).await;
    assert_eq!(server.client.portfolio().await["cash_balance"], answer["cash_balance"]);
}
