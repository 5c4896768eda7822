//! The interface of a write: the rows it needs, and its decision.

use super::{
    Books,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{account_id::AccountId, instant::UtcInstant},
    error::ApiError,
    server::market::feed::Tick,
};

/// A rule that changes an account.
///
/// A change that open pages show has an [`Effect::Event`] among its effects.
///
/// A write may be decided more than once before it is acknowledged (a failed transaction is retried), always on books
/// that do not include it yet.
pub trait Write: Send + 'static {
    type Outcome: Send;

    /// Rows that the decision needs besides the books; mostly `()`.
    type Found;

    /// Whether the write opens the account; every other write needs an open one.
    const OPENS_ACCOUNT: bool = false;

    /// For a write that changes cash or positions: the prices of its moment. The account's day is recorded with them after a
    /// change; without them it is at the next tick of the recorder.
    fn valued_at(&self) -> Option<(&Tick, UtcInstant)> {
        None
    }

    /// Looks up the rows that the decision needs.
    ///
    /// # Errors
    /// The store's, which roll back the transaction.
    fn find(&self, account: AccountId, books: &Books, rows: &mut dyn Rows) -> Result<Self::Found, StoreFault>;

    /// Decides on values only: no I/O, no clock, no randomness.
    ///
    /// # Errors
    /// The reason for refusing the write; then nothing changes.
    fn decide(&self, books: &Books, found: &Self::Found) -> Result<(Self::Outcome, Effects), ApiError>;
}

/// A sequence of decisions, each on the books that the previous ones leave.
pub struct Draft {
    books: Books,
    effects: Effects,
}

impl Draft {
    /// Starts with these books, and no effects.
    pub fn of(books: &Books) -> Self {
        Self { books: books.clone(), effects: Effects::new() }
    }

    /// The books with all effects so far.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Applies the effects of another decision.
    pub fn extend(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            self.books.apply(&effect);
            self.effects.push(effect);
        }
    }

    /// All effects, in order.
    pub fn into_effects(self) -> Effects {
        self.effects
    }
}
