//! Rows of the conversation.

use super::{AccountTables, Tables, between};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{ActionStatus, ClientMessageId, RecordedAction, RecordedMessage, Role},
    },
    server::ledger::{
        chat::PastTurn,
        effect::MessageRow,
        store::{ChatRows, StoreFault},
    },
};

impl ChatRows for Tables {
    fn latest_message(&mut self, account: AccountId) -> Result<i64, StoreFault> {
        let count = self.of(account).map_or(0, |rows| rows.messages.len());
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn message_sequence(&mut self, account: AccountId, id: &str) -> Result<Option<i64>, StoreFault> {
        let messages = self.of(account).map_or(&[][..], |rows| &rows.messages);
        Ok((1..).zip(messages).find(|(_, row)| row.id == id).map(|(sequence, _)| sequence))
    }

    fn messages(
        &mut self,
        account: AccountId,
        after: i64,
        before: i64,
        limit: usize,
    ) -> Result<Vec<RecordedMessage>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(Vec::new()) };
        let found = between(&rows.messages, after, before).take(limit);
        Ok(found.map(|(_, row)| rows.recorded(row)).collect())
    }

    fn reply_to(&mut self, account: AccountId, message_id: &str) -> Result<Option<RecordedMessage>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(None) };
        Ok(rows.reply(message_id).map(|row| rows.recorded(row)))
    }

    fn reply_of_action(&mut self, account: AccountId, action_id: &str) -> Result<Option<RecordedMessage>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(None) };
        let action = rows.actions.iter().find(|row| row.action.id == action_id);
        let reply = action.and_then(|action| rows.messages.iter().find(|row| row.id == action.message_id));
        Ok(reply.map(|row| rows.recorded(row)))
    }

    fn action(&mut self, account: AccountId, id: &str) -> Result<Option<(String, RecordedAction)>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(None) };
        let found = rows.actions.iter().find(|row| row.action.id == id);
        Ok(found.map(|row| (row.message_id.clone(), row.action.clone())))
    }

    fn named_message(
        &mut self,
        account: AccountId,
        name: &ClientMessageId,
    ) -> Result<Option<(String, String)>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(None) };
        let found = rows.messages.iter().find(|row| row.client_message_id.as_ref() == Some(name));
        Ok(found.map(|row| (row.id.clone(), row.text.clone())))
    }

    fn past_turns(&mut self, account: AccountId, after: i64, limit: usize) -> Result<Vec<PastTurn>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(Vec::new()) };
        let since = || between(&rows.messages, after, i64::MAX).map(|(_, row)| row);
        let turn = |reply: &MessageRow| {
            let question = since().find(|row| reply.in_reply_to.as_ref() == Some(&row.id))?;
            let is_answer = reply.failure.is_none();
            is_answer.then(|| PastTurn { question: question.text.clone(), reply: rows.recorded(reply) })
        };
        let mut turns: Vec<_> = since().filter_map(turn).take(limit).collect();
        turns.reverse();
        Ok(turns)
    }

    fn unanswered(&mut self, account: AccountId) -> Result<Option<String>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(None) };
        let question = rows.messages.iter().rfind(|row| row.role == Role::User);
        Ok(question.filter(|row| rows.reply(&row.id).is_none()).map(|row| row.id.clone()))
    }

    fn pending_actions(&mut self, account: AccountId) -> Result<Vec<(String, String)>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(Vec::new()) };
        let pending = rows.actions.iter().filter(|row| row.action.status == ActionStatus::Pending);
        Ok(pending.map(|row| (row.message_id.clone(), row.action.id.clone())).collect())
    }
}

impl AccountTables {
    fn reply(&self, message_id: &str) -> Option<&MessageRow> {
        self.messages.iter().rfind(|row| row.in_reply_to.as_deref() == Some(message_id))
    }

    /// A message with its actions.
    fn recorded(&self, row: &MessageRow) -> RecordedMessage {
        // Actions are recorded with their message, in order.
        let actions = self.actions.iter().filter(|action| action.message_id == row.id);
        RecordedMessage {
            id: row.id.clone(),
            role: row.role,
            message: row.text.clone(),
            actions: actions.map(|action| action.action.clone()).collect(),
            misread: row.misread.clone(),
            citations: row.citations.clone(),
            failure: row.failure.clone(),
            created_at: row.created_at,
        }
    }
}
