//! Reading the conversation, without waiting for the writer.

use sqlx::{Row, SqliteConnection};

use super::{add_actions, read_action, read_message};
use crate::{
    domain::{
        chat::{RecordedAction, RecordedMessage},
        instant::UtcInstant,
    },
    error::ApiError,
    server::ledger::{Ledger, read::unavailable, store::ACCOUNT_ID},
};

/// Part of the conversation since it was last cleared, newest first.
pub const CHAT_PAGE: &str = "SELECT * FROM chat_messages
    WHERE account_id = ?1 AND sequence > ?2 AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4";

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
    pub async fn chat(&self, limit: usize, before: Option<&str>, now: UtcInstant) -> Result<RecordedPage, ApiError> {
        let cleared_after = self.books().chat_cleared_after_sequence;
        // One transaction, so that messages and actions are of one state.
        let mut rows = self.readers.begin().await.map_err(unavailable)?;
        let before = match before {
            None => i64::MAX,
            Some(id) => sequence_of(id, &mut rows).await.map_err(unavailable)?.ok_or_else(no_such_message)?,
        };
        let page = read_page(cleared_after, before, limit, now, &mut rows).await.map_err(unavailable)?;
        rows.commit().await.map_err(unavailable)?;
        Ok(page)
    }

    /// The reply to the message `id`, as it is `now`, if there is one yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reply_to(&self, id: &str, now: UtcInstant) -> Result<Option<RecordedMessage>, ApiError> {
        self.message_where("SELECT * FROM chat_messages WHERE in_reply_to = ?1", id, now).await
    }

    /// The reply that an action is part of, as it is `now`, if there is such an action.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reply_of_action(&self, id: &str, now: UtcInstant) -> Result<Option<RecordedMessage>, ApiError> {
        let query = "SELECT chat_messages.* FROM chat_actions JOIN chat_messages
            ON chat_messages.id = chat_actions.message_id WHERE chat_actions.id = ?1";
        self.message_where(query, id, now).await
    }

    /// One action, as it is `now`, if there is such a one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn action(&self, id: &str, now: UtcInstant) -> Result<Option<RecordedAction>, ApiError> {
        let row = sqlx::query("SELECT * FROM chat_actions WHERE id = ?1")
            .bind(id.to_owned())
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(row.map(|row| read_action(&row)).transpose().map_err(unavailable)?.map(|action| action.at(now)))
    }

    async fn message_where(
        &self,
        query: &'static str,
        id: &str,
        now: UtcInstant,
    ) -> Result<Option<RecordedMessage>, ApiError> {
        let mut rows = self.readers.begin().await.map_err(unavailable)?;
        let row = sqlx::query(query).bind(id.to_owned()).fetch_optional(&mut *rows).await.map_err(unavailable)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let sequence = row.try_get("sequence").map_err(unavailable)?;
        let mut messages = [read_message(&row).map_err(unavailable)?];
        add_actions(&mut messages, sequence, sequence, &mut rows).await.map_err(unavailable)?;
        rows.commit().await.map_err(unavailable)?;
        let [message] = messages;
        Ok(Some(at(message, now)))
    }
}

async fn read_page(
    cleared_after: i64,
    before: i64,
    limit: usize,
    now: UtcInstant,
    rows: &mut SqliteConnection,
) -> Result<RecordedPage, sqlx::Error> {
    // One more than asked for tells whether there is another page.
    let mut found = sqlx::query(CHAT_PAGE)
        .bind(ACCOUNT_ID)
        .bind(cleared_after)
        .bind(before)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
        .fetch_all(&mut *rows)
        .await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    found.reverse();
    let mut messages = found.iter().map(read_message).collect::<Result<Vec<_>, _>>()?;
    if let (Some(first), Some(last)) = (found.first(), found.last()) {
        add_actions(&mut messages, first.try_get("sequence")?, last.try_get("sequence")?, rows).await?;
    }
    Ok(RecordedPage { messages: messages.into_iter().map(|message| at(message, now)).collect(), has_more })
}

/// A message whose proposals are what they are `now`.
fn at(message: RecordedMessage, now: UtcInstant) -> RecordedMessage {
    RecordedMessage { actions: message.actions.into_iter().map(|action| action.at(now)).collect(), ..message }
}

async fn sequence_of(id: &str, rows: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT sequence FROM chat_messages WHERE id = ?1")
        .bind(id.to_owned())
        .fetch_optional(rows)
        .await
}

fn no_such_message() -> ApiError {
    ApiError::InvalidParameter { parameter: "before".to_owned(), reason: "there is no message with this id".to_owned() }
}
