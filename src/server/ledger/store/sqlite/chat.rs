//! Rows of the conversation.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use super::{SqliteRows, trades::limit_of};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{Action, ClientMessageId, Estimate, RecordedAction, RecordedMessage},
    },
    server::ledger::{
        chat::PastTurn,
        store::{ChatRows, StoreFault},
    },
};

/// Part of the conversation between two sequences, newest first.
pub const CHAT_PAGE: &str = "SELECT * FROM chat_messages
    WHERE account_id = ?1 AND sequence > ?2 AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4";

pub const ACTION: &str = "SELECT * FROM chat_actions WHERE account_id = ?1 AND id = ?2";

pub const NAMED_MESSAGE: &str =
    "SELECT id, message FROM chat_messages WHERE account_id = ?1 AND client_message_id = ?2";

pub const PENDING_ACTIONS: &str =
    "SELECT message_id, id FROM chat_actions WHERE account_id = ?1 AND status = 'pending'";

const REPLY_TO: &str = "SELECT * FROM chat_messages WHERE account_id = ?1 AND in_reply_to = ?2";

const REPLY_OF_ACTION: &str = "SELECT chat_messages.* FROM chat_actions
    JOIN chat_messages ON chat_messages.id = chat_actions.message_id
    WHERE chat_actions.account_id = ?1 AND chat_messages.account_id = ?1 AND chat_actions.id = ?2";

/// Omits turns without an answer: they would cause two consecutive messages of the person, which some models' templates
/// refuse.
const PAST_TURNS: &str = "SELECT reply.*, question.message AS question FROM chat_messages AS reply
    JOIN chat_messages AS question ON question.id = reply.in_reply_to AND question.account_id = reply.account_id
    WHERE reply.account_id = ?1 AND reply.sequence > ?2 AND question.sequence > ?2 AND reply.failure IS NULL
    ORDER BY reply.sequence DESC LIMIT ?3";

const UNANSWERED: &str = "SELECT question.id
    FROM (SELECT * FROM chat_messages WHERE account_id = ?1 AND role = 'user' ORDER BY sequence DESC LIMIT 1) AS question
    WHERE NOT EXISTS (
        SELECT 1 FROM chat_messages AS reply WHERE reply.account_id = ?1 AND reply.in_reply_to = question.id
    )";

impl ChatRows for SqliteRows<'_> {
    fn latest_message(&mut self, account: AccountId) -> Result<i64, StoreFault> {
        let latest = "SELECT COALESCE(MAX(sequence), 0) FROM chat_messages WHERE account_id = ?1";
        Ok(self.rows.prepare_cached(latest)?.query_row([account], |row| row.get(0))?)
    }

    fn message_sequence(&mut self, account: AccountId, id: &str) -> Result<Option<i64>, StoreFault> {
        let sequence = "SELECT sequence FROM chat_messages WHERE account_id = ?1 AND id = ?2";
        let mut sequence = self.rows.prepare_cached(sequence)?;
        Ok(sequence.query_row(params![account, id], |row| row.get(0)).optional()?)
    }

    fn messages(
        &mut self,
        account: AccountId,
        after: i64,
        before: i64,
        limit: usize,
    ) -> Result<Vec<RecordedMessage>, StoreFault> {
        let mut page = self.rows.prepare_cached(CHAT_PAGE)?;
        let found = page.query_map(params![account, after, before, limit_of(limit)], |row| {
            Ok((row.get("sequence")?, read_message(row)?))
        })?;
        let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(with_actions(account, found, self.rows)?)
    }

    fn reply_to(&mut self, account: AccountId, message_id: &str) -> Result<Option<RecordedMessage>, StoreFault> {
        self.message(REPLY_TO, account, message_id)
    }

    fn reply_of_action(&mut self, account: AccountId, action_id: &str) -> Result<Option<RecordedMessage>, StoreFault> {
        self.message(REPLY_OF_ACTION, account, action_id)
    }

    fn action(&mut self, account: AccountId, id: &str) -> Result<Option<(String, RecordedAction)>, StoreFault> {
        let mut action = self.rows.prepare_cached(ACTION)?;
        let found = action.query_row(params![account, id], |row| Ok((row.get("message_id")?, read_action(row)?)));
        Ok(found.optional()?)
    }

    fn named_message(
        &mut self,
        account: AccountId,
        name: &ClientMessageId,
    ) -> Result<Option<(String, String)>, StoreFault> {
        let mut named = self.rows.prepare_cached(NAMED_MESSAGE)?;
        Ok(named.query_row(params![account, name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn past_turns(&mut self, account: AccountId, after: i64, limit: usize) -> Result<Vec<PastTurn>, StoreFault> {
        let mut turns = self.rows.prepare_cached(PAST_TURNS)?;
        let found = turns.query_map(params![account, after, limit_of(limit)], |row| {
            Ok((row.get("question")?, (row.get("sequence")?, read_message(row)?)))
        })?;
        let (questions, replies): (Vec<String>, Vec<_>) =
            found.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().unzip();
        let replies = with_actions(account, replies, self.rows)?;
        let turns = questions.into_iter().zip(replies).rev();
        Ok(turns.map(|(question, reply)| PastTurn { question, reply }).collect())
    }

    fn unanswered(&mut self, account: AccountId) -> Result<Option<String>, StoreFault> {
        Ok(self.rows.prepare_cached(UNANSWERED)?.query_row([account], |row| row.get(0)).optional()?)
    }

    fn pending_actions(&mut self, account: AccountId) -> Result<Vec<(String, String)>, StoreFault> {
        let mut pending = self.rows.prepare_cached(PENDING_ACTIONS)?;
        let found = pending.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

impl SqliteRows<'_> {
    /// The message that a query finds, with its actions.
    fn message(&self, query: &str, account: AccountId, id: &str) -> Result<Option<RecordedMessage>, StoreFault> {
        let mut message = self.rows.prepare_cached(query)?;
        let found =
            message.query_row(params![account, id], |row| Ok((row.get("sequence")?, read_message(row)?))).optional()?;
        Ok(with_actions(account, found.into_iter().collect(), self.rows)?.pop())
    }
}

/// Adds each message's actions; each message comes with its sequence.
fn with_actions(
    account: AccountId,
    found: Vec<(i64, RecordedMessage)>,
    rows: &Connection,
) -> rusqlite::Result<Vec<RecordedMessage>> {
    let sequences = || found.iter().map(|(sequence, _)| *sequence);
    let (Some(first), Some(last)) = (sequences().min(), sequences().max()) else {
        return Ok(Vec::new());
    };
    let mut messages: Vec<_> = found.into_iter().map(|(_, message)| message).collect();
    let mut actions = rows.prepare_cached(
        "SELECT chat_actions.* FROM chat_messages JOIN chat_actions ON chat_actions.message_id = chat_messages.id
         WHERE chat_messages.account_id = ?1 AND chat_messages.sequence BETWEEN ?2 AND ?3
         ORDER BY chat_messages.sequence, chat_actions.ordinal",
    )?;
    let mut actions = actions.query(params![account, first, last])?;
    while let Some(row) = actions.next()? {
        let message_id: String = row.get("message_id")?;
        // Actions of other messages in the range are skipped.
        if let Some(message) = messages.iter_mut().find(|message| message.id == message_id) {
            message.actions.push(read_action(row)?);
        }
    }
    Ok(messages)
}

/// One row of `chat_messages`: with its invalid actions, without the others.
fn read_message(row: &Row<'_>) -> rusqlite::Result<RecordedMessage> {
    let misread: Option<String> = row.get("misread_actions")?;
    let citations: Option<String> = row.get("citations")?;
    Ok(RecordedMessage {
        id: row.get("id")?,
        role: row.get("role")?,
        message: row.get("message")?,
        actions: Vec::new(),
        // Only this program writes the two columns.
        misread: misread.and_then(|misread| serde_json::from_str(&misread).ok()).unwrap_or_default(),
        citations: citations.and_then(|citations| serde_json::from_str(&citations).ok()).unwrap_or_default(),
        failure: row.get("failure")?,
        created_at: row.get("created_at_ms")?,
    })
}

/// One row of `chat_actions`.
fn read_action(row: &Row<'_>) -> rusqlite::Result<RecordedAction> {
    let kind: String = row.get("kind")?;
    let action = match kind.as_str() {
        "add" => Action::Watch(row.get("ticker")?),
        "remove" => Action::Unwatch(row.get("ticker")?),
        "order" | "cancel" | "alert" => {
            let details: String = row.get("details")?;
            let meaningless = |cause| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(cause));
            serde_json::from_str(&details).map_err(meaningless)?
        }
        _ => Action::Trade {
            ticker: row.get("ticker")?,
            side: row.get("kind")?,
            quantity: row.get("quantity_millionths")?,
        },
    };
    let estimate = Option::zip(row.get("notional_cents")?, row.get("cash_cents_after")?);
    Ok(RecordedAction {
        id: row.get("id")?,
        action,
        status: row.get("status")?,
        price: row.get("price_units")?,
        error: row.get("error")?,
        estimate: estimate.map(|(notional, cash_after)| Estimate { notional, cash_after }),
        decided_at: row.get("decided_at_ms")?,
    })
}
