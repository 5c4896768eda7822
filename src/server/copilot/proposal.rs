//! A person's decision on the copilot's proposals.

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
    /// Runs a proposed action on a person's approval, exactly as proposed. A lapsed one is not run, and one that is no
    /// longer a proposal is unchanged. Returns the reply that contains it.
    ///
    /// # Errors
    /// If there is no such action, or the ledger is busy.
    pub async fn approve(&self, account: AccountId, action_id: &str) -> Outcome {
        let action = self.action(account, action_id).await?;
        match action.status {
            // Whether it has lapsed is checked when it is applied; so far only reads have noticed its age.
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

    /// Dismisses a proposed action. Returns the reply that contains it.
    ///
    /// # Errors
    /// If there is no such action, or the ledger is busy.
    pub async fn dismiss(&self, account: AccountId, action_id: &str) -> Outcome {
        self.action(account, action_id).await?;
        let dismiss = DismissAction { action_id: action_id.to_owned(), at: (self.0.clock)() };
        self.0.ledger.submit(account, dismiss).await?;
        self.reply_of(account, action_id).await
    }

    async fn action(&self, account: AccountId, action_id: &str) -> Result<RecordedAction, ApiError> {
        self.0.ledger.action(account, action_id, (self.0.clock)()).await?.ok_or(ApiError::NotFound)
    }

    /// The reply after the decision on an action.
    async fn reply_of(&self, account: AccountId, action_id: &str) -> Outcome {
        let reply = self.0.ledger.reply_of_action(account, action_id, (self.0.clock)()).await;
        reply.map_err(ApiError::half_way)?.ok_or(ApiError::NotFound)
    }
}
