//! Reading the conversation, without waiting for the writer.

use rusqlite::{Connection, OptionalExtension, params};

use super::{add_actions, read_action, read_message};
use crate::{
    domain::{
        chat::{RecordedAction, RecordedMessage},
        instant::UtcInstant,
    },
    error::ApiError,
    server::ledger::{Ledger, store::ACCOUNT_ID},
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
        let before = before.map(str::to_owned);
        let page = self.readers.read(move |rows| {
            // One transaction, so that messages and actions are of one state.
            let rows = rows.transaction()?;
            let before = match before {
                None => i64::MAX,
                Some(id) => match sequence_of(&id, &rows)? {
                    None => return Ok(None),
                    Some(sequence) => sequence,
                },
            };
            read_page(cleared_after, before, limit, now, &rows).map(Some)
        });
        page.await?.ok_or_else(|| ApiError::InvalidParameter {
            parameter: "before".to_owned(),
            reason: "there is no message with this id".to_owned(),
        })
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
        let id = id.to_owned();
        let action = self.readers.read(move |rows| {
            rows.prepare_cached("SELECT * FROM chat_actions WHERE id = ?1")?.query_row([id], read_action).optional()
        });
        Ok(action.await?.map(|action| action.at(now)))
    }

    async fn message_where(
        &self,
        query: &'static str,
        id: &str,
        now: UtcInstant,
    ) -> Result<Option<RecordedMessage>, ApiError> {
        let id = id.to_owned();
        let message = self.readers.read(move |rows| {
            let rows = rows.transaction()?;
            let found = rows
                .prepare_cached(query)?
                .query_row([id], |row| Ok((read_message(row)?, row.get("sequence")?)))
                .optional()?;
            let Some((message, sequence)) = found else {
                return Ok(None);
            };
            let mut messages = [message];
            add_actions(&mut messages, sequence, sequence, &rows)?;
            let [message] = messages;
            Ok(Some(message))
        });
        Ok(message.await?.map(|message| at(message, now)))
    }
}

fn read_page(
    cleared_after: i64,
    before: i64,
    limit: usize,
    now: UtcInstant,
    rows: &Connection,
) -> rusqlite::Result<RecordedPage> {
    // One more than asked for tells whether there is another page.
    let limit_and_one = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found: Vec<(i64, RecordedMessage)> = rows
        .prepare_cached(CHAT_PAGE)?
        .query_map(params![ACCOUNT_ID, cleared_after, before, limit_and_one], |row| {
            Ok((row.get("sequence")?, read_message(row)?))
        })?
        .collect::<Result<_, _>>()?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    found.reverse();
    let (sequences, mut messages): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    if let (Some(&first), Some(&last)) = (sequences.first(), sequences.last()) {
        add_actions(&mut messages, first, last, rows)?;
    }
    Ok(RecordedPage { messages: messages.into_iter().map(|message| at(message, now)).collect(), has_more })
}

/// A message whose proposals are what they are `now`.
fn at(message: RecordedMessage, now: UtcInstant) -> RecordedMessage {
    RecordedMessage { actions: message.actions.into_iter().map(|action| action.at(now)).collect(), ..message }
}

fn sequence_of(message_id: &str, rows: &Connection) -> rusqlite::Result<Option<i64>> {
    rows.prepare_cached("SELECT sequence FROM chat_messages WHERE id = ?1")?
        .query_row([message_id], |row| row.get(0))
        .optional()
}
