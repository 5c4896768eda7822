//! `/api/tokens`: the tokens that scripts send as `Authorization: Bearer`.

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    routing::{delete, get},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    json::Json,
    json_body::{JsonObject, missing},
};
use crate::{
    domain::token::{NewToken, TokenInfo},
    error::ApiError,
    server::{caller::Caller, state::AppState, tokens},
};

pub fn router() -> Router<AppState> {
    Router::new().route("/api/tokens", get(list).post(make)).route("/api/tokens/{id}", delete(revoke))
}

/// The tokens of the account.
#[derive(Serialize, ToSchema)]
pub struct TokenList {
    tokens: Vec<TokenInfo>,
}

/// The body of a request for a token.
#[derive(Serialize, ToSchema)]
pub struct TokenRequest {
    /// 1 to 80 characters.
    name: String,
    /// At least one of `read`, `propose`, `trade` and `admin`; none that the caller lacks.
    scopes: Vec<String>,
    /// In the future; without it the token has no end.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The id of a token in a path.
pub struct TokenInPath(String);

impl<S: Send + Sync> FromRequestParts<S> for TokenInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A path that is not UTF-8 once decoded contains no id.
        let Path(id) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ApiError::NotFound)?;
        Ok(Self(id))
    }
}

/// The account's tokens, oldest first, without their secrets.
#[utoipa::path(get, path = "/api/tokens", tag = "Access", responses((status = 200, body = TokenList)))]
pub async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<TokenList>, ApiError> {
    Ok(Json(TokenList { tokens: state.tokens.list(caller.account).await? }))
}

/// Make a token for a script. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/tokens", tag = "Access",
    request_body(content = TokenRequest, example = json!({ "name": "rebalancing script", "scopes": ["read", "trade"] })),
    responses((status = 201, description = "The token, with its secret.", body = NewToken))
)]
pub async fn make(
    State(state): State<AppState>,
    caller: Caller,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<NewToken>), ApiError> {
    let name = body.take_string("name", tokens::wrong_name())?.ok_or_else(|| missing("name"))?;
    let scopes = body.take_strings("scopes", tokens::wrong_scopes())?.ok_or_else(|| missing("scopes"))?;
    let expires_at = body.take_value("expires_at", |_| tokens::wrong_end())?;
    body.finish()?;
    let made = state.tokens.make(caller, &name, &scopes, expires_at).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revoke a token. It admits nobody from this answer on.
#[utoipa::path(
    delete, path = "/api/tokens/{id}", tag = "Access",
    params(("id" = String, Path, example = "019b2c1e-6f0a-7cc2-9d3e-1f2a3b4c5d6e")),
    responses((status = 204, description = "It is revoked."))
)]
pub async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    TokenInPath(id): TokenInPath,
) -> Result<StatusCode, ApiError> {
    state.tokens.revoke(caller.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
