//! A reply, stored together with the effects of its actions.

use std::collections::HashMap;

use super::run::{ActionRun, Runs, RunsFound, find_for_runs};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{Action, ActionStatus, Estimate, MisreadAction, RecordedAction, Role},
        copilot::{Autonomy, CopilotLimits},
        instant::UtcInstant,
        library::Citation,
        money::Price,
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Draft, Write,
        effect::{ActionRow, Effect, Effects, MessageRow},
        store::{Rows, StoreFault},
    },
};

/// Bytes of a model's raw reply that are stored.
pub const RAW_REPLY_BYTES_MAX: usize = 64 * 1024;

/// Provenance of a reply; fields are absent if unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    pub model: Option<String>,
    pub latency_ms: Option<u64>,
    /// Tokens of all requests for the reply.
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    /// The model's text as received; at most [`RAW_REPLY_BYTES_MAX`].
    pub raw_reply: Option<String>,
}

/// An action of a reply, before any is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAction {
    pub id: String,
    pub action: Action,
    pub status: ActionStatus,
    /// For a trade: its price when requested, which binds a proposal.
    pub price: Option<Price>,
    /// Reason of a rejection.
    pub error: Option<String>,
    /// Estimate for a proposed trade with a price.
    pub estimate: Option<Estimate>,
}

/// Stores a reply with its actions, and runs some of them, in one write.
pub struct RecordReply {
    pub id: String,
    /// Id of the message that it answers.
    pub in_reply_to: String,
    pub message: String,
    /// Code of the error that replaces the reply.
    pub failure: Option<&'static str>,
    pub provenance: Provenance,
    /// In order of execution.
    pub actions: Vec<NewAction>,
    /// Invalid actions of the reply, in order.
    pub misread: Vec<MisreadAction>,
    /// Passages of the library that the reply was made from.
    pub citations: Vec<Citation>,
    /// Actions to run now.
    pub runs: Vec<ActionRun>,
    pub limits: CopilotLimits,
    /// Highest autonomy of the reply, whatever the account's setting.
    pub autonomy_max: Autonomy,
    pub at: UtcInstant,
}

impl Write for RecordReply {
    type Outcome = ();
    type Found = RunsFound;

    fn find(&self, account: AccountId, books: &Books, rows: &mut dyn Rows) -> Result<RunsFound, StoreFault> {
        find_for_runs(&self.runs, self.at, account, books, rows)
    }

    fn decide(&self, books: &Books, found: &RunsFound) -> Result<((), Effects), ApiError> {
        let mut draft = Draft::of(books);
        draft.extend([self.message()]);
        let mut recorded = HashMap::with_capacity(self.actions.len());
        let free = (0..).filter(|ordinal| self.misread.iter().all(|misread| misread.ordinal != *ordinal));
        for (ordinal, action) in free.zip(&self.actions) {
            let action = self.record(action, books.autonomy.at_most(self.autonomy_max));
            recorded.insert(action.id.clone(), (self.id.clone(), action.clone()));
            let row = ActionRow { message_id: self.id.clone(), ordinal, action };
            draft.extend([Effect::Action(Box::new(row))]);
        }
        let runs = Runs { runs: &self.runs, from: ActionStatus::Pending, limits: &self.limits, at: self.at };
        runs.run(&recorded, found, &mut draft);
        draft.extend([Effect::Event(Change::Message { id: self.id.clone() })]);
        Ok(((), draft.into_effects()))
    }
}

impl RecordReply {
    fn message(&self) -> Effect {
        Effect::Message(Box::new(MessageRow {
            id: self.id.clone(),
            role: Role::Assistant,
            text: self.message.clone(),
            created_at: self.at,
            client_message_id: None,
            in_reply_to: Some(self.in_reply_to.clone()),
            failure: self.failure.map(str::to_owned),
            provenance: self.provenance.clone(),
            misread: self.misread.clone(),
            citations: self.citations.clone(),
        }))
    }

    /// The action with the status for the account's present autonomy, which a person may have just changed.
    fn record(&self, action: &NewAction, autonomy: Autonomy) -> RecordedAction {
        let status = action.status.under(autonomy);
        // An action that was pending and has become a proposal is bound to the price that it would have been executed
        // at.
        let run = self.runs.iter().find(|run| run.action_id == action.id);
        let price = action.price.or_else(|| run.and_then(|run| run.step.price()));
        RecordedAction {
            id: action.id.clone(),
            action: action.action,
            status,
            price: price.filter(|_| status == ActionStatus::Proposed || action.estimate.is_some()),
            error: action.error.clone(),
            estimate: action.estimate,
            decided_at: self.at,
        }
    }
}
