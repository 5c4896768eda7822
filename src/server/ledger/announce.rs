//! Announcements of changes outside the ledger to the account's listeners.

use super::{
    Books, Change, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{domain::account_id::AccountId, error::ApiError};

/// Announces changes made elsewhere, such as in the library's own file.
pub struct Announce(pub Vec<Change>);

impl Write for Announce {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        Ok(((), self.0.iter().cloned().map(Effect::Event).collect()))
    }
}
