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

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::store::decode;
use crate::domain::{
    chat::{Action, RecordedAction, RecordedMessage},
    instant::UtcInstant,
    money::{Price, Quantity},
    order::Side,
};

#[cfg(test)]
pub use read::CHAT_PAGE;
#[cfg(test)]
pub use run::SPENT;

pub use begin::{BeginTurn, Begun, CloseTurns, PastTurn, TurnContext};
pub use read::RecordedPage;
pub use record::{NewAction, Provenance, RAW_REPLY_BYTES_MAX, RecordReply};
pub use run::{ActionRun, DecideAction, RunActions, Step};
pub use settings::{ClearChat, SetAutonomy};

/// How an action's kind is written in its row.
fn kind_of(action: &Action) -> &'static str {
    match action {
        Action::Watch(_) => "add",
        Action::Unwatch(_) => "remove",
        Action::Trade { side, .. } => side.as_str(),
    }
}

/// One row of `chat_messages`, without its actions.
fn read_message(row: &SqliteRow) -> Result<RecordedMessage, sqlx::Error> {
    Ok(RecordedMessage {
        id: row.try_get("id")?,
        role: decode("role", row.try_get::<String, _>("role")?.parse())?,
        message: row.try_get("message")?,
        actions: Vec::new(),
        failure: row.try_get("failure")?,
        created_at: UtcInstant::from_unix_ms(row.try_get("created_at_ms")?),
    })
}

/// One row of `chat_actions`.
fn read_action(row: &SqliteRow) -> Result<RecordedAction, sqlx::Error> {
    let kind: String = row.try_get("kind")?;
    let ticker = decode("ticker", row.try_get::<String, _>("ticker")?.parse())?;
    let action = match kind.as_str() {
        "add" => Action::Watch(ticker),
        "remove" => Action::Unwatch(ticker),
        side => Action::Trade {
            ticker,
            side: decode::<Side, _>("kind", side.parse())?,
            quantity: decode("quantity_millionths", Quantity::from_millionths(row.try_get("quantity_millionths")?))?,
        },
    };
    let price: Option<i64> = row.try_get("price_units")?;
    Ok(RecordedAction {
        id: row.try_get("id")?,
        action,
        status: decode("status", row.try_get::<String, _>("status")?.parse())?,
        price: price.map(|units| decode("price_units", Price::from_units(units).ok_or("out of range"))).transpose()?,
        error: row.try_get("error")?,
        decided_at: UtcInstant::from_unix_ms(row.try_get("decided_at_ms")?),
    })
}

/// Adds to each message, all of which stand between two sequences, what its reply asked for.
async fn add_actions(
    messages: &mut [RecordedMessage],
    from_sequence: i64,
    to_sequence: i64,
    rows: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let actions = sqlx::query(
        "SELECT chat_actions.* FROM chat_messages JOIN chat_actions ON chat_actions.message_id = chat_messages.id
         WHERE chat_messages.sequence BETWEEN ?1 AND ?2 ORDER BY chat_messages.sequence, chat_actions.ordinal",
    )
    .bind(from_sequence)
    .bind(to_sequence)
    .fetch_all(rows)
    .await?;
    for row in actions {
        let message_id: String = row.try_get("message_id")?;
        // A message between the two that is not asked for keeps its actions to itself.
        if let Some(message) = messages.iter_mut().find(|message| message.id == message_id) {
            message.actions.push(read_action(&row)?);
        }
    }
    Ok(())
}
