//! Reads of the conversation, which never wait for the writer.

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
    /// Whether there are earlier messages.
    pub has_more: bool,
}

impl Ledger {
    /// The conversation since it was last cleared: the newest `limit` messages, or those before the message with the id
    /// `before`, oldest first, as of `now`.
    ///
    /// # Errors
    /// If there is no message `before`, or the database does not respond.
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
            // One more than requested shows whether there is another page.
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

    /// The reply to the message `id`, as of `now`, if there is one yet.
    ///
    /// # Errors
    /// If the database does not respond.
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

    /// The reply that contains an action, as of `now`, if there is such an action.
    ///
    /// # Errors
    /// If the database does not respond.
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

    /// One action, as of `now`, if it exists.
    ///
    /// # Errors
    /// If the database does not respond.
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

/// A message with its proposals' status as of `now`.
fn at(message: RecordedMessage, now: UtcInstant) -> RecordedMessage {
    RecordedMessage { actions: message.actions.into_iter().map(|action| action.at(now)).collect(), ..message }
}
