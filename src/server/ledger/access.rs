//! The keys that let browsers and scripts of other machines in: their hashes, kept over restarts.

use rusqlite::{Connection, params};

use super::{Books, Ledger, Write, store::ACCOUNT_ID};
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

fn read_keys(rows: &Connection) -> rusqlite::Result<Vec<KeyHash>> {
    rows.prepare_cached("SELECT hash FROM access_keys WHERE account_id = ?1")?
        .query_map([ACCOUNT_ID], |row| row.get(0))?
        .collect()
}
