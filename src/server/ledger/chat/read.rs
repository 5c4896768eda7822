//! Reading the conversation, without waiting for the writer.

use crate::{
    domain::{
        account_id::AccountId,
        chat::{RecordedAction, RecordedMessage},
        instant::UtcInstant,
    },
    error::ApiError,
    server::ledger::Ledger,
};

/// Messages, oldest first.
pub struct RecordedPage {
    pub messages: Vec<RecordedMessage>,
    /// There are messages that came before these.
    pub has_more: bool,
}

impl Ledger {
    /// The conversation since it was last cleared: the newest `limit` messages, or those that came before the message
    /// with the id `before`, oldest first, as they are `now`.
    ///
    /// # Errors
    /// When there is no message `before`, or the database does not answer.
    pub async fn chat(
        &self,
        account: AccountId,
        limit: usize,
        before: Option<&str>,
        now: UtcInstant,
    ) -> Result<RecordedPage, ApiError> {
        let cleared_after = self.books(account).chat_cleared_after_sequence;
        let before = before.map(str::to_owned);
        let found = self.read(move |rows| {
            let before = match before {
                None => i64::MAX,
                Some(id) => match rows.message_sequence(account, &id)? {
                    None => return Ok(None),
                    Some(sequence) => sequence,
                },
            };
            // One more than asked for tells whether there is another page.
            rows.messages(account, cleared_after, before, limit.saturating_add(1)).map(Some)
        });
        let mut messages = found.await?.ok_or_else(|| ApiError::InvalidParameter {
            parameter: "before".to_owned(),
            reason: "there is no message with this id".to_owned(),
        })?;
        let has_more = messages.len() > limit;
        messages.truncate(limit);
        Ok(RecordedPage { messages: messages.into_iter().rev().map(|message| at(message, now)).collect(), has_more })
    }

    /// The reply to the message `id`, as it is `now`, if there is one yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reply_to(
        &self,
        account: AccountId,
        id: &str,
        now: UtcInstant,
    ) -> Result<Option<RecordedMessage>, ApiError> {
        let id = id.to_owned();
        let reply = self.read(move |rows| rows.reply_to(account, &id)).await?;
        Ok(reply.map(|reply| at(reply, now)))
    }

    /// The reply that an action is part of, as it is `now`, if there is such an action.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reply_of_action(
        &self,
        account: AccountId,
        id: &str,
        now: UtcInstant,
    ) -> Result<Option<RecordedMessage>, ApiError> {
        let id = id.to_owned();
        let reply = self.read(move |rows| rows.reply_of_action(account, &id)).await?;
        Ok(reply.map(|reply| at(reply, now)))
    }

    /// One action, as it is `now`, if there is such a one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn action(
        &self,
        account: AccountId,
        id: &str,
        now: UtcInstant,
    ) -> Result<Option<RecordedAction>, ApiError> {
        let id = id.to_owned();
        let action = self.read(move |rows| rows.action(account, &id)).await?;
        Ok(action.map(|(_, action)| action.at(now)))
    }
}

/// A message whose proposals are what they are `now`.
fn at(message: RecordedMessage, now: UtcInstant) -> RecordedMessage {
    RecordedMessage { actions: message.actions.into_iter().map(|action| action.at(now)).collect(), ..message }
}
