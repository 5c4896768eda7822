//! API tokens: what admits a script, and with which scopes.
//!
//! A token is 256 random bits, shown once. All tokens' hashes are in memory, so that a request with one needs no query.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};
use tracing::warn;
use uuid::Uuid;

use super::{
    access::new_key,
    caller::{Caller, Scope, Scopes},
    clock::Clock,
    ledger::{
        Ledger,
        access::KeyHash,
        tokens::{KeepToken, NoteTokenUse, RevokeToken, TokenRow},
    },
};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        order::OrderSource,
        token::{NewToken, TokenInfo},
    },
    error::ApiError,
};

/// Beginning of every token, by which a person and a scanner of leaked secrets recognise it.
pub const PREFIX: &str = "fin_";

/// Longest text that is looked up; a token has 68 characters.
const LENGTH_MAX: usize = 128;

/// Longest name of a token, in characters.
const NAME_LENGTH_MAX: usize = 80;

/// The use of a token is written at most so often.
const NOTE_EVERY_MS: i64 = 60_000;

/// The tokens. Clones share them.
#[derive(Clone)]
pub struct Tokens(Option<Arc<Shared>>);

struct Shared {
    kept: RwLock<HashMap<KeyHash, Kept>>,
    ledger: Ledger,
    clock: Clock,
}

/// What a request with the token needs.
struct Kept {
    account: AccountId,
    id: String,
    scopes: Scopes,
    expires_at: Option<UtcInstant>,
    noted_at: Option<UtcInstant>,
}

impl Tokens {
    /// Loads the kept tokens of all accounts.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn open(ledger: Ledger, clock: Clock) -> Result<Self, ApiError> {
        let mut kept = HashMap::new();
        for account in ledger.accounts() {
            for token in ledger.tokens(account).await? {
                kept.insert(token.hash, Kept::of(account, &token));
            }
        }
        Ok(Self(Some(Arc::new(Shared { kept: RwLock::new(kept), ledger, clock }))))
    }

    /// No tokens, and nowhere to keep any: for a router without a ledger.
    pub fn none() -> Self {
        Self(None)
    }

    fn shared(&self) -> Result<&Shared, ApiError> {
        self.0.as_deref().ok_or(ApiError::Internal)
    }

    /// The caller that a token stands for; `None` if it is unknown, was revoked or has expired.
    pub async fn admit(&self, token: &str) -> Option<Caller> {
        let shared = self.0.as_deref()?;
        let (now, hash) = ((shared.clock)(), hash_of(token)?);
        let (caller, note) = {
            let mut kept = shared.kept.write().unwrap_or_else(PoisonError::into_inner);
            let kept = kept.get_mut(&hash).filter(|kept| kept.expires_at.is_none_or(|end| now < end))?;
            let is_due = kept.noted_at.is_none_or(|noted| (now.unix_ms() - noted.unix_ms()).abs() >= NOTE_EVERY_MS);
            let note = is_due.then(|| kept.id.clone());
            kept.noted_at = if is_due { Some(now) } else { kept.noted_at };
            (Caller { account: kept.account, scopes: kept.scopes, source: OrderSource::Manual }, note)
        };
        if let Some(id) = note
            && let Err(cause) = shared.ledger.submit(caller.account, NoteTokenUse { id, at: now }).await
        {
            // The request is not about that.
            warn!(token.cause = %cause, "the use of a token was not noted");
        }
        Some(caller)
    }

    /// Makes a token of the caller's account, and returns it with its secret.
    ///
    /// # Errors
    /// If the name, a scope or the end is none, the caller lacks a scope, there are too many tokens, or the ledger is busy.
    pub async fn make(
        &self,
        caller: Caller,
        name: &str,
        scopes: &[String],
        expires_at: Option<UtcInstant>,
    ) -> Result<NewToken, ApiError> {
        let (shared, account) = (self.shared()?, caller.account);
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_LENGTH_MAX || name.chars().any(char::is_control) {
            return Err(wrong_name());
        }
        let scopes: Result<Scopes, _> = scopes.iter().map(|scope| scope.parse()).collect();
        let scopes = scopes.ok().filter(|scopes| !scopes.are_none()).ok_or_else(wrong_scopes)?;
        if let Some(lacking) = Scope::ALL.into_iter().find(|it| scopes.include(*it) && !caller.scopes.include(*it)) {
            return Err(ApiError::NotAllowed { scope: lacking.as_str().to_owned() });
        }
        if expires_at.is_some_and(|end| end <= (shared.clock)()) {
            return Err(wrong_end());
        }
        let secret = format!("{PREFIX}{}", new_key());
        // Invariant: a token that is made here is not too long.
        let hash = hash_of(&secret).ok_or(ApiError::Internal)?;
        let (id, created_at) = (Uuid::now_v7().to_string(), (shared.clock)());
        let row = TokenRow { id, hash, name, scopes, created_at, expires_at, last_used_at: None };
        let row = shared.ledger.submit(account, KeepToken(row)).await?;
        shared.kept.write().unwrap_or_else(PoisonError::into_inner).insert(hash, Kept::of(account, &row));
        Ok(NewToken { about: shown(row), token: secret })
    }

    /// Revokes a token, which admits nobody from then on.
    ///
    /// # Errors
    /// If the account has no such token, or the ledger is busy.
    pub async fn revoke(&self, account: AccountId, id: String) -> Result<(), ApiError> {
        let shared = self.shared()?;
        let hash = shared.ledger.submit(account, RevokeToken { id }).await?;
        shared.kept.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        Ok(())
    }

    /// The account's tokens, oldest first.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn list(&self, account: AccountId) -> Result<Vec<TokenInfo>, ApiError> {
        Ok(self.shared()?.ledger.tokens(account).await?.into_iter().map(shown).collect())
    }
}

impl Kept {
    fn of(account: AccountId, token: &TokenRow) -> Self {
        Self {
            account,
            id: token.id.clone(),
            scopes: token.scopes,
            expires_at: token.expires_at,
            noted_at: token.last_used_at,
        }
    }
}

fn shown(row: TokenRow) -> TokenInfo {
    let TokenRow { id, name, scopes, created_at, expires_at, last_used_at, .. } = row;
    let scopes = Scope::ALL.into_iter().filter(|scope| scopes.include(*scope));
    let scopes = scopes.map(|scope| scope.as_str().to_owned()).collect();
    TokenInfo { id, name, scopes, created_at, expires_at, last_used_at }
}

pub fn wrong_name() -> ApiError {
    invalid("name", "it has to be a text of 1 to 80 characters")
}

pub fn wrong_scopes() -> ApiError {
    invalid("scopes", "it has to list some of \"read\", \"propose\", \"trade\" and \"admin\"")
}

pub fn wrong_end() -> ApiError {
    invalid("expires_at", "it has to be an instant in the future, such as 2027-01-31T12:00:00Z")
}

fn invalid(parameter: &str, reason: &str) -> ApiError {
    ApiError::InvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() }
}

/// Hash of a text that has the form of a token.
fn hash_of(token: &str) -> Option<KeyHash> {
    (token.starts_with(PREFIX) && token.len() <= LENGTH_MAX).then(|| Sha256::digest(token).into())
}
