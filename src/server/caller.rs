//! The caller of a request: its account, its scopes, and the source of its trades. An extractor makes it at the door; handlers and
//! server functions hand it on to the use cases.

use std::{fmt, str::FromStr};

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

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Propose, Self::Trade, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Propose => "propose",
            Self::Trade => "trade",
            Self::Admin => "admin",
        }
    }
}

/// The text is not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is \"read\", \"propose\", \"trade\" or \"admin\"")]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(InvalidScope)
    }
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

    pub fn are_none(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }
}

/// `read trade`
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = Scope::ALL.into_iter().filter(|scope| self.include(*scope)).map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        text.split_whitespace().map(Scope::from_str).collect()
    }
}

impl Caller {
    /// The person at this machine, or with a key of it: all scopes.
    pub const ONLY: Self = Self { account: AccountId::DEFAULT, scopes: Scopes::ALL, source: OrderSource::Manual };

    /// Caller of a request with this head; `None` of one that nobody admitted.
    pub fn of(parts: &Parts) -> Option<Self> {
        parts.extensions.get().copied()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(parts).ok_or(ApiError::SignInNeeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::SCOPES;

    #[test]
    fn scopes_include_those_they_are_made_of() {
        let scopes = Scopes::of(&[Scope::Read, Scope::Trade]);
        let included = [Scope::Read, Scope::Propose, Scope::Trade, Scope::Admin].map(|scope| scopes.include(scope));
        assert_eq!(included, [true, false, true, false]);
        assert!(Scopes::ALL.include(Scope::Admin));
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scopes in [Scopes::ALL, Scopes::of(&[Scope::Trade]), Scopes::of(&[])] {
            assert_eq!(scopes.to_string().parse(), Ok(scopes));
        }
        assert_eq!(Scopes::of(&[Scope::Trade, Scope::Read]).to_string(), "read trade");
        assert_eq!("read write".parse::<Scopes>(), Err(InvalidScope));
        assert_eq!(Scope::ALL.map(Scope::as_str), SCOPES);
    }

    #[test]
    fn a_request_that_nobody_admitted_has_no_caller() {
        let (mut parts, ()) = axum::http::Request::new(()).into_parts();
        assert_eq!(Caller::of(&parts), None);
        parts.extensions.insert(Caller::ONLY);
        assert_eq!(Caller::of(&parts), Some(Caller::ONLY));
    }
}
