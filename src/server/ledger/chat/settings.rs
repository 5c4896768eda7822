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

/// Sets the autonomy for actions from now on.
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

/// Announces to open pages that a setting outside the books changed, such as the connected model.
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

/// Clears the conversation. The messages stay in the file as the reasons for trades, but neither people nor the copilot
/// see them again.
pub struct ClearChat;

impl Write for ClearChat {
    type Outcome = ();

    /// Sequence of the latest message.
    type Found = i64;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<i64, StoreFault> {
        rows.latest_message(account)
    }

    fn decide(&self, _: &Books, latest: &i64) -> Result<((), Effects), ApiError> {
        Ok(((), vec![Effect::ChatCleared { after_message: *latest }, Effect::Event(Change::ChatCleared)]))
    }
}
