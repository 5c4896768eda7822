//! The shape of a write: which rows it needs, and what it decides.

use super::{
    Books,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{domain::account_id::AccountId, error::ApiError};

/// A rule that changes an account.
///
/// A change that an open page shows has an [`Effect::Event`] among its effects.
///
/// A write may be decided more than once before it is answered (a transaction that fails is tried again), always on books
/// that do not hold it yet.
pub trait Write: Send + 'static {
    type Outcome: Send;

    /// The rows that the decision needs besides the books; `()` for nearly all.
    type Found;

    /// The write opens the account that it names; every other write needs one that is open.
    const OPENS_ACCOUNT: bool = false;

    /// Looks up the rows that the decision needs.
    ///
    /// # Errors
    /// The store's, which undo the transaction.
    fn find(&self, account: AccountId, books: &Books, rows: &mut dyn Rows) -> Result<Self::Found, StoreFault>;

    /// Decides on values alone: no I/O, no clock, no randomness.
    ///
    /// # Errors
    /// Why the write is refused; then nothing changes.
    fn decide(&self, books: &Books, found: &Self::Found) -> Result<(Self::Outcome, Effects), ApiError>;
}

/// Decisions that are made one after another, each on the books that the ones before leave.
pub struct Draft {
    books: Books,
    effects: Effects,
}

impl Draft {
    /// Begins with these books, and no effects.
    pub fn of(books: &Books) -> Self {
        Self { books: books.clone(), effects: Effects::new() }
    }

    /// The books with all effects so far.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Takes in the effects of a further decision.
    pub fn extend(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            self.books.apply(&effect);
            self.effects.push(effect);
        }
    }

    /// All effects, in their order.
    pub fn into_effects(self) -> Effects {
        self.effects
    }
}
