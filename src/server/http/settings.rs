//! `/api/settings`: the page's settings that are stored on the server.

use axum::{Router, extract::State, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    parameter::invalid_parameter,
};
use crate::{
    domain::copilot::{Autonomy, Availability, ModelState},
    error::ApiError,
    server::{caller::Caller, state::AppState},
};

pub fn router() -> Router<AppState> {
    Router::new().route("/api/settings", get(read).patch(change))
}

#[derive(Serialize, ToSchema)]
pub struct Settings {
    /// The copilot's autonomy: it only advises, each action waits for approval, or it acts within the limits.
    #[schema(value_type = String, example = "auto")]
    autonomy: Autonomy,
    copilot: CopilotSettings,
}

/// The model that answers. Its key is never returned, here or anywhere else.
#[derive(Serialize, ToSchema)]
pub struct CopilotSettings {
    /// `built_in`, `mock`, `ready` or `off`
    #[schema(value_type = String, example = "built_in")]
    kind: Availability,
    model: Option<String>,
    /// Whether the environment configures the copilot, which overrides the model connected in the page.
    set_by_environment: bool,
}

/// A change of settings.
#[derive(ToSchema, Serialize)]
pub struct SettingsChange {
    /// `advise`, `propose` or `auto`
    autonomy: Option<String>,
}

fn settings(state: &AppState, caller: Caller) -> Settings {
    let ModelState { availability, model, is_set_by_environment, .. } = state.copilot.model_state();
    let copilot = CopilotSettings { kind: availability, model, set_by_environment: is_set_by_environment };
    Settings { autonomy: state.ledger.books(caller.account).autonomy, copilot }
}

/// The settings that are stored on the server.
#[utoipa::path(get, path = "/api/settings", tag = "Copilot", responses((status = 200, body = Settings)))]
pub async fn read(State(state): State<AppState>, caller: Caller) -> Json<Settings> {
    Json(settings(&state, caller))
}

/// Change settings. The copilot's autonomy applies from this response on, also to a reply in progress.
#[utoipa::path(
    patch, path = "/api/settings", tag = "Copilot",
    request_body(content = SettingsChange, example = json!({ "autonomy": "propose" })),
    responses((status = 200, description = "The settings as they are now.", body = Settings))
)]
pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    mut body: JsonObject,
) -> Result<Json<Settings>, ApiError> {
    let wrong = || invalid_parameter("autonomy", "it has to be \"advise\", \"propose\" or \"auto\"");
    let autonomy = body.take_string("autonomy", wrong())?.ok_or_else(|| missing("autonomy"))?;
    body.finish()?;
    state.copilot.set_autonomy(caller.account, autonomy.parse().map_err(|_| wrong())?).await?;
    Ok(Json(settings(&state, caller)))
}
