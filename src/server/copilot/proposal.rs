//! A person's word on what the copilot proposed.

use super::{Copilot, Outcome};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{ActionStatus, RecordedAction},
    },
    error::ApiError,
    server::ledger::chat::{DismissAction, NewAction},
};

impl Copilot {
    /// Runs a proposed action, exactly as it was proposed: the one click that it waits for. One that has lapsed does
    /// not run, and one that is no longer a proposal stays what it is. Gives the reply that it is part of.
    ///
    /// # Errors
    /// When there is no such action, or the ledger is busy.
    pub async fn approve(&self, account: AccountId, action_id: &str) -> Outcome {
        let action = self.action(account, action_id).await?;
        match action.status {
            // Whether it has lapsed by now is checked where it is applied; that it has waited too long is so far noticed only
            // by reading it.
            ActionStatus::Proposed | ActionStatus::Lapsed => {
                let RecordedAction { id, action, status, price, error, estimate, .. } = action;
                let proposed = NewAction { id, action, status, price, error, estimate };
                self.0.run(account, ActionStatus::Proposed, &[&proposed]).await?;
            }
            ActionStatus::Pending
            | ActionStatus::Executed
            | ActionStatus::Rejected
            | ActionStatus::Dismissed
            | ActionStatus::Advised => {}
        }
        self.reply_of(account, action_id).await
    }

    /// Turns a proposed action down. Gives the reply that it is part of.
    ///
    /// # Errors
    /// When there is no such action, or the ledger is busy.
    pub async fn dismiss(&self, account: AccountId, action_id: &str) -> Outcome {
        self.action(account, action_id).await?;
        let dismiss = DismissAction { action_id: action_id.to_owned(), at: (self.0.clock)() };
        self.0.ledger.submit(account, dismiss).await?;
        self.reply_of(account, action_id).await
    }

    async fn action(&self, account: AccountId, action_id: &str) -> Result<RecordedAction, ApiError> {
        self.0.ledger.action(account, action_id, (self.0.clock)()).await?.ok_or(ApiError::NotFound)
    }

    /// After the action was decided on.
    async fn reply_of(&self, account: AccountId, action_id: &str) -> Outcome {
        let reply = self.0.ledger.reply_of_action(account, action_id, (self.0.clock)()).await;
        reply.map_err(ApiError::half_way)?.ok_or(ApiError::NotFound)
    }
}
