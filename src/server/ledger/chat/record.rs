//! A reply, stored together with the effects of its actions.

use rusqlite::{Connection, params};
use serde_json::json;

use super::{
    kind_of,
    run::{ActionRun, run_actions},
};
use crate::{
    domain::{
        chat::{Action, ActionStatus, Estimate, MisreadAction},
        copilot::{Autonomy, CopilotLimits},
        instant::UtcInstant,
        money::Price,
    },
    error::ApiError,
    server::ledger::{Books, Change, Write, store::ACCOUNT_ID},
};

/// What is kept of a model's reply as it was received.
pub const RAW_REPLY_BYTES_MAX: usize = 64 * 1024;

/// Where a reply came from; missing where that is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    pub model: Option<String>,
    pub latency_ms: Option<u64>,
    /// Of all requests that the reply took.
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    /// What the model wrote, as it was received; at most [`RAW_REPLY_BYTES_MAX`].
    pub raw_reply: Option<String>,
}

/// An action of a reply, and what is known of it before any runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAction {
    pub id: String,
    pub action: Action,
    pub status: ActionStatus,
    /// Of a trade: the price when it was asked for, which a proposal is bound to.
    pub price: Option<Price>,
    /// Of a rejection.
    pub error: Option<String>,
    /// Of a proposed trade that has a price.
    pub estimate: Option<Estimate>,
}

/// Stores a reply with its actions, and runs some of them, all in one.
pub struct RecordReply {
    pub id: String,
    /// The message that it answers.
    pub in_reply_to: String,
    pub message: String,
    /// When there is no reply: the error that stands in its place.
    pub failure: Option<&'static str>,
    pub provenance: Provenance,
    /// In the order they run.
    pub actions: Vec<NewAction>,
    /// Those that the reply asked for between them and that are none, in their order.
    pub misread: Vec<MisreadAction>,
    /// Those of them that run now.
    pub runs: Vec<ActionRun>,
    pub limits: CopilotLimits,
    pub at: UtcInstant,
}

impl Write for RecordReply {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        self.insert_message(rows)?;
        let free = (0..).filter(|ordinal| self.misread.iter().all(|misread| misread.ordinal != *ordinal));
        for (ordinal, action) in free.zip(&self.actions) {
            self.insert_action(ordinal, action, books.autonomy, rows)?;
        }
        run_actions(&self.runs, ActionStatus::Pending, &self.limits, self.at, books, rows)?;
        books.outbox.note(Change::Message { id: self.id.clone() });
        Ok(Ok(()))
    }
}

impl RecordReply {
    fn insert_message(&self, rows: &Connection) -> rusqlite::Result<()> {
        let Provenance { model, latency_ms, prompt_tokens, completion_tokens, raw_reply } = &self.provenance;
        let count = |count: &Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let misread = (!self.misread.is_empty()).then(|| json!(self.misread).to_string());
        rows.execute(
            "INSERT INTO chat_messages (id, account_id, role, message, created_at_ms, in_reply_to, failure, model,
                                        latency_ms, prompt_tokens, completion_tokens, raw_reply, misread_actions)
             VALUES (?1, ?2, 'assistant', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                self.id,
                ACCOUNT_ID,
                self.message,
                self.at,
                self.in_reply_to,
                self.failure,
                model,
                count(latency_ms),
                count(prompt_tokens),
                count(completion_tokens),
                raw_reply,
                misread,
            ],
        )?;
        Ok(())
    }

    /// With the status that the account's autonomy gives it now; a person may have changed that a moment ago.
    fn insert_action(
        &self,
        ordinal: usize,
        action: &NewAction,
        autonomy: Autonomy,
        rows: &Connection,
    ) -> rusqlite::Result<()> {
        let status = action.status.under(autonomy);
        // What was about to run and is a proposal now is bound to the price that it would have run at.
        let run = self.runs.iter().find(|run| run.action_id == action.id);
        let price = action.price.or_else(|| run.and_then(|run| run.step.price()));
        let quantity = match action.action {
            Action::Trade { quantity, .. } => Some(quantity),
            Action::Watch(_) | Action::Unwatch(_) => None,
        };
        rows.execute(
            "INSERT INTO chat_actions (id, message_id, ordinal, kind, ticker, quantity_millionths, status, price_units,
                                       error, decided_at_ms, notional_cents, cash_cents_after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                action.id,
                self.id,
                i64::try_from(ordinal).unwrap_or(i64::MAX),
                kind_of(&action.action),
                action.action.ticker(),
                quantity,
                status,
                price.filter(|_| status == ActionStatus::Proposed || action.estimate.is_some()),
                action.error,
                self.at,
                action.estimate.map(|estimate| estimate.notional),
                action.estimate.map(|estimate| estimate.cash_after),
            ],
        )?;
        Ok(())
    }
}
