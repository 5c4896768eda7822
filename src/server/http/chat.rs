//! `/api/chat`: the conversation with the copilot.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        chat::{ChatMessage, ChatPage, MessageText},
        order::ClientOrderId,
    },
    error::ApiError,
    server::{caller::Caller, state::AppState},
};

const MESSAGES_DEFAULT: usize = 50;
const MESSAGES_MAX: usize = 200;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/chat", get(read).post(send).delete(clear))
}

/// The body of a message to the copilot.
#[derive(ToSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChatRequest {
    /// 1 to 4,000 characters, not all of them blank.
    #[schema(min_length = 1, max_length = 4_000)]
    message: String,
    /// Id of the message, which makes sending it again idempotent.
    client_message_id: Option<ClientOrderId>,
}

/// Send a message to the copilot. The response comes after its actions have run: additions to the watchlist first, then
/// trades, then removals. `status` records the outcome of each action; the message's text may claim otherwise. A
/// repeated `client_message_id` returns the first response, and runs nothing again. One message is answered at a time.
/// The copilot continues if the caller disconnects; the conversation then has its answer.
#[utoipa::path(
    post, path = "/api/chat", tag = "Copilot",
    request_body(content = ChatRequest, example = json!({ "message": "Buy 2 NVDA and watch XOM" })),
    responses((status = 200, description = "The copilot's message.", body = ChatMessage))
)]
pub async fn send(
    State(state): State<AppState>,
    caller: Caller,
    mut body: JsonObject,
) -> Result<Json<ChatMessage>, ApiError> {
    let text = body.take_string("message", ApiError::InvalidMessage)?.ok_or_else(|| missing("message"))?;
    let not_a_string = invalid_parameter("client_message_id", "it has to be a string");
    let client_message_id = body.take_string("client_message_id", not_a_string)?;
    body.finish()?;
    let text: MessageText = text.parse()?;
    let client_message_id = client_message_id.map(|id| id.parse()).transpose()?;
    Ok(Json(state.copilot.send(caller.account, text, client_message_id).await?.into()))
}

/// `?limit=50&before=…`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChatParameters {
    /// Most messages to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// `next_before` of the previous page.
    before: Option<String>,
}

/// The conversation since it was last cleared: the newest messages, oldest first.
#[utoipa::path(
    get, path = "/api/chat", tag = "Copilot", params(ChatParameters),
    responses((status = 200, body = ChatPage))
)]
pub async fn read(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<ChatParameters>,
) -> Result<Json<ChatPage>, ApiError> {
    let limit = read_limit(parameters.limit.as_deref(), MESSAGES_DEFAULT, MESSAGES_MAX)?;
    let page = state.ledger.chat(caller.account, limit, parameters.before.as_deref(), (state.clock)()).await?;
    let oldest = page.messages.first().map(|message| message.id.clone());
    let next_before = oldest.filter(|_| page.has_more);
    Ok(Json(ChatPage { messages: page.messages.into_iter().map(ChatMessage::from).collect(), next_before }))
}

/// Clear the conversation, and cancel an answer in progress. Trades are kept, and so are their reasons in the database.
#[utoipa::path(
    delete, path = "/api/chat", tag = "Copilot",
    responses((status = 204, description = "The conversation is empty."))
)]
pub async fn clear(State(state): State<AppState>, caller: Caller) -> Result<StatusCode, ApiError> {
    state.copilot.clear(caller.account).await?;
    Ok(StatusCode::NO_CONTENT)
}
