//! The marks of trailing stops, kept for the next start.

use crate::{
    domain::{account_id::AccountId, instant::UtcInstant, orders::book::TrailMark},
    error::ApiError,
    server::ledger::{
        Books, Write,
        effect::{Effect, Effects},
        store::{Rows, StoreFault},
    },
};

/// Keeps the marks in the place of those before. They are the market's, whichever account the write names.
pub struct SaveTrailMarks {
    pub saved_at: UtcInstant,
    pub marks: Vec<TrailMark>,
}

impl Write for SaveTrailMarks {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        Ok(((), vec![Effect::TrailMarks { saved_at: self.saved_at, marks: self.marks.clone() }]))
    }
}
