//! `/api/library/tasks`: tasks that take documents in, with their errors.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{limit, named, next_cursor};
use crate::{
    domain::library::{Task, TaskState},
    error::ApiError,
    server::{
        http::{json::Json, parameter::Parameter},
        state::AppState,
    },
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TasksParameters {
    /// `queued`, `running`, `done`, `failed` or `cancelled`
    state: Option<String>,
    /// Most tasks to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TaskPage {
    tasks: Vec<Task>,
    total: u64,
    next_cursor: Option<String>,
}

/// The tasks, newest first.
#[utoipa::path(
    get, path = "/api/library/tasks", tag = "Library", params(TasksParameters),
    responses((status = 200, body = TaskPage))
)]
pub async fn list(
    State(state): State<AppState>,
    Parameter(parameters): Parameter<TasksParameters>,
) -> Result<Json<TaskPage>, ApiError> {
    let limit = limit(parameters.limit.as_deref())?;
    let names = "queued, running, done, failed or cancelled";
    let wanted = named("state", parameters.state.as_deref(), TaskState::from_name, names)?;
    let (tasks, total) = state.library.tasks(wanted, parameters.cursor, limit).await?;
    let next_cursor = next_cursor(tasks.len(), limit, tasks.last().map(|task| task.id.as_str())).map(str::to_owned);
    Ok(Json(TaskPage { tasks, total, next_cursor }))
}

/// Cancel a task. All of its work has stopped when the response comes; a finished task keeps its state.
#[utoipa::path(
    post, path = "/api/library/tasks/{id}/cancel", tag = "Library", params(("id" = String, Path)),
    responses((status = 200, body = Task))
)]
pub async fn cancel(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Task>, ApiError> {
    state.library.cancel_task(id).await.map(Json)
}

/// Retry a failed or cancelled task, from the stage where it stopped.
#[utoipa::path(
    post, path = "/api/library/tasks/{id}/retry", tag = "Library", params(("id" = String, Path)),
    responses((status = 200, body = Task))
)]
pub async fn retry(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Task>, ApiError> {
    state.library.retry_task(id).await.map(Json)
}
