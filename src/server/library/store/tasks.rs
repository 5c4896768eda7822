//! Rows of tasks.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{ACCOUNT_ID, Failed, documents};
use crate::{
    domain::{
        instant::UtcInstant,
        library::{DocumentState, Stage, Task, TaskState},
    },
    error::ApiError,
    server::library::bounds::{ATTEMPTS_MAX, RETRY_WAIT, TASKS_MAX},
};

const COLUMNS: &str = "tasks.id, tasks.document_id, documents.title, tasks.stage, tasks.state, tasks.done, tasks.total, \
    tasks.attempt, tasks.error_code, tasks.error_text, tasks.created_at, tasks.updated_at";

fn read_task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let instant = |column: &str| Ok::<_, rusqlite::Error>(UtcInstant::from_unix_ms(row.get(column)?).to_rfc3339());
    Ok(Task {
        id: row.get("id")?,
        document: row.get("document_id")?,
        title: row.get("title")?,
        stage: name(row, "stage", Stage::from_name)?,
        state: name(row, "state", TaskState::from_name)?,
        done: row.get::<_, i64>("done")?.unsigned_abs(),
        total: row.get::<_, Option<i64>>("total")?.map(i64::unsigned_abs),
        attempt: row.get("attempt")?,
        error_code: row.get("error_code")?,
        error_text: row.get("error_text")?,
        created_at: instant("created_at")?,
        updated_at: instant("updated_at")?,
    })
}

/// Parses a column that holds the name of a value.
pub fn name<T>(row: &Row<'_>, column: &str, read: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            0,
            rusqlite::types::Type::Text,
            format!("{column} is {text:?}").into(),
        )
    })
}

/// A task by its id.
pub fn get(rows: &Connection, id: &str) -> rusqlite::Result<Option<Task>> {
    let query = format!(
        "SELECT {COLUMNS} FROM tasks JOIN documents ON documents.id = document_id WHERE tasks.id = ?1 AND tasks.account_id = ?2"
    );
    rows.prepare_cached(&query)?.query_row([id, ACCOUNT_ID], read_task).optional()
}

/// The latest task of a document.
pub fn of_document(rows: &Connection, document: &str) -> rusqlite::Result<Option<Task>> {
    let query = format!(
        "SELECT {COLUMNS} FROM tasks JOIN documents ON documents.id = document_id
         WHERE document_id = ?1 AND tasks.account_id = ?2 ORDER BY tasks.created_at DESC, tasks.id DESC LIMIT 1"
    );
    rows.prepare_cached(&query)?.query_row([document, ACCOUNT_ID], read_task).optional()
}

/// Tasks, newest first, those before `cursor` (an id), and the total count.
pub fn list(
    rows: &Connection,
    state: Option<TaskState>,
    cursor: Option<&str>,
    limit: usize,
) -> rusqlite::Result<(Vec<Task>, u64)> {
    let state = state.map(TaskState::as_str);
    let total: i64 = rows
        .prepare_cached("SELECT COUNT(*) FROM tasks WHERE account_id = ?1 AND (?2 IS NULL OR state = ?2)")?
        .query_row(params![ACCOUNT_ID, state], |row| row.get(0))?;
    // Ids grow with time.
    let query = format!(
        "SELECT {COLUMNS} FROM tasks JOIN documents ON documents.id = document_id
         WHERE tasks.account_id = ?1 AND (?2 IS NULL OR tasks.state = ?2) AND (?3 IS NULL OR tasks.id < ?3)
         ORDER BY tasks.id DESC LIMIT ?4"
    );
    let mut query = rows.prepare_cached(&query)?;
    let tasks = query.query_map(params![ACCOUNT_ID, state, cursor, limit as i64], read_task)?;
    Ok((tasks.collect::<Result<_, _>>()?, total.unsigned_abs()))
}

/// Queues a task for a document.
///
/// # Errors
/// If the queue is full, or the document has a live task.
pub fn enqueue(rows: &Connection, document: &str, stage: Stage, at: UtcInstant) -> Result<String, Failed> {
    let live: i64 = rows
        .prepare_cached("SELECT COUNT(*) FROM tasks WHERE account_id = ?1 AND state IN ('queued', 'running')")?
        .query_row([ACCOUNT_ID], |row| row.get(0))?;
    if live.unsigned_abs() >= TASKS_MAX {
        return Err(ApiError::TooManyTasks.into());
    }
    let id = Uuid::now_v7().to_string();
    rows.prepare_cached(
        "INSERT INTO tasks (id, account_id, document_id, stage, state, attempt, done, not_before, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, 'queued', 1, 0, ?5, ?5, ?5)",
    )?
    .execute(params![id, ACCOUNT_ID, document, stage.as_str(), at.unix_ms()])?;
    Ok(id)
}

/// A task as the worker needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub task: String,
    pub document: String,
    pub stage: Stage,
    pub attempt: u32,
}

/// Takes the oldest queued task that is due, or returns when the next one is due.
pub fn take(rows: &Connection, now: UtcInstant) -> rusqlite::Result<Result<Work, Option<UtcInstant>>> {
    let next = rows
        .prepare_cached("SELECT id, document_id, stage, attempt, not_before FROM tasks WHERE state = 'queued' ORDER BY not_before, id LIMIT 1")?
        .query_row([], |row| {
            let work = Work {
                task: row.get("id")?,
                document: row.get("document_id")?,
                stage: name(row, "stage", Stage::from_name)?,
                attempt: row.get("attempt")?,
            };
            Ok((work, UtcInstant::from_unix_ms(row.get("not_before")?)))
        })
        .optional()?;
    match next {
        None => Ok(Err(None)),
        Some((_, not_before)) if not_before > now => Ok(Err(Some(not_before))),
        Some((work, _)) => {
            set_state(rows, &work.task, TaskState::Running, now)?;
            Ok(Ok(work))
        }
    }
}

fn set_state(rows: &Connection, task: &str, state: TaskState, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE tasks SET state = ?2, updated_at = ?3 WHERE id = ?1")?.execute(params![
        task,
        state.as_str(),
        at.unix_ms()
    ])?;
    Ok(())
}

/// Whether a task still runs: not cancelled, and its document not deleted.
pub fn is_running(rows: &Connection, task: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM tasks WHERE id = ?1 AND state = 'running')")?
        .query_row([task], |row| row.get(0))
}

/// Records a stage's progress.
pub fn progress(rows: &Connection, task: &str, done: u64, total: Option<u64>, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE tasks SET done = ?2, total = ?3, updated_at = ?4 WHERE id = ?1")?.execute(params![
        task,
        done as i64,
        total.map(|total| total as i64),
        at.unix_ms()
    ])?;
    Ok(())
}

/// Moves a task to its next stage, which starts at once.
pub fn advance(rows: &Connection, task: &str, stage: Stage, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE tasks SET stage = ?2, attempt = 1, done = 0, total = NULL, error_code = NULL, error_text = NULL, updated_at = ?3
         WHERE id = ?1",
    )?
    .execute(params![task, stage.as_str(), at.unix_ms()])?;
    Ok(())
}

/// Ends a task as done.
pub fn finish(rows: &Connection, work: &Work, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE tasks SET state = 'done', error_code = NULL, error_text = NULL, updated_at = ?2 WHERE id = ?1",
    )?
    .execute(params![work.task, at.unix_ms()])?;
    documents::set_state(rows, &work.document, DocumentState::Done, at)
}

/// After a failure: queues a later attempt, or ends the task as failed. Returns whether it is over.
pub fn fail(
    rows: &Connection,
    work: &Work,
    code: &str,
    text: &str,
    may_pass: bool,
    at: UtcInstant,
) -> rusqlite::Result<bool> {
    let is_over = !may_pass || work.attempt >= ATTEMPTS_MAX;
    let wait = RETRY_WAIT.as_millis() as i64 * 4_i64.pow(work.attempt.saturating_sub(1).min(4));
    let (state, attempt, not_before) = if is_over {
        (TaskState::Failed, work.attempt, at.unix_ms())
    } else {
        (TaskState::Queued, work.attempt + 1, at.unix_ms() + wait)
    };
    rows.prepare_cached(
        "UPDATE tasks SET state = ?2, attempt = ?3, not_before = ?4, error_code = ?5, error_text = ?6, updated_at = ?7
         WHERE id = ?1 AND state = 'running'",
    )?
    .execute(params![work.task, state.as_str(), attempt, not_before, code, text, at.unix_ms()])?;
    if is_over {
        documents::after_failure(rows, &work.document, DocumentState::Failed, at)?;
    }
    Ok(is_over)
}

/// Cancels a live task and returns its new state.
///
/// # Errors
/// If there is no such task.
pub fn cancel(rows: &Connection, id: &str, at: UtcInstant) -> Result<Task, Failed> {
    let task = get(rows, id)?.ok_or(ApiError::NotFound)?;
    if !task.state.is_over() {
        set_state(rows, id, TaskState::Cancelled, at)?;
        documents::after_failure(rows, &task.document, DocumentState::Cancelled, at)?;
    }
    Ok(get(rows, id)?.ok_or(ApiError::NotFound)?)
}

/// Queues a failed or cancelled task again, at the stage where it stopped.
///
/// # Errors
/// If there is no such task, its document has a newer or live one, or the queue is full.
pub fn retry(rows: &Connection, id: &str, at: UtcInstant) -> Result<Task, Failed> {
    let task = get(rows, id)?.ok_or(ApiError::NotFound)?;
    let latest = of_document(rows, &task.document)?.ok_or(ApiError::NotFound)?;
    // A retry is idempotent.
    if !latest.state.is_over() || latest.state == TaskState::Done {
        return Ok(latest);
    }
    documents::may_live_again(rows, &task.document)?;
    let live: i64 = rows
        .prepare_cached("SELECT COUNT(*) FROM tasks WHERE account_id = ?1 AND state IN ('queued', 'running')")?
        .query_row([ACCOUNT_ID], |row| row.get(0))?;
    if live.unsigned_abs() >= TASKS_MAX {
        return Err(ApiError::TooManyTasks.into());
    }
    rows.prepare_cached(
        "UPDATE tasks SET state = 'queued', attempt = 1, not_before = ?2, error_code = NULL, error_text = NULL, updated_at = ?2
         WHERE id = ?1",
    )?
    .execute(params![latest.id, at.unix_ms()])?;
    let state = if latest.stage == Stage::Embed { DocumentState::Searchable } else { DocumentState::Reading };
    documents::set_state(rows, &task.document, state, at)?;
    Ok(get(rows, &latest.id)?.ok_or(ApiError::NotFound)?)
}

/// Queues the tasks that a crash interrupted, at their current stage. Returns the number of queued tasks.
pub fn recover(rows: &Connection, at: UtcInstant) -> rusqlite::Result<u64> {
    rows.execute("UPDATE tasks SET state = 'queued', updated_at = ?1 WHERE state = 'running'", [at.unix_ms()])?;
    let waiting: i64 = rows.query_row("SELECT COUNT(*) FROM tasks WHERE state = 'queued'", [], |row| row.get(0))?;
    Ok(waiting.unsigned_abs())
}
