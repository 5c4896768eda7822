//! Tokens of scripts and other programs: made, listed and revoked by a person, each with its scopes and its end.

use super::{
    Books, Ledger, Write,
    access::KeyHash,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{account_id::AccountId, instant::UtcInstant},
    error::ApiError,
    server::caller::Scopes,
};

/// Most tokens of an account.
pub const TOKENS_MAX: usize = 64;

/// A token as it is kept: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: String,
    pub hash: KeyHash,
    pub name: String,
    pub scopes: Scopes,
    pub created_at: UtcInstant,
    /// First moment at which it is no longer valid.
    pub expires_at: Option<UtcInstant>,
    /// To about a minute.
    pub last_used_at: Option<UtcInstant>,
}

/// Keeps a new token.
pub struct KeepToken(pub TokenRow);

impl Write for KeepToken {
    type Outcome = TokenRow;

    /// Number of the tokens kept before.
    type Found = usize;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<usize, StoreFault> {
        Ok(rows.tokens(account)?.len())
    }

    fn decide(&self, _: &Books, count: &usize) -> Result<(TokenRow, Effects), ApiError> {
        if *count >= TOKENS_MAX {
            return Err(ApiError::TooManyTokens);
        }
        Ok((self.0.clone(), vec![Effect::TokenKept(Box::new(self.0.clone()))]))
    }
}

/// Revokes a token.
pub struct RevokeToken {
    pub id: String,
}

impl Write for RevokeToken {
    /// Hash of the token.
    type Outcome = KeyHash;

    /// Hash of the token, if the account has it.
    type Found = Option<KeyHash>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Option<KeyHash>, StoreFault> {
        Ok(rows.tokens(account)?.into_iter().find(|token| token.id == self.id).map(|token| token.hash))
    }

    fn decide(&self, _: &Books, found: &Option<KeyHash>) -> Result<(KeyHash, Effects), ApiError> {
        let hash = found.ok_or(ApiError::NotFound)?;
        Ok((hash, vec![Effect::TokenRevoked(self.id.clone())]))
    }
}

/// Records that a token was used. One that is gone stays so.
pub struct NoteTokenUse {
    pub id: String,
    pub at: UtcInstant,
}

impl Write for NoteTokenUse {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        Ok(((), vec![Effect::TokenUsed { id: self.id.clone(), at: self.at }]))
    }
}

impl Ledger {
    /// The account's tokens, oldest first.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn tokens(&self, account: AccountId) -> Result<Vec<TokenRow>, ApiError> {
        self.read(move |rows| rows.tokens(account)).await
    }
}
