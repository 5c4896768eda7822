//! A person's settings of the copilot: its autonomy, and clearing the conversation.

use crate::{
    domain::{account_id::AccountId, copilot::Autonomy},
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects},
        store::{Rows, StoreFault},
    },
};

/// Sets what becomes of the actions in replies from now on.
pub struct SetAutonomy(pub Autonomy);

impl Write for SetAutonomy {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let Self(autonomy) = *self;
        if books.autonomy == autonomy {
            return Ok(((), Effects::new()));
        }
        Ok(((), vec![Effect::Autonomy(autonomy), Effect::Event(Change::Settings { autonomy })]))
    }
}

/// Tells open pages that a setting changed that the books do not hold, such as the connected model.
pub struct AnnounceSettings;

impl Write for AnnounceSettings {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        Ok(((), vec![Effect::Event(Change::Settings { autonomy: books.autonomy })]))
    }
}

/// Begins the conversation anew. What was said stays in the file, since it says why trades happened, but neither people
/// nor the copilot see it again.
pub struct ClearChat;

impl Write for ClearChat {
    type Outcome = ();

    /// The sequence of the latest message.
    type Found = i64;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<i64, StoreFault> {
        rows.latest_message(account)
    }

    fn decide(&self, _: &Books, latest: &i64) -> Result<((), Effects), ApiError> {
        Ok(((), vec![Effect::ChatCleared { after_message: *latest }, Effect::Event(Change::ChatCleared)]))
    }
}
