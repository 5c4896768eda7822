//! Schemas of the tools, taken from the API's description.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{
    Entry, Limits, Tool,
    answer::ANSWER_BYTES_MAX,
    call::{Operation, Place},
};
use crate::server::http::openapi;

const COMPONENTS: &str = "#/components/schemas/";

/// The tools of these operations. One that the description lacks is left out, which a test finds.
pub fn tools(entries: &[Entry]) -> Vec<Tool> {
    // Invariant: the description is JSON that this program wrote.
    let api: Value = serde_json::from_str(&openapi::document()).unwrap_or_default();
    entries.iter().filter_map(|entry| tool(entry, &api)).collect()
}

fn tool(entry: &Entry, api: &Value) -> Option<Tool> {
    let operation = api["paths"][entry.path].get(entry.method)?;
    let mut input = Input::default();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        input.add_parameter(parameter);
    }
    let body = operation.pointer("/requestBody/content/application~1json/schema");
    if let Some(body) = body {
        input.add_body(body, api);
    }
    let method = Method::from_bytes(entry.method.to_uppercase().as_bytes()).ok()?;
    Some(Tool {
        name: entry.name,
        description: description(operation),
        input_schema: with_definitions(input.schema(), api),
        output_schema: with_definitions(output(operation, api), api),
        effect: entry.effect,
        limits: Limits { answer_bytes: ANSWER_BYTES_MAX, scope: entry.effect.scope().as_str() },
        is_idempotent: entry.is_idempotent,
        is_destructive: entry.is_destructive,
        operation: Operation { method, path: entry.path, places: input.places, has_body: body.is_some() },
    })
}

fn description(operation: &Value) -> String {
    let texts = ["summary", "description"].iter().filter_map(|part| operation[*part].as_str());
    texts.collect::<Vec<_>>().join(" ")
}

/// An input: the parameters of the path and of the query, and the fields of the body.
#[derive(Default)]
struct Input {
    properties: Map<String, Value>,
    required: BTreeSet<String>,
    places: Vec<(String, Place)>,
}

impl Input {
    fn add_parameter(&mut self, parameter: &Value) {
        let Some(name) = parameter["name"].as_str() else { return };
        let place = if parameter["in"] == "path" { Place::Path } else { Place::Query };
        let mut schema = parameter["schema"].clone();
        if let (Some(schema), Some(words)) = (schema.as_object_mut(), parameter.get("description")) {
            schema.insert("description".to_owned(), words.clone());
        }
        if parameter["required"] == true {
            self.required.insert(name.to_owned());
        }
        self.properties.insert(name.to_owned(), schema);
        self.places.push((name.to_owned(), place));
    }

    fn add_body(&mut self, body: &Value, api: &Value) {
        let object = resolved(body, api);
        for part in object["allOf"].as_array().into_iter().flatten() {
            self.add_body(part, api);
        }
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            self.properties.insert(name.clone(), schema.clone());
        }
        let required = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.required.extend(required.map(str::to_owned));
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }
}

/// Schema of the answer to a successful call.
fn output(operation: &Value, api: &Value) -> Value {
    let answers = ["200", "201"]
        .iter()
        .filter_map(|status| operation["responses"].get(status)?.pointer("/content/application~1json/schema"));
    let schema = answers.map(|schema| resolved(schema, api)).next().cloned().unwrap_or_default();
    // An answer without a body is `{"done": true}`. Lists may be cut, which `left_out` says.
    match schema {
        Value::Object(mut schema) if schema.get("type").is_some_and(|kind| kind == "object") => {
            schema.remove("additionalProperties");
            Value::Object(schema)
        }
        Value::Object(mut schema) if !schema.is_empty() => {
            schema.insert("type".to_owned(), "object".into());
            Value::Object(schema)
        }
        _ => json!({ "type": "object", "properties": { "done": { "type": "boolean" } } }),
    }
}

/// The schema that a reference leads to, or the schema itself.
fn resolved<'a>(schema: &'a Value, api: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix(COMPONENTS)) {
        Some(name) => &api["components"]["schemas"][name],
        None => schema,
    }
}

/// The schema with all definitions that it refers to, in `$defs`.
fn with_definitions(schema: Value, api: &Value) -> Map<String, Value> {
    let mut definitions = Map::new();
    let mut open: Vec<String> = references(&schema);
    while let Some(name) = open.pop() {
        if definitions.contains_key(&name) {
            continue;
        }
        let definition = &api["components"]["schemas"][&name];
        open.extend(references(definition));
        definitions.insert(name, relocated(definition));
    }
    let mut schema = match relocated(&schema) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

/// Names of the components that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    reference.strip_prefix(COMPONENTS).map(str::to_owned).into_iter().collect()
                }
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// The schema with its references to components led to `$defs`.
fn relocated(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    (key.clone(), reference.replacen(COMPONENTS, "#/$defs/", 1).into())
                }
                _ => (key.clone(), relocated(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(relocated).collect(),
        other => other.clone(),
    }
}
