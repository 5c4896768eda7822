//! `finally --backup FILE`: copies the database while the server runs.

use std::{path::Path, process::ExitCode};

use super::{
    config::{Config, variables::ConfigError},
    ledger::{
        StoreError,
        backup::{BackupError, back_up},
        file_of,
    },
};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Copies the configured database to `target`, and prints the outcome in one line.
pub fn run(target: &str) -> ExitCode {
    match copy(Path::new(target)) {
        Ok(bytes) => {
            println!("The database is copied to {target} ({bytes} bytes), and the copy is sound.");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("There is no backup: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn copy(target: &Path) -> Result<u64, Failure> {
    let config = Config::from_env()?;
    Ok(back_up(&file_of(&config.database_url)?, target)?)
}
