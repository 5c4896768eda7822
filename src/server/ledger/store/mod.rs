//! Stores for books and their history: the traits of a store, and its two implementations.
//!
//! A [`Store`] writes decisions and makes none. Rows are queried by key through [`Rows`], by a decision inside a
//! transaction and by readers alike.

#[cfg(test)]
mod conformance;
pub mod memory;
mod rows;
pub mod sqlite;

use std::{error::Error, io, time::Duration};

use tracing::error;

pub use rows::{ActionRows, AlertRows, ChatRows, CurveRows, DayRows, KeptRows, OrderRows, TradeRows};

use super::{Books, effect::Effects};
use crate::{domain::account_id::AccountId, error::ApiError, server::market::hours::Hours};

/// All queries of a store.
pub trait Rows: TradeRows + OrderRows + AlertRows + CurveRows + DayRows + ChatRows + ActionRows + KeptRows {}

impl<T: TradeRows + OrderRows + AlertRows + CurveRows + DayRows + ChatRows + ActionRows + KeptRows> Rows for T {}

/// An open transaction: its rows include everything written in it.
pub trait Transaction: Rows {
    /// Writes a decision's effects; its first [event](super::effect::Effect::Event) gets the number after
    /// `version_before`.
    ///
    /// # Errors
    /// The store's, which roll back the transaction.
    fn write(&mut self, account: AccountId, effects: Effects, version_before: i64) -> Result<(), StoreFault>;
}

/// The work of a transaction.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreFault> + 'a;

/// The books of all accounts.
pub type AllBooks = Vec<(AccountId, Books)>;

/// A store of books and their history.
pub trait Store: Send {
    /// Runs `work` in one transaction and commits it; returns the duration of the commit.
    ///
    /// # Errors
    /// Those of the work or of the commit; nothing has changed then, except that a failed commit may turn out to have
    /// taken effect, which [`recover`](Self::recover) settles.
    fn transact(&mut self, work: &mut Work<'_>) -> Result<Duration, StoreFault>;

    /// The books of all accounts as last committed; `hours` define their days.
    ///
    /// # Errors
    /// The store's, or an invalid stored value.
    fn load(&mut self, hours: Hours) -> Result<AllBooks, StoreFault>;

    /// Makes the store usable again after a transaction failed.
    ///
    /// # Errors
    /// If it is still unusable.
    fn recover(&mut self) -> Result<(), StoreFault>;

    /// Cleans up and ends.
    ///
    /// # Errors
    /// If the clean-up failed; committed data is safe anyway.
    fn close(self: Box<Self>) -> Result<(), StoreFault>;
}

/// Readers of a store, concurrent with its writer. Clones share them.
#[derive(Clone)]
pub enum Readers {
    Sqlite(sqlite::Readers),
    Memory(memory::MemoryReader),
}

impl Readers {
    /// Reads rows of one consistent state.
    ///
    /// # Errors
    /// [`ApiError::BusyReading`] if the store does not respond; the cause is logged.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut dyn Rows) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, ApiError> {
        match self {
            Self::Sqlite(readers) => readers.read_rows(query).await,
            Self::Memory(reader) => reader.read(query).map_err(|cause| {
                error!(ledger.cause = %cause, "a read failed");
                ApiError::BusyReading
            }),
        }
    }
}

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct StoreFault {
    cause: Box<dyn Error + Send + Sync>,
    /// Whether the cause is the disk or the machine, so that further writes will fail too.
    is_of_the_disk: bool,
}

impl StoreFault {
    /// A fault of a single read or write.
    pub fn of(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), is_of_the_disk: false }
    }

    /// Whether the cause is the disk rather than a single read or write.
    pub fn is_of_the_disk(&self) -> bool {
        self.is_of_the_disk
    }
}

/// The disk refuses writes.
impl From<io::Error> for StoreFault {
    fn from(cause: io::Error) -> Self {
        Self { cause: Box::from(format!("the disk takes no more: {cause}")), is_of_the_disk: true }
    }
}
