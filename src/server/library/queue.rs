//! Tasks as people see them, and the counts of the whole library.

use super::{
    Library,
    store::{self, tasks},
};
use crate::{
    domain::library::{LibraryStats, Task, TaskState},
    error::ApiError,
};

impl Library {
    /// A page of tasks, newest first, and the total count.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn tasks(
        &self,
        state: Option<TaskState>,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Task>, u64), ApiError> {
        if self.is_unused() {
            return Ok((Vec::new(), 0));
        }
        self.store().await?.read(move |rows| tasks::list(rows, state, cursor.as_deref(), limit)).await
    }

    /// Cancels a task; all of its work has stopped when this returns. A finished task keeps its state.
    ///
    /// # Errors
    /// If there is no such task.
    pub async fn cancel_task(&self, id: String) -> Result<Task, ApiError> {
        let (own, now) = (id.clone(), self.now());
        let task = self.store().await?.write(move |rows| tasks::cancel(rows, &own, now)).await?;
        self.0.live.stop(&id).await;
        self.tell_both(&task.document, &task.id);
        Ok(task)
    }

    /// Queues a failed or cancelled task again, at the stage where it stopped.
    ///
    /// # Errors
    /// If there is no such task, or too many are queued.
    pub async fn retry_task(&self, id: String) -> Result<Task, ApiError> {
        let (own, now) = (id.clone(), self.now());
        let store = self.store().await?;
        let task = store.write(move |rows| tasks::retry(rows, &own, now)).await?;
        self.wake();
        self.tell_both(&task.document, &task.id);
        Ok(task)
    }

    /// Counts of the whole library; zeros if there is none yet.
    ///
    /// # Errors
    /// When the file does not answer.
    pub async fn stats(&self) -> Result<LibraryStats, ApiError> {
        let search = if self.0.embedder.is_some() { "hybrid" } else { "words" }.to_owned();
        if self.is_unused() {
            return Ok(LibraryStats { search, ..LibraryStats::default() });
        }
        let stats = self.store().await?.read(move |rows| {
            let counted = rows
                .prepare_cached(
                    "SELECT COUNT(*), COALESCE(SUM(pages), 0), COALESCE(SUM(segments), 0), COALESCE(SUM(bytes), 0)
                     FROM documents WHERE account_id = ?1",
                )?
                .query_row([store::ACCOUNT_ID], |row| {
                    Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?])
                })?;
            let tasks = rows
                .prepare_cached(
                    "SELECT COALESCE(SUM(state IN ('queued', 'running')), 0), COALESCE(SUM(state = 'failed'), 0)
                     FROM tasks WHERE account_id = ?1",
                )?
                .query_row([store::ACCOUNT_ID], |row| Ok([row.get(0)?, row.get::<_, i64>(1)?]))?;
            let [documents, pages, segments, bytes] = counted.map(i64::unsigned_abs);
            let [tasks_live, tasks_failed] = tasks.map(i64::unsigned_abs);
            Ok(LibraryStats { documents, pages, segments, bytes, tasks_live, tasks_failed, search })
        });
        stats.await
    }
}
