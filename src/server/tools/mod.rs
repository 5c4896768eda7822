//! One catalogue of tools: what `/api/tools` lists, and what MCP offers.
//!
//! A tool is an operation of the REST API under a name of its own. Its schemas are those of the API's description, and a call
//! goes through the same handler, so that no rule is written twice.

mod answer;
mod call;
mod schema;

use std::sync::{Arc, LazyLock};

use axum::Router;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::info;

pub use self::{answer::ANSWER_BYTES_MAX, call::Failure};
use super::caller::{Caller, Scope};

/// What a tool does to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Reads, and changes nothing.
    Read,
    /// Changes the account.
    Act,
}

impl Effect {
    /// The scope that a caller needs.
    pub fn scope(self) -> Scope {
        match self {
            Self::Read => Scope::Read,
            Self::Act => Scope::Trade,
        }
    }
}

/// An operation under the name of a tool.
struct Entry {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    effect: Effect,
    /// Whether a second call with the same input changes nothing more.
    is_idempotent: bool,
    /// Whether it takes something away.
    is_destructive: bool,
}

const fn read(name: &'static str, path: &'static str) -> Entry {
    Entry { name, method: "get", path, effect: Effect::Read, is_idempotent: true, is_destructive: false }
}

const fn act(name: &'static str, method: &'static str, path: &'static str) -> Entry {
    Entry { name, method, path, effect: Effect::Act, is_idempotent: false, is_destructive: false }
}

const ENTRIES: &[Entry] = &[
    read("get_portfolio", "/api/portfolio"),
    read("list_trades", "/api/portfolio/trades"),
    read("get_value_history", "/api/portfolio/history"),
    read("list_orders", "/api/orders"),
    read("get_order", "/api/orders/{id}"),
    Entry { effect: Effect::Read, is_idempotent: true, ..act("preview_order", "post", "/api/orders/preview") },
    act("place_order", "post", "/api/orders"),
    Entry { is_destructive: true, ..act("replace_order", "patch", "/api/orders/{id}") },
    Entry { is_destructive: true, is_idempotent: true, ..act("cancel_order", "delete", "/api/orders/{id}") },
    Entry { is_destructive: true, is_idempotent: true, ..act("cancel_all_orders", "delete", "/api/orders") },
    read("get_quote", "/api/prices/{ticker}"),
    read("get_candles", "/api/prices/{ticker}/candles"),
    read("get_indicator", "/api/prices/{ticker}/indicator"),
    read("get_market", "/api/market"),
    read("get_watchlist", "/api/watchlist"),
    Entry { is_idempotent: true, ..act("watch_ticker", "post", "/api/watchlist") },
    Entry { is_destructive: true, is_idempotent: true, ..act("unwatch_ticker", "delete", "/api/watchlist/{ticker}") },
    read("list_alerts", "/api/alerts"),
    read("list_alert_firings", "/api/alerts/firings"),
    act("create_alert", "post", "/api/alerts"),
    Entry { is_destructive: true, is_idempotent: true, ..act("change_alert", "patch", "/api/alerts/{id}") },
    Entry { is_destructive: true, is_idempotent: true, ..act("delete_alert", "delete", "/api/alerts/{id}") },
    read("get_performance", "/api/performance"),
    read("list_performance_days", "/api/performance/days"),
    read("list_lots", "/api/lots"),
    read("list_flows", "/api/flows"),
    read("list_corporate_actions", "/api/corporate-actions"),
    read("search_library", "/api/library/search"),
    read("get_passage", "/api/library/segments/{id}"),
    read("list_documents", "/api/library/documents"),
    read("get_document_page", "/api/library/documents/{id}/pages/{page}"),
];

/// A tool.
#[derive(Debug, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub description: String,
    /// JSON Schema of the input, which is an object; definitions are in `$defs`.
    pub input_schema: Map<String, Value>,
    /// JSON Schema of the answer, which is an object.
    pub output_schema: Map<String, Value>,
    pub effect: Effect,
    pub limits: Limits,
    #[serde(skip)]
    pub is_idempotent: bool,
    #[serde(skip)]
    pub is_destructive: bool,
    #[serde(skip)]
    operation: call::Operation,
}

/// Bounds of a tool.
#[derive(Debug, Serialize)]
pub struct Limits {
    /// Largest answer, in bytes of JSON; longer lists are cut, and `left_out` says by how much.
    answer_bytes: usize,
    /// The scope that a token needs for it.
    scope: &'static str,
}

/// All tools, made from the API's description when they are first asked for.
static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| schema::tools(ENTRIES));

/// All tools.
pub fn all() -> &'static [Tool] {
    &TOOLS
}

/// The tool of this name.
pub fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// Calls tools. Clones share the handlers.
#[derive(Clone)]
pub struct Toolbox(Arc<Router>);

impl Toolbox {
    /// `routes` are the API's handlers, without the checks of a request: a call has been admitted already.
    pub fn new(routes: Router) -> Self {
        Self(Arc::new(routes))
    }

    /// Calls a tool for a caller, and returns its answer, an object.
    ///
    /// # Errors
    /// If there is no such tool, the caller lacks its scope, or the operation refuses the input.
    pub async fn call(&self, caller: Caller, name: &str, input: Map<String, Value>) -> Result<Value, Failure> {
        let tool = find(name).ok_or(Failure::UnknownTool)?;
        let scope = tool.effect.scope();
        let outcome = match caller.scopes.include(scope) {
            true => tool.operation.call(Router::clone(&self.0), caller, input).await,
            false => Err(Failure::NotAllowed(scope)),
        };
        let outcome_name = outcome.as_ref().map_or_else(Failure::code, |_| "done");
        info!(tool = name, tool.account = %caller.account, tool.outcome = outcome_name, "a tool was called");
        outcome.map(answer::bounded)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::server::http::scopes;

    #[test]
    fn every_tool_is_described_and_has_a_name_of_its_own() {
        assert_eq!(all().len(), ENTRIES.len());
        let names: HashSet<_> = all().iter().map(|tool| tool.name).collect();
        assert_eq!(names.len(), ENTRIES.len());
        for tool in all() {
            assert!(tool.description.len() > 20, "{}", tool.name);
            assert!(tool.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", tool.name);
            for schema in [&tool.input_schema, &tool.output_schema] {
                assert_eq!(schema["type"], "object", "{}", tool.name);
            }
            assert_eq!(tool.input_schema["additionalProperties"], false, "{}", tool.name);
        }
    }

    #[test]
    fn no_reference_of_a_schema_leads_nowhere() {
        for tool in all() {
            for schema in [&tool.input_schema, &tool.output_schema] {
                let text = serde_json::to_string(schema).unwrap();
                let document = Value::Object(schema.clone());
                for reference in text.split("\"$ref\":\"#").skip(1) {
                    let pointer = reference.split('"').next().unwrap();
                    assert!(document.pointer(pointer).is_some(), "{}: {pointer}", tool.name);
                }
            }
        }
    }

    #[test]
    fn a_tool_needs_the_scope_of_its_operation() {
        for entry in ENTRIES {
            let method = entry.method.to_uppercase().parse().unwrap();
            assert_eq!(scopes::needed(&method, Some(entry.path)), Some(entry.effect.scope()), "{}", entry.name);
        }
    }

    #[test]
    fn parameters_and_bodies_are_one_input() {
        let place = find("place_order").unwrap();
        for field in ["ticker", "side", "quantity", "limit_price", "client_order_id"] {
            assert!(place.input_schema["properties"].get(field).is_some(), "{field}");
        }
        let replace = find("replace_order").unwrap();
        assert_eq!(replace.input_schema["required"], serde_json::json!(["id"]));
        assert!(replace.input_schema["properties"].get("stop_price").is_some());
        let candles = find("get_candles").unwrap();
        assert_eq!(candles.input_schema["required"], serde_json::json!(["ticker"]));
        assert!(candles.input_schema["properties"].get("interval").is_some());
    }
}
