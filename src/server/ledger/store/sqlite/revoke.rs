//! Deletes all access keys and tokens from a database that no server uses.

use std::path::{Path, PathBuf};

use super::file::{StoreError, connect, take_lock};

/// Reason why the keys were not revoked; all remain valid then.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    #[error("there is no database {}; set DATABASE_URL as it is for the server", path.display())]
    Missing { path: PathBuf },
    #[error("the server has to be stopped first, since it keeps the keys in memory ({0})")]
    InUse(StoreError),
    #[error(transparent)]
    Lock(StoreError),
    #[error("the database {} cannot be changed: {cause}", path.display())]
    Change { path: PathBuf, cause: rusqlite::Error },
}

/// Deletes all access keys and tokens of all accounts in a database that no server uses; returns their number.
///
/// # Errors
/// If there is no such database, a server uses it, or it cannot be changed.
pub fn revoke_all(database: &Path) -> Result<usize, RevokeError> {
    let path = || database.to_owned();
    if !database.is_file() {
        return Err(RevokeError::Missing { path: path() });
    }
    let _lock = take_lock(database).map_err(|cause| match cause {
        StoreError::InUse { .. } => RevokeError::InUse(cause),
        cause => RevokeError::Lock(cause),
    })?;
    delete_keys(database).map_err(|cause| RevokeError::Change { path: path(), cause })
}

fn delete_keys(database: &Path) -> rusqlite::Result<usize> {
    let rows = connect(database)?;
    let mut count = 0;
    for table in ["access_keys", "tokens"] {
        // A database from before a table has none of its rows.
        let has_table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
        if rows.query_row(has_table, [table], |row| row.get(0))? {
            count += rows.execute(&format!("DELETE FROM {table}"), [])?;
        }
    }
    Ok(count)
}
