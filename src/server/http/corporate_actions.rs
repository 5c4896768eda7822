//! `/api/corporate-actions`: splits and dividends.

use axum::{Router, extract::State, routing::get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    json::Json,
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::corporate_action::ActionPage,
    error::ApiError,
    server::{caller::Caller, ledger::ACTIONS_MAX, state::AppState},
};

const LIMIT_DEFAULT: usize = 100;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/corporate-actions", get(read))
}

/// `?limit=100&cursor=…`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActionsParameters {
    /// Most entries to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 100)]
    limit: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Splits and cash dividends of the account since the latest reset, newest first, with the effect of each. They come
/// from the vendor of real prices. A split multiplies the shares held when its day began, at the same cost; earlier
/// trades also have their figures in shares of today (`adjusted`). A dividend is owed on the shares held when its
/// ex-date began, and is credited to cash on its pay date, as `dividend_income`.
#[utoipa::path(
    get, path = "/api/corporate-actions", tag = "Portfolio", params(ActionsParameters),
    responses((status = 200, body = ActionPage))
)]
pub async fn read(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<ActionsParameters>,
) -> Result<Json<ActionPage>, ApiError> {
    let limit = read_limit(parameters.limit.as_deref(), LIMIT_DEFAULT, ACTIONS_MAX)?;
    let before = match parameters.cursor.as_deref() {
        None => None,
        Some(cursor) => {
            let number = cursor.parse().map_err(|_| invalid_parameter("cursor", "it has to be a next_cursor"))?;
            Some(number)
        }
    };
    state.ledger.corporate_actions(caller.account, limit, before).await.map(Json)
}
