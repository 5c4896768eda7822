//! The caller of a request: its account, its scopes, and the source of its trades. An extractor makes it at the door; handlers and
//! server functions hand it on to the use cases.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    domain::{account_id::AccountId, order::OrderSource},
    error::ApiError,
};

/// The caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The account that the request reads and writes.
    pub account: AccountId,
    pub scopes: Scopes,
    /// The source that the caller's trades are recorded with.
    pub source: OrderSource,
}

/// A kind of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Reads everything of the account.
    Read,
    /// Proposes changes, which wait for a person.
    Propose,
    /// Changes the account.
    Trade,
    /// Changes access and the server's settings.
    Admin,
}

/// The set of scopes that a caller has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub const ALL: Self = Self::of(&[Scope::Read, Scope::Propose, Scope::Trade, Scope::Admin]);

    pub const fn of(scopes: &[Scope]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < scopes.len() {
            bits |= 1 << scopes[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    pub fn include(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

impl Caller {
    /// The only caller while there are no accounts: any admitted request has all scopes.
    pub const ONLY: Self = Self { account: AccountId::DEFAULT, scopes: Scopes::ALL, source: OrderSource::Manual };

    /// Caller of an admitted request with this head.
    pub fn of(_: &Parts) -> Self {
        Self::ONLY
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_include_those_they_are_made_of() {
        let scopes = Scopes::of(&[Scope::Read, Scope::Trade]);
        let included = [Scope::Read, Scope::Propose, Scope::Trade, Scope::Admin].map(|scope| scopes.include(scope));
        assert_eq!(included, [true, false, true, false]);
        assert!(Scopes::ALL.include(Scope::Admin));
    }
}
