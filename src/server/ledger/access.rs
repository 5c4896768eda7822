//! Access keys of browsers and scripts on other machines: their hashes, which survive restarts.

use std::str::FromStr;

use super::{
    Books, Ledger, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{account_id::AccountId, instant::UtcInstant},
    error::ApiError,
};

pub use super::store::sqlite::revoke::{RevokeError, revoke_all};

/// Most keys of a kind; another one replaces the oldest.
pub const ACCESS_KEYS_MAX: usize = 256;

/// A key's SHA-256.
pub type KeyHash = [u8; 32];

/// The purpose of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Browser,
    Script,
}

impl KeyKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Script => "script",
        }
    }
}

/// The text is not a kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is for a \"browser\" or a \"script\"")]
pub struct InvalidKeyKind;

impl FromStr for KeyKind {
    type Err = InvalidKeyKind;

    fn from_str(text: &str) -> Result<Self, InvalidKeyKind> {
        [Self::Browser, Self::Script].into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidKeyKind)
    }
}

/// Stores a key, which admits its owner from then on. An existing key is unchanged.
pub struct KeepAccessKey {
    pub hash: KeyHash,
    pub kind: KeyKind,
    pub at: UtcInstant,
}

impl Write for KeepAccessKey {
    /// All stored keys afterwards.
    type Outcome = Vec<KeyHash>;

    /// Keys stored before, oldest first.
    type Found = Vec<(KeyHash, KeyKind)>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Vec<(KeyHash, KeyKind)>, StoreFault> {
        rows.access_keys(account)
    }

    fn decide(&self, _: &Books, kept: &Vec<(KeyHash, KeyKind)>) -> Result<(Vec<KeyHash>, Effects), ApiError> {
        let Self { hash, kind, at } = *self;
        let mut keys = kept.clone();
        let mut effects = Effects::new();
        if keys.iter().all(|(kept, _)| *kept != hash) {
            effects.push(Effect::AccessKeyKept { hash, kind, at });
            keys.push((hash, kind));
        }
        while keys.iter().filter(|(_, other)| *other == kind).count() > ACCESS_KEYS_MAX
            && let Some(oldest) = keys.iter().position(|(_, other)| *other == kind)
        {
            effects.push(Effect::AccessKeyDropped { hash: keys.remove(oldest).0 });
        }
        Ok((keys.into_iter().map(|(hash, _)| hash).collect(), effects))
    }
}

impl Ledger {
    /// The stored keys.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn access_keys(&self, account: AccountId) -> Result<Vec<KeyHash>, ApiError> {
        let keys = self.read(move |rows| rows.access_keys(account)).await?;
        Ok(keys.into_iter().map(|(hash, _)| hash).collect())
    }
}
