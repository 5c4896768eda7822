//! The keys that let browsers and scripts of other machines in: their hashes, kept over restarts.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::{
    Books, Ledger, StoreError, Write,
    store::{ACCOUNT_ID, connect, take_lock},
};
use crate::{domain::instant::UtcInstant, error::ApiError};

/// The keys of a kind that are kept; one more takes the place of the oldest.
pub const ACCESS_KEYS_MAX: usize = 256;

/// A key's SHA-256.
pub type KeyHash = [u8; 32];

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Browser,
    Script,
}

impl KeyKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Script => "script",
        }
    }
}

/// Keeps a key, which lets its owner in from then on. One that is kept already stays as it is.
pub struct KeepAccessKey {
    pub hash: KeyHash,
    pub kind: KeyKind,
    pub at: UtcInstant,
}

impl Write for KeepAccessKey {
    /// All keys that are kept now.
    type Outcome = Vec<KeyHash>;

    fn apply(&self, _: &mut Books, rows: &Connection) -> rusqlite::Result<Result<Vec<KeyHash>, ApiError>> {
        rows.prepare_cached(
            "INSERT INTO access_keys (hash, account_id, kind, created_at_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (hash) DO NOTHING",
        )?
        .execute(params![self.hash, ACCOUNT_ID, self.kind.as_str(), self.at])?;
        rows.prepare_cached(
            "DELETE FROM access_keys WHERE account_id = ?1 AND kind = ?2 AND sequence NOT IN
                 (SELECT sequence FROM access_keys WHERE account_id = ?1 AND kind = ?2 ORDER BY sequence DESC LIMIT ?3)",
        )?
        .execute(params![ACCOUNT_ID, self.kind.as_str(), i64::try_from(ACCESS_KEYS_MAX).unwrap_or(i64::MAX)])?;
        read_keys(rows).map(Ok)
    }
}

impl Ledger {
    /// The keys that are kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn access_keys(&self) -> Result<Vec<KeyHash>, ApiError> {
        self.readers.read(|rows| read_keys(rows)).await
    }
}

/// Why the keys were not revoked; all of them still hold then.
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

/// Deletes all keys of a database that no server uses; gives how many there were.
///
/// # Errors
/// When there is no such database, a server uses it, or it cannot be changed.
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
    // A database of before this table has no keys.
    let has_keys = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'access_keys')";
    if !rows.query_row(has_keys, [], |row| row.get(0))? {
        return Ok(0);
    }
    rows.execute("DELETE FROM access_keys", [])
}

fn read_keys(rows: &Connection) -> rusqlite::Result<Vec<KeyHash>> {
    rows.prepare_cached("SELECT hash FROM access_keys WHERE account_id = ?1")?
        .query_map([ACCOUNT_ID], |row| row.get(0))?
        .collect()
}
