//! The conversation with the copilot: its messages, the actions in its replies, and the effects of those.
//!
//! A turn is a person's message and its reply. [`BeginTurn`] stores the message and gives what the copilot is told of
//! the account, from the very state that it is stored in; [`RecordReply`] stores the reply together with the effects of
//! its actions. In between no transaction is open, however long the model thinks.

mod begin;
mod read;
mod record;
mod run;
mod settings;

use rusqlite::{Connection, Row};

use crate::domain::chat::{Action, Estimate, RecordedAction, RecordedMessage};

#[cfg(test)]
pub use read::CHAT_PAGE;
#[cfg(test)]
pub use run::SPENT;

pub use begin::{BeginTurn, Begun, CloseTurns, PastTurn, TurnContext};
pub use read::RecordedPage;
pub use record::{NewAction, Provenance, RAW_REPLY_BYTES_MAX, RecordReply};
pub use run::{ActionRun, DismissAction, RunActions, Step};
pub use settings::{AnnounceSettings, ClearChat, SetAutonomy};

/// How an action's kind is written in its row.
fn kind_of(action: &Action) -> &'static str {
    match action {
        Action::Watch(_) => "add",
        Action::Unwatch(_) => "remove",
        Action::Trade { side, .. } => side.as_str(),
    }
}

/// One row of `chat_messages`, without its actions but for those that were none.
fn read_message(row: &Row<'_>) -> rusqlite::Result<RecordedMessage> {
    let misread: Option<String> = row.get("misread_actions")?;
    Ok(RecordedMessage {
        id: row.get("id")?,
        role: row.get("role")?,
        message: row.get("message")?,
        actions: Vec::new(),
        // Only this program writes it.
        misread: misread.and_then(|misread| serde_json::from_str(&misread).ok()).unwrap_or_default(),
        failure: row.get("failure")?,
        created_at: row.get("created_at_ms")?,
    })
}

/// One row of `chat_actions`.
fn read_action(row: &Row<'_>) -> rusqlite::Result<RecordedAction> {
    let kind: String = row.get("kind")?;
    let ticker = row.get("ticker")?;
    let action = match kind.as_str() {
        "add" => Action::Watch(ticker),
        "remove" => Action::Unwatch(ticker),
        _ => Action::Trade { ticker, side: row.get("kind")?, quantity: row.get("quantity_millionths")? },
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

/// Adds to each message, all of which stand between two sequences, what its reply asked for.
fn add_actions(
    messages: &mut [RecordedMessage],
    from_sequence: i64,
    to_sequence: i64,
    rows: &Connection,
) -> rusqlite::Result<()> {
    let mut actions = rows.prepare_cached(
        "SELECT chat_actions.* FROM chat_messages JOIN chat_actions ON chat_actions.message_id = chat_messages.id
         WHERE chat_messages.sequence BETWEEN ?1 AND ?2 ORDER BY chat_messages.sequence, chat_actions.ordinal",
    )?;
    let mut actions = actions.query([from_sequence, to_sequence])?;
    while let Some(row) = actions.next()? {
        let message_id: String = row.get("message_id")?;
        // A message between the two that is not asked for keeps its actions to itself.
        if let Some(message) = messages.iter_mut().find(|message| message.id == message_id) {
            message.actions.push(read_action(row)?);
        }
    }
    Ok(())
}
