//! `/api/tools`: the catalogue of tools.

use axum::{Router, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::Json;
use crate::server::{
    caller::Caller,
    state::AppState,
    tools::{self, Tool},
};

pub fn router() -> Router<AppState> {
    Router::new().route("/api/tools", get(list))
}

/// The tools.
#[derive(Serialize, ToSchema)]
pub struct ToolList {
    #[schema(value_type = Vec<Object>)]
    tools: &'static [Tool],
}

/// The tools that MCP clients, the copilot and automations may use, with the JSON Schemas of their input and answer, their
/// effect (`read` or `act`) and their limits.
#[utoipa::path(get, path = "/api/tools", tag = "Tools", responses((status = 200, body = ToolList)))]
pub async fn list(_: Caller) -> Json<ToolList> {
    Json(ToolList { tools: tools::all() })
}
