//! Stores keep books and their history: the traits of a store, and the two that implement them.
//!
//! A [`Store`] writes what was decided and decides nothing. Rows are asked for by key through [`Rows`], by a decision inside
//! a transaction and by readers alike.

#[cfg(test)]
mod conformance;
pub mod memory;
mod rows;
pub mod sqlite;

use std::{error::Error, io, time::Duration};

use tracing::error;

pub use rows::{ActionRows, ChatRows, CurveRows, KeptRows, OrderRows, TradeRows};

use super::{Books, effect::Effects};
use crate::{domain::account_id::AccountId, error::ApiError, server::market::hours::Hours};

/// Everything that can be asked of a store.
pub trait Rows: TradeRows + OrderRows + CurveRows + ChatRows + ActionRows + KeptRows {}

impl<T: TradeRows + OrderRows + CurveRows + ChatRows + ActionRows + KeptRows> Rows for T {}

/// A transaction that is open: its rows are those with all that was written in it.
pub trait Transaction: Rows {
    /// Writes the effects of a decision, of which the first [event](super::effect::Effect::Event) has the number after
    /// `version_before`.
    ///
    /// # Errors
    /// The store's, which undo the transaction.
    fn write(&mut self, account: AccountId, effects: Effects, version_before: i64) -> Result<(), StoreFault>;
}

/// The work of a transaction.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreFault> + 'a;

/// The books of all accounts.
pub type AllBooks = Vec<(AccountId, Books)>;

/// A place where books and their history are kept.
pub trait Store: Send {
    /// Does `work` in one transaction and commits it; gives how long the commit took.
    ///
    /// # Errors
    /// That of the work or of the commit; nothing has changed then, except that a failed commit may turn out to have taken
    /// effect, which [`recover`](Self::recover) settles.
    fn transact(&mut self, work: &mut Work<'_>) -> Result<Duration, StoreFault>;

    /// The books of all accounts as they were last committed, with the days of `hours`.
    ///
    /// # Errors
    /// The store's, or of a stored value that means nothing.
    fn load(&mut self, hours: Hours) -> Result<AllBooks, StoreFault>;

    /// Makes the store usable again after a transaction failed.
    ///
    /// # Errors
    /// When it is not usable yet.
    fn recover(&mut self) -> Result<(), StoreFault>;

    /// Puts everything in its place and ends.
    ///
    /// # Errors
    /// When something of that failed; what was committed is safe all the same.
    fn close(self: Box<Self>) -> Result<(), StoreFault>;
}

/// Readers of a store, beside its writer. Clones share them.
#[derive(Clone)]
pub enum Readers {
    Sqlite(sqlite::Readers),
    Memory(memory::MemoryReader),
}

impl Readers {
    /// Reads rows, all of one state.
    ///
    /// # Errors
    /// [`ApiError::BusyReading`] when the store does not answer; the cause is logged.
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

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct StoreFault {
    cause: Box<dyn Error + Send + Sync>,
    /// The disk is the cause, or the machine, so that whatever is written next fails too.
    is_of_the_disk: bool,
}

impl StoreFault {
    /// A fault of a single read or write.
    pub fn of(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), is_of_the_disk: false }
    }

    /// Whether the disk, and not a single read or write, is the cause.
    pub fn is_of_the_disk(&self) -> bool {
        self.is_of_the_disk
    }
}

/// The disk takes no more.
impl From<io::Error> for StoreFault {
    fn from(cause: io::Error) -> Self {
        Self { cause: Box::from(format!("the disk takes no more: {cause}")), is_of_the_disk: true }
    }
}
