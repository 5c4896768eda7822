//! A reply, stored together with the effects of its actions.

use sqlx::SqliteConnection;

use super::{
    kind_of,
    run::{ActionRun, run_actions},
};
use crate::{
    domain::{
        chat::{Action, ActionStatus},
        copilot::CopilotLimits,
        instant::UtcInstant,
        money::Price,
    },
    error::ApiError,
    server::ledger::{Books, Write, store::ACCOUNT_ID},
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
    /// Of a proposal.
    pub price: Option<Price>,
    /// Of a rejection.
    pub error: Option<String>,
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
    /// Those of them that run now.
    pub runs: Vec<ActionRun>,
    pub limits: CopilotLimits,
    pub at: UtcInstant,
}

impl Write for RecordReply {
    type Outcome = ();

    async fn apply(&self, books: &mut Books, rows: &mut SqliteConnection) -> Result<Result<(), ApiError>, sqlx::Error> {
        self.insert_message(rows).await?;
        for (ordinal, action) in (0_i64..).zip(&self.actions) {
            self.insert_action(ordinal, action, rows).await?;
        }
        run_actions(&self.runs, ActionStatus::Pending, &self.limits, self.at, books, rows).await?;
        Ok(Ok(()))
    }
}

impl RecordReply {
    async fn insert_message(&self, rows: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let Provenance { model, latency_ms, prompt_tokens, completion_tokens, raw_reply } = self.provenance.clone();
        let count = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        sqlx::query(
            "INSERT INTO chat_messages (id, account_id, role, message, created_at_ms, in_reply_to, failure, model,
                                        latency_ms, prompt_tokens, completion_tokens, raw_reply)
             VALUES (?1, ?2, 'assistant', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .bind(self.id.clone())
        .bind(ACCOUNT_ID)
        .bind(self.message.clone())
        .bind(self.at.unix_ms())
        .bind(self.in_reply_to.clone())
        .bind(self.failure)
        .bind(model)
        .bind(count(latency_ms))
        .bind(count(prompt_tokens))
        .bind(count(completion_tokens))
        .bind(raw_reply)
        .execute(rows)
        .await?;
        Ok(())
    }

    async fn insert_action(
        &self,
        ordinal: i64,
        action: &NewAction,
        rows: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let quantity = match action.action {
            Action::Trade { quantity, .. } => Some(quantity.millionths()),
            Action::Watch(_) | Action::Unwatch(_) => None,
        };
        sqlx::query(
            "INSERT INTO chat_actions (id, message_id, ordinal, kind, ticker, quantity_millionths, status, price_units,
                                       error, decided_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .bind(action.id.clone())
        .bind(self.id.clone())
        .bind(ordinal)
        .bind(kind_of(&action.action))
        .bind(action.action.ticker().as_str().to_owned())
        .bind(quantity)
        .bind(action.status.as_str())
        .bind(action.price.map(Price::units))
        .bind(action.error.clone())
        .bind(self.at.unix_ms())
        .execute(rows)
        .await?;
        Ok(())
    }
}
