//! A person's word on what the copilot proposed.

use super::{Copilot, Outcome};
use crate::{
    domain::{
        chat::{Action, ActionStatus, RecordedAction},
        copilot::{Lapse, price_lapse},
    },
    error::ApiError,
    server::ledger::chat::{DecideAction, NewAction},
};

impl Copilot {
    /// Runs a proposed action, exactly as it was proposed: the one click that it waits for. One that has lapsed does
    /// not run, and one that is no longer a proposal stays what it is. Gives the reply that it is part of.
    ///
    /// # Errors
    /// When there is no such action, or the ledger is busy.
    pub async fn approve(&self, action_id: &str) -> Outcome {
        let service = &self.0;
        let action = self.action(action_id).await?;
        match action.status {
            ActionStatus::Proposed => match self.lapse(&action) {
                Some(lapse) => self.decide(action_id, ActionStatus::Lapsed, Some(lapse.to_string())).await?,
                None => {
                    let RecordedAction { id, action, status, price, error, estimate, .. } = action;
                    let proposed = NewAction { id, action, status, price, error, estimate };
                    service.run(ActionStatus::Proposed, &[&proposed]).await?;
                }
            },
            // It has waited too long, which only its reading has noticed so far.
            ActionStatus::Lapsed => self.decide(action_id, ActionStatus::Lapsed, action.error).await?,
            ActionStatus::Pending
            | ActionStatus::Executed
            | ActionStatus::Rejected
            | ActionStatus::Dismissed
            | ActionStatus::Advised => {}
        }
        self.reply_of(action_id).await
    }

    /// Turns a proposed action down. Gives the reply that it is part of.
    ///
    /// # Errors
    /// When there is no such action, or the ledger is busy.
    pub async fn dismiss(&self, action_id: &str) -> Outcome {
        self.action(action_id).await?;
        self.decide(action_id, ActionStatus::Dismissed, None).await?;
        self.reply_of(action_id).await
    }

    /// Whether the price has moved too far since.
    fn lapse(&self, action: &RecordedAction) -> Option<Lapse> {
        let Action::Trade { ticker, .. } = action.action else {
            return None;
        };
        // Without a price now, the order is refused for that.
        price_lapse(action.price?, self.0.feed.latest().price(ticker)?)
    }

    async fn decide(&self, action_id: &str, status: ActionStatus, error: Option<String>) -> Result<(), ApiError> {
        let write = DecideAction { action_id: action_id.to_owned(), status, error, at: (self.0.clock)() };
        self.0.ledger.submit(write).await
    }

    async fn action(&self, action_id: &str) -> Result<RecordedAction, ApiError> {
        self.0.ledger.action(action_id, (self.0.clock)()).await?.ok_or(ApiError::NotFound)
    }

    /// After the action was decided on.
    async fn reply_of(&self, action_id: &str) -> Outcome {
        let reply = self.0.ledger.reply_of_action(action_id, (self.0.clock)()).await.map_err(ApiError::half_way)?;
        reply.ok_or(ApiError::NotFound)
    }
}
