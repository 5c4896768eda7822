//! `POST /mcp`: the Model Context Protocol over streamable HTTP, without sessions. The tools are those of the
//! [catalogue](crate::server::tools); each request carries its own access.

use std::{borrow::Cow, sync::Arc};

use axum::{Router, http::request::Parts};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, GetPromptRequestParams,
        GetPromptResponse, GetPromptResult, Implementation, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, Prompt, PromptArgument, PromptMessage,
        ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource, ResourceContents,
        ResourceTemplate, Role, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::json_body::BODY_BYTES_MAX;
use crate::server::{
    caller::Caller,
    state::AppState,
    tools::{self, Failure, Toolbox},
};

const INSTRUCTIONS: &str = "A practice account with simulated money in a market of simulated or real prices. Read before \
    you act; a refusal says in words what is wrong. Amounts are US dollars, quantities are shares. place_order takes a \
    client_order_id of yours: the same one again never trades twice.";

const PORTFOLIO: &str = "finally://account/portfolio";
const PERFORMANCE: &str = "finally://account/performance";
const ORDERS: &str = "finally://account/orders";
const DOCUMENTS: &str = "finally://library/documents";
const DOCUMENT_PAGE: &str = "finally://library/documents/{id}/pages/{page}";

/// Resources, each with the tool that reads it.
const RESOURCES: [(&str, &str, &str, &str); 4] = [
    (PORTFOLIO, "portfolio", "Cash, positions and total value now.", "get_portfolio"),
    (ORDERS, "orders", "The open orders.", "list_orders"),
    (PERFORMANCE, "performance", "Returns, risk and contributions of the last month.", "get_performance"),
    (DOCUMENTS, "documents", "The documents of the research library.", "list_documents"),
];

/// The usual questions.
const PROMPTS: [(&str, &str, &str); 4] = [
    (
        "review_portfolio",
        "What is held, how concentrated it is, and what is unprotected.",
        "Review my portfolio: read it and my open orders, say what is held, how concentrated it is, and which positions have no stop.",
    ),
    (
        "explain_performance",
        "How the account did, compared with what, at which risk.",
        "Explain how my account did this month: read the performance, and name the largest contributions, the drawdown and the benchmark.",
    ),
    (
        "plan_trade",
        "A trade with entry, stop and size, previewed and not placed.",
        "Plan a trade in {ticker}: read its price, its 20-day high and low and my cash, and preview a bracket that risks at most one percent of the account. Do not place it.",
    ),
    (
        "research_ticker",
        "What the library says about a company, with passages.",
        "Search the library for {ticker} and summarise what the documents say, with the passages you rest on. Say so where they say nothing.",
    ),
];

/// Route of the protocol; it ends with the server.
pub fn router(toolbox: Toolbox, shutdown: CancellationToken) -> Router<AppState> {
    // Hosts and origins are checked for every request, before this.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_BYTES_MAX)
        .with_cancellation_token(shutdown);
    let server = Server { toolbox };
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), config);
    Router::new().route_service("/mcp", service)
}

#[derive(Clone)]
struct Server {
    toolbox: Toolbox,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("finally", env!("CARGO_PKG_VERSION")).with_title("FinAlly"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all().iter().map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context)?;
        let outcome = self.toolbox.call(caller, &request.name, request.arguments.unwrap_or_default()).await;
        let result = match outcome {
            Ok(answer) => CallToolResult::structured(answer),
            Err(Failure::UnknownTool) => {
                return Err(ErrorData::invalid_params(format!("There is no tool {:?}.", request.name), None));
            }
            // The model reads why, and may do better. Structured content would have to follow the answer's schema.
            Err(failure) => CallToolResult::error(vec![ContentBlock::text(refusal(&failure).to_string())]),
        };
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resource =
            |(uri, name, about, _)| Resource::new(uri, name).with_description(about).with_mime_type("application/json");
        Ok(ListResourcesResult::with_all_items(RESOURCES.map(resource).into()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let page = ResourceTemplate::new(DOCUMENT_PAGE, "document_page")
            .with_description("The text of a document's page.")
            .with_mime_type("application/json");
        Ok(ListResourceTemplatesResult::with_all_items(vec![page]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let caller = caller(&context)?;
        let unknown = || ErrorData::resource_not_found(format!("There is no resource {:?}.", request.uri), None);
        let (tool, input) = tool_of(&request.uri).ok_or_else(unknown)?;
        match self.toolbox.call(caller, tool, input).await {
            Ok(answer) => {
                let text = ResourceContents::text(answer.to_string(), request.uri).with_mime_type("application/json");
                Ok(ReadResourceResult::new(vec![text]).into())
            }
            Err(failure) => {
                let refusal = refusal(&failure);
                let words = refusal["detail"].as_str().unwrap_or("It cannot be read.").to_owned();
                Err(ErrorData::invalid_params(words, Some(refusal)))
            }
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = |(name, about, text): (&'static str, &'static str, &'static str)| {
            let ticker = PromptArgument::new("ticker").with_description("For example NVDA").with_required(true);
            Prompt::new(name, Some(about), text.contains("{ticker}").then(|| vec![ticker]))
        };
        Ok(ListPromptsResult::with_all_items(PROMPTS.map(prompt).into()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (_, about, text) = PROMPTS
            .into_iter()
            .find(|(name, ..)| *name == request.name)
            .ok_or_else(|| ErrorData::invalid_params(format!("There is no prompt {:?}.", request.name), None))?;
        let ticker = request.arguments.as_ref().and_then(|arguments| arguments.get("ticker")?.as_str());
        let text = match (text.contains("{ticker}"), ticker) {
            (false, _) => Cow::Borrowed(text),
            (true, Some(ticker)) => Cow::Owned(text.replace("{ticker}", ticker)),
            (true, None) => return Err(ErrorData::invalid_params("The argument \"ticker\" is missing.", None)),
        };
        let message = PromptMessage::new_text(Role::User, text);
        Ok(GetPromptResult::new(vec![message]).with_description(about).into())
    }
}

/// The caller that the request was admitted for.
fn caller(context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
    let caller = context.extensions.get::<Parts>().and_then(Caller::of);
    caller.ok_or_else(|| ErrorData::internal_error("The request has no caller.", None))
}

fn described(tool: &tools::Tool) -> Tool {
    let is_read = tool.effect == tools::Effect::Read;
    let hints = ToolAnnotations::from_raw(
        None,
        Some(is_read),
        Some(tool.is_destructive),
        Some(tool.is_idempotent),
        Some(false),
    );
    Tool::new(tool.name, tool.description.clone(), Arc::new(tool.input_schema.clone()))
        .with_raw_output_schema(Arc::new(tool.output_schema.clone()))
        .with_annotations(hints)
}

/// A failure as the model reads it.
fn refusal(failure: &Failure) -> Value {
    let code = failure.code();
    match failure {
        Failure::Refused(problem) => serde_json::to_value(problem).unwrap_or_else(|_| json!({ "code": code })),
        Failure::NotAllowed(scope) => {
            json!({ "code": code, "detail": format!("This token lacks the scope {:?}.", scope.as_str()) })
        }
        Failure::UnknownTool => json!({ "code": code, "detail": "There is no such tool." }),
    }
}

/// The tool that reads a resource, and its input.
fn tool_of(uri: &str) -> Option<(&'static str, Map<String, Value>)> {
    if let Some((.., tool)) = RESOURCES.into_iter().find(|(known, ..)| *known == uri) {
        return Some((tool, Map::new()));
    }
    let (id, page) = uri.strip_prefix(DOCUMENTS)?.strip_prefix('/')?.split_once("/pages/")?;
    let is_plain =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_plain(id) || !is_plain(page) {
        return None;
    }
    let input = [("id", id), ("page", page)].map(|(name, value)| (name.to_owned(), Value::from(value)));
    Some(("get_document_page", input.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_its_tool() {
        for (uri, _, _, tool) in RESOURCES {
            assert!(tools::find(tool).is_some(), "{tool}");
            assert_eq!(tool_of(uri).unwrap().0, tool);
        }
        let (tool, input) = tool_of("finally://library/documents/019b-7/pages/12").unwrap();
        assert!(tools::find(tool).is_some());
        assert_eq!(Value::Object(input), json!({ "id": "019b-7", "page": "12" }));
        for uri in ["finally://account", "finally://library/documents/", "finally://library/documents/a/pages/../b", ""]
        {
            assert!(tool_of(uri).is_none(), "{uri}");
        }
    }
}
