//! `/api/settings`: what the page's settings keep on the server.

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
    /// How far the copilot acts by itself: not at all, each action waits for a click, or within the limits.
    #[schema(value_type = String, example = "auto")]
    autonomy: Autonomy,
    copilot: CopilotSettings,
}

/// Who answers. A model's key is not part of it, here or anywhere.
#[derive(Serialize, ToSchema)]
pub struct CopilotSettings {
    /// `built_in`, `mock`, `ready` or `off`
    #[schema(value_type = String, example = "built_in")]
    kind: Availability,
    model: Option<String>,
    /// The environment configures the copilot, and overrides the model connected in the page.
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

/// The settings that are kept on the server.
#[utoipa::path(get, path = "/api/settings", tag = "Copilot", responses((status = 200, body = Settings)))]
pub async fn read(State(state): State<AppState>, caller: Caller) -> Json<Settings> {
    Json(settings(&state, caller))
}

/// Change settings. The copilot's autonomy holds from this answer on, also for a reply that is being made.
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
