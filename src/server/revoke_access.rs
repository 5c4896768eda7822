//! `finally --revoke-access`: signs all browsers and scripts of other machines out.

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

/// Deletes the keys of the configured database, and says in one line how many there were, or why not.
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
