//! `finally --revoke-access`: signs out all browsers and scripts on other machines.

use std::process::ExitCode;

use super::{
    config::{Config, variables::ConfigError},
    ledger::{
        StoreError,
        access::{RevokeError, revoke_all},
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
    Revoke(#[from] RevokeError),
}

/// Deletes the keys in the configured database, and prints their number, or the error, in one line.
pub fn run() -> ExitCode {
    match revoke() {
        Ok(count) => {
            println!("{count} sign-ins and tokens are revoked. The next start prints a new link.");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("Nothing is revoked: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn revoke() -> Result<usize, Failure> {
    let config = Config::from_env()?;
    Ok(revoke_all(&file_of(&config.database_url)?)?)
}
