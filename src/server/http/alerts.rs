//! `/api/alerts`: conditions that are watched, and the log of their firings.

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    routing::{get, patch, post},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::alerts::request::{AlertView, ChangeAlert, FiringsPage, NewAlert},
    error::ApiError,
    server::{caller::Caller, ledger::alerts::FIRINGS_MAX, state::AppState},
};

const LIMIT_DEFAULT: usize = 50;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/alerts", get(list).post(create))
        .route("/api/alerts/{id}", patch(change).get(read).delete(delete))
        .route("/api/alerts/firings", get(firings))
        .route("/api/alerts/firings/read", post(mark_read))
}

/// The one alert that a path names.
pub struct AlertInPath(String);

impl<S: Send + Sync> FromRequestParts<S> for AlertInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A path that is not valid text matches no alert.
        let Path(id) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ApiError::UnknownAlert)?;
        Ok(Self(id))
    }
}

/// All alerts of the account.
#[derive(Serialize, ToSchema)]
pub struct AlertList {
    /// Newest first.
    alerts: Vec<AlertView>,
    /// The firings that nobody has read.
    unread: u64,
}

/// Make an alert. It fires when its condition becomes true, which the first look can find, and again only after it was false;
/// more than 15 firings in three minutes pause it.
#[utoipa::path(
    post, path = "/api/alerts", tag = "Alerts",
    request_body(content = NewAlert, example = json!({
        "condition": {"left": {"price": "NVDA"}, "op": ">", "right": 850}, "frequency": "once", "note": "take profit?"
    })),
    responses((status = 201, description = "The alert.", body = AlertView))
)]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    body: JsonObject,
) -> Result<(StatusCode, Json<AlertView>), ApiError> {
    let alert = state.alerts.create(caller, read_new(body)?).await?;
    Ok((StatusCode::CREATED, Json(alert)))
}

/// All alerts, newest first, those included that have fired or expired.
#[utoipa::path(get, path = "/api/alerts", tag = "Alerts", responses((status = 200, body = AlertList)))]
pub async fn list(State(state): State<AppState>, caller: Caller) -> Json<AlertList> {
    let unread = state.ledger.books(caller.account).alerts.unread;
    Json(AlertList { alerts: state.alerts.alerts(caller.account), unread })
}

/// An alert, and what its condition is now: `unknown` while a value is not known, which fires nothing.
#[utoipa::path(
    get, path = "/api/alerts/{id}", tag = "Alerts", params(("id" = String, Path)),
    responses((status = 200, body = AlertView))
)]
pub async fn read(
    State(state): State<AppState>,
    caller: Caller,
    AlertInPath(id): AlertInPath,
) -> Result<Json<AlertView>, ApiError> {
    state.alerts.alert(caller.account, &id).map(Json)
}

/// Change an alert, pause it, or let it go on: one that was paused, has fired or paused itself watches again. A field that is
/// missing keeps its value.
#[utoipa::path(
    patch, path = "/api/alerts/{id}", tag = "Alerts", params(("id" = String, Path)),
    request_body(content = ChangeAlert, example = json!({ "paused": true })),
    responses((status = 200, description = "The alert as it is now.", body = AlertView))
)]
pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    AlertInPath(id): AlertInPath,
    body: JsonObject,
) -> Result<Json<AlertView>, ApiError> {
    state.alerts.change(caller, &id, read_change(body)?).await.map(Json)
}

/// Delete an alert. Its firings stay in the log.
#[utoipa::path(
    delete, path = "/api/alerts/{id}", tag = "Alerts", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone."))
)]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    AlertInPath(id): AlertInPath,
) -> Result<StatusCode, ApiError> {
    state.alerts.delete(caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `?limit=50&cursor=…`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FiringParameters {
    /// Maximum number of firings.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The log of firings, newest first, each with what was true.
#[utoipa::path(
    get, path = "/api/alerts/firings", tag = "Alerts", params(FiringParameters),
    responses((status = 200, body = FiringsPage))
)]
pub async fn firings(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<FiringParameters>,
) -> Result<Json<FiringsPage>, ApiError> {
    let limit = read_limit(parameters.limit.as_deref(), LIMIT_DEFAULT, FIRINGS_MAX)?;
    let before = match parameters.cursor.map(|text| text.parse()) {
        None => i64::MAX,
        Some(Ok(cursor)) => cursor,
        Some(Err(_)) => return Err(invalid_parameter("cursor", "it is not one that a page ended with")),
    };
    state.alerts.firings(caller.account, before, limit).await.map(Json)
}

/// The firings to be marked as read.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadRequest {
    /// The id of the latest firing that was seen; all firings without it.
    #[schema(required = false)]
    until: Option<String>,
}

/// The firings that nobody has read.
#[derive(Serialize, ToSchema)]
pub struct Unread {
    unread: u64,
}

/// Mark firings as read: all, or those up to one.
#[utoipa::path(
    post, path = "/api/alerts/firings/read", tag = "Alerts",
    request_body(content = ReadRequest, example = json!({})),
    responses((status = 200, description = "How many are unread now.", body = Unread))
)]
pub async fn mark_read(
    State(state): State<AppState>,
    caller: Caller,
    mut body: JsonObject,
) -> Result<Json<Unread>, ApiError> {
    let until = body.take_string("until", invalid_parameter("until", "it has to be the id of a firing"))?;
    body.finish()?;
    Ok(Json(Unread { unread: state.alerts.mark_read(caller, until).await? }))
}

/// A field of a body that is not what it has to be.
fn wrong(field: &'static str) -> impl FnOnce(String) -> ApiError {
    move |reason| invalid_parameter(field, &reason)
}

/// Reads an alert from its body; each refusal names its field.
fn read_new(mut body: JsonObject) -> Result<NewAlert, ApiError> {
    let alert = NewAlert {
        condition: body.take_value("condition", wrong("condition"))?.ok_or_else(|| missing("condition"))?,
        frequency: body.take_value("frequency", wrong("frequency"))?.ok_or_else(|| missing("frequency"))?,
        expires_at: body.take_value("expires_at", wrong("expires_at"))?,
        note: body.take_value("note", wrong("note"))?,
    };
    body.finish()?;
    Ok(alert)
}

fn read_change(mut body: JsonObject) -> Result<ChangeAlert, ApiError> {
    let change = ChangeAlert {
        condition: body.take_value("condition", wrong("condition"))?,
        frequency: body.take_value("frequency", wrong("frequency"))?,
        expires_at: body.take_value("expires_at", wrong("expires_at"))?,
        never_expires: body.take_value("never_expires", wrong("never_expires"))?,
        note: body.take_value("note", wrong("note"))?,
        paused: body.take_value("paused", wrong("paused"))?,
    };
    body.finish()?;
    Ok(change)
}

/// Errors of the operations here, for the API's description.
pub fn errors(method: &str, path: &str) -> Vec<ApiError> {
    let malformed = || ApiError::MalformedJson { reason: "the field \"note\" stands twice".to_owned() };
    let condition = || invalid_parameter("condition", "a condition is at most 8 deep");
    match (method, path) {
        ("post", "/api/alerts") => {
            let missing = ApiError::MissingField { field: "condition".to_owned() };
            vec![malformed(), missing, condition(), ApiError::TooManyAlerts]
        }
        ("post", _) => vec![malformed(), invalid_parameter("until", "it has to be the id of a firing")],
        ("patch", _) => vec![malformed(), condition(), ApiError::TooManyAlerts, ApiError::UnknownAlert],
        ("get", "/api/alerts/firings") => vec![invalid_parameter("limit", "it has to be a whole number from 1 to 200")],
        ("get" | "delete", "/api/alerts/{id}") => vec![ApiError::UnknownAlert],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_condition(r#"{"frequency":"once"}"#, "missing_field", "condition")]
    #[case::no_frequency(r#"{"condition":{"left":1,"op":">","right":0}}"#, "missing_field", "frequency")]
    #[case::bad_frequency(
        r#"{"condition":{"left":1,"op":">","right":0},"frequency":"often"}"#,
        "invalid_parameter",
        "frequency"
    )]
    #[case::bad_condition(
        r#"{"condition":{"left":1,"op":"=","right":0},"frequency":"once"}"#,
        "invalid_parameter",
        "condition"
    )]
    #[case::unknown(r#"{"condition":{"left":1,"op":">","right":0},"frequency":"once","x":1}"#, "malformed_json", "x")]
    fn an_alert_that_is_not_one_names_its_field(#[case] body: &str, #[case] code: &str, #[case] field: &str) {
        let refusal = read_new(serde_json::from_str(body).unwrap()).unwrap_err();
        assert_eq!(refusal.code(), code);
        assert!(refusal.to_string().contains(field), "{refusal}");
    }
}
