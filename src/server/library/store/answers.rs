//! Rows of answers and their events. Events are stored as sent, citations included, so they outlive the documents.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{ACCOUNT_ID, Failed, tasks};
use crate::{
    domain::{
        instant::UtcInstant,
        library::{Answer, AnswerEvent, AnswerState, Filters},
    },
    error::ApiError,
    server::library::bounds::{ANSWERS_KEPT_MAX, ANSWERS_LIVE_MAX},
};

fn read_answer(row: &Row<'_>) -> rusqlite::Result<Answer> {
    let instant = |at: i64| UtcInstant::from_unix_ms(at).to_rfc3339();
    let filters: String = row.get("filters")?;
    Ok(Answer {
        id: row.get("id")?,
        question: row.get("question")?,
        filters: serde_json::from_str(&filters).unwrap_or_default(),
        state: tasks::name(row, "state", AnswerState::from_name)?,
        kind: row.get("kind")?,
        model: row.get("model")?,
        statements: Vec::new(),
        error_code: row.get("error_code")?,
        error_text: row.get("error_text")?,
        created_at: instant(row.get("created_at")?),
        finished_at: row.get::<_, Option<i64>>("finished_at")?.map(instant),
    })
}

/// Queues a question and returns the answer's id. Deletes the oldest answers over the bound.
///
/// # Errors
/// If too many are queued.
pub fn insert(rows: &Connection, question: &str, filters: &Filters, at: UtcInstant) -> Result<String, Failed> {
    let live: i64 = rows
        .prepare_cached("SELECT COUNT(*) FROM answers WHERE account_id = ?1 AND state IN ('queued', 'running')")?
        .query_row([ACCOUNT_ID], |row| row.get(0))?;
    if live.unsigned_abs() >= ANSWERS_LIVE_MAX {
        return Err(ApiError::TooManyTasks.into());
    }
    let id = Uuid::now_v7().to_string();
    let filters = serde_json::to_string(filters).map_err(|_| ApiError::Internal)?;
    rows.prepare_cached(
        "INSERT INTO answers (id, account_id, question, filters, state, created_at) VALUES (?1, ?2, ?3, ?4, 'queued', ?5)",
    )?
    .execute(params![id, ACCOUNT_ID, question, filters, at.unix_ms()])?;
    rows.prepare_cached(
        "DELETE FROM answers WHERE account_id = ?1 AND state NOT IN ('queued', 'running') AND id NOT IN
            (SELECT id FROM answers WHERE account_id = ?1 ORDER BY id DESC LIMIT ?2)",
    )?
    .execute(params![ACCOUNT_ID, ANSWERS_KEPT_MAX as i64])?;
    Ok(id)
}

/// Takes the oldest queued question.
pub fn take(rows: &Connection) -> rusqlite::Result<Option<Answer>> {
    let next = rows
        .prepare_cached("SELECT * FROM answers WHERE state = 'queued' ORDER BY id LIMIT 1")?
        .query_row([], read_answer)
        .optional()?;
    if let Some(answer) = &next {
        rows.prepare_cached("UPDATE answers SET state = 'running' WHERE id = ?1")?.execute([&answer.id])?;
    }
    Ok(next)
}

/// Sets the kind of answer and the filters used.
pub fn set_kind(
    rows: &Connection,
    id: &str,
    kind: &str,
    model: Option<&str>,
    filters: &Filters,
) -> rusqlite::Result<()> {
    let filters =
        serde_json::to_string(filters).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
    rows.prepare_cached("UPDATE answers SET kind = ?2, model = ?3, filters = ?4 WHERE id = ?1")?
        .execute(params![id, kind, model, filters])?;
    Ok(())
}

/// Adds an event to a running answer; the last event ends it. Returns whether the answer was running.
pub fn tell(rows: &Connection, id: &str, event: &AnswerEvent, at: UtcInstant) -> rusqlite::Result<bool> {
    let is_running: bool = rows
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM answers WHERE id = ?1 AND state IN ('queued', 'running'))")?
        .query_row([id], |row| row.get(0))?;
    if !is_running {
        return Ok(false);
    }
    let json = serde_json::to_string(event).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
    rows.prepare_cached(
        "INSERT INTO answer_events (answer_id, sequence, account_id, event)
         VALUES (?1, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM answer_events WHERE answer_id = ?1), ?2, ?3)",
    )?
    .execute(params![id, ACCOUNT_ID, json])?;
    let (state, code, text) = match event {
        AnswerEvent::Done(_) => (AnswerState::Done, None, None),
        AnswerEvent::Error(failure) => (AnswerState::Failed, Some(&failure.code), Some(&failure.message)),
        AnswerEvent::Cancelled {} => (AnswerState::Cancelled, None, None),
        AnswerEvent::Started(_) | AnswerEvent::Sources(_) | AnswerEvent::Statement(_) => return Ok(true),
    };
    rows.prepare_cached(
        "UPDATE answers SET state = ?2, error_code = ?3, error_text = ?4, finished_at = ?5 WHERE id = ?1",
    )?
    .execute(params![id, state.as_str(), code, text, at.unix_ms()])?;
    Ok(true)
}

/// An answer's events after the one numbered `after`, numbered from 1. `None` if there is no such answer.
pub fn events(rows: &Connection, id: &str, after: u64) -> rusqlite::Result<Option<Vec<(u64, AnswerEvent)>>> {
    let is_there: bool = rows
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM answers WHERE id = ?1 AND account_id = ?2)")?
        .query_row([id, ACCOUNT_ID], |row| row.get(0))?;
    if !is_there {
        return Ok(None);
    }
    let mut events = rows.prepare_cached(
        "SELECT sequence, event FROM answer_events WHERE answer_id = ?1 AND account_id = ?2 AND sequence > ?3 ORDER BY sequence",
    )?;
    let read = |row: &Row<'_>| {
        let json: String = row.get(1)?;
        let event = serde_json::from_str(&json)
            .map_err(|cause| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, cause.into()))?;
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), event))
    };
    events.query_map(params![id, ACCOUNT_ID, after as i64], read)?.collect::<Result<_, _>>().map(Some)
}

/// An answer with its statements.
pub fn get(rows: &Connection, id: &str) -> rusqlite::Result<Option<Answer>> {
    let answer = rows
        .prepare_cached("SELECT * FROM answers WHERE id = ?1 AND account_id = ?2")?
        .query_row([id, ACCOUNT_ID], read_answer)
        .optional()?;
    let Some(mut answer) = answer else { return Ok(None) };
    for (_, event) in events(rows, id, 0)?.unwrap_or_default() {
        if let AnswerEvent::Statement(statement) = event {
            answer.statements.push(statement);
        }
    }
    Ok(Some(answer))
}

/// Answers, newest first, those before `cursor` (an id), without statements, and the total count.
pub fn list(rows: &Connection, cursor: Option<&str>, limit: usize) -> rusqlite::Result<(Vec<Answer>, u64)> {
    let total: i64 = rows
        .prepare_cached("SELECT COUNT(*) FROM answers WHERE account_id = ?1")?
        .query_row([ACCOUNT_ID], |row| row.get(0))?;
    let mut answers = rows.prepare_cached(
        "SELECT * FROM answers WHERE account_id = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
    )?;
    let answers = answers.query_map(params![ACCOUNT_ID, cursor, limit as i64], read_answer)?;
    Ok((answers.collect::<Result<_, _>>()?, total.unsigned_abs()))
}

/// After a crash: running answers end as interrupted, queued ones stay queued.
pub fn recover(rows: &Connection, cut_off: &AnswerEvent, at: UtcInstant) -> rusqlite::Result<()> {
    let running: Vec<String> = {
        let mut running = rows.prepare("SELECT id FROM answers WHERE state = 'running'")?;
        running.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    running.iter().try_for_each(|id| tell(rows, id, cut_off, at).map(|_| ()))
}
