//! Request parameters that a model's server accepts: all at first, without each one that it refuses by name. The result
//! is kept as long as the model is in use.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::failure::Complaint;
use crate::server::{
    config::copilot::ResponseFormat,
    copilot::{prompt::Message, reply::schema},
};

/// Parameters of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    room: Room,
    has_temperature: bool,
    format: Option<ResponseFormat>,
    /// Whether a setting fixes the format.
    is_format_set: bool,
    provider: Provider,
}

/// Name of the parameter that bounds the reply's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    MaxTokens,
    MaxCompletionTokens,
    Unsaid,
}

/// OpenRouter's selection of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Unsaid,
    /// The fastest provider that supports every parameter.
    ThatKeepsParameters,
    /// The fastest provider.
    Any,
}

/// Parameters that can be omitted from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Room,
    Temperature,
    Format,
    Provider,
}

/// Names by which servers report a parameter; longer names come before those that they contain.
const NAMES: [(&str, Parameter); 12] = [
    ("max_completion_tokens", Parameter::Room),
    ("max_tokens", Parameter::Room),
    ("temperature", Parameter::Temperature),
    ("response_format", Parameter::Format),
    ("response format", Parameter::Format),
    ("json_schema", Parameter::Format),
    ("json_object", Parameter::Format),
    ("structured output", Parameter::Format),
    ("additionalproperties", Parameter::Format),
    ("strict", Parameter::Format),
    ("require_parameters", Parameter::Provider),
    ("provider", Parameter::Provider),
];

/// OpenRouter's message if no provider supports all parameters.
const NOBODY_LEFT: &str = "no endpoints found";

impl Dialect {
    /// Initial dialect for a server.
    pub fn new(format: Option<ResponseFormat>, is_openrouter: bool) -> Self {
        Self {
            room: Room::MaxTokens,
            has_temperature: true,
            format: Some(format.unwrap_or(ResponseFormat::JsonSchema)),
            is_format_set: format.is_some(),
            provider: if is_openrouter { Provider::ThatKeepsParameters } else { Provider::Unsaid },
        }
    }

    /// Whether the request bounds the reply's tokens.
    pub fn bounds_room(&self) -> bool {
        self.room != Room::Unsaid
    }

    /// Whether another format may be tried if the server does not report the fault.
    pub fn may_guess_format(&self) -> bool {
        !self.is_format_set && self.format == Some(ResponseFormat::JsonSchema)
    }

    /// The dialect with the format to try then.
    #[must_use]
    pub fn with_json_object(self) -> Self {
        Self { format: Some(ResponseFormat::JsonObject), ..self }
    }

    /// Dialect for the next attempt after a complaint; `None` if it names nothing that can be omitted. Each dialect has
    /// less than the one before, so attempts end.
    pub fn after(&self, status: StatusCode, complaint: &Complaint) -> Option<Self> {
        if status == StatusCode::NOT_FOUND {
            let is_for_parameters = self.provider == Provider::ThatKeepsParameters;
            let is_answered = is_for_parameters && complaint.text.contains(NOBODY_LEFT);
            return is_answered.then_some(Self { provider: Provider::Any, ..*self });
        }
        let is_about_request = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
        // llama-cpp-python reports an unknown format with a 500.
        if !is_about_request && !complaint.text.contains("response_format") {
            return None;
        }
        let named = complaint.parameter.as_deref().and_then(|name| self.find_named(name));
        self.without(named.or_else(|| self.find_named(&complaint.text))?, complaint)
    }

    /// The first sent parameter that the text names.
    fn find_named(&self, text: &str) -> Option<Parameter> {
        let places = NAMES.iter().filter(|(name, parameter)| self.sends(name, *parameter));
        let places = places.filter_map(|(name, parameter)| Some((find_word(text, name)?, *parameter)));
        places.min_by_key(|(place, _)| *place).map(|(_, parameter)| parameter)
    }

    fn sends(&self, name: &str, parameter: Parameter) -> bool {
        match parameter {
            Parameter::Room => match self.room {
                Room::MaxTokens => name == "max_tokens",
                Room::MaxCompletionTokens => name == "max_completion_tokens",
                Room::Unsaid => false,
            },
            Parameter::Temperature => self.has_temperature,
            Parameter::Format => self.format.is_some() && !self.is_format_set,
            Parameter::Provider => self.provider != Provider::Unsaid,
        }
    }

    fn without(&self, parameter: Parameter, complaint: &Complaint) -> Option<Self> {
        match parameter {
            Parameter::Room => {
                let is_renamed =
                    self.room == Room::MaxTokens && find_word(&complaint.text, "max_completion_tokens").is_some();
                Some(Self { room: if is_renamed { Room::MaxCompletionTokens } else { Room::Unsaid }, ..*self })
            }
            Parameter::Temperature => Some(Self { has_temperature: false, ..*self }),
            Parameter::Format => match self.format? {
                ResponseFormat::JsonSchema => Some(Self { format: Some(ResponseFormat::JsonObject), ..*self }),
                ResponseFormat::JsonObject => Some(Self { format: None, ..*self }),
            },
            Parameter::Provider => Some(Self { provider: Provider::Unsaid, ..*self }),
        }
    }

    /// Body of a request in this dialect.
    pub fn request_body(&self, model: &str, messages: &[Message], tokens_max: u32) -> Value {
        let messages: Vec<_> =
            messages.iter().map(|message| json!({ "role": message.role, "content": message.content })).collect();
        let mut body = json!({ "model": model, "messages": messages });
        match self.format {
            Some(ResponseFormat::JsonSchema) => {
                body["response_format"] = json!({
                    "type": "json_schema",
                    "json_schema": { "name": "copilot_reply", "strict": true, "schema": schema() },
                });
            }
            Some(ResponseFormat::JsonObject) => {
                body["response_format"] = json!({ "type": "json_object", "schema": schema() });
            }
            None => {}
        }
        match self.room {
            Room::MaxTokens => body["max_tokens"] = tokens_max.into(),
            Room::MaxCompletionTokens => body["max_completion_tokens"] = tokens_max.into(),
            Room::Unsaid => {}
        }
        if self.has_temperature {
            body["temperature"] = json!(0.2);
        }
        match self.provider {
            Provider::ThatKeepsParameters => {
                body["provider"] = json!({ "order": ["cerebras"], "require_parameters": true });
            }
            Provider::Any => body["provider"] = json!({ "order": ["cerebras"] }),
            Provider::Unsaid => {}
        }
        body
    }
}

/// Index of a name as a separate word.
fn find_word(text: &str, name: &str) -> Option<usize> {
    let is_part = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name)
        .find(|(at, _)| !is_part(text[..*at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next()))
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Fields of a request after complaints, each of which must be understood.
    fn fields(is_openrouter: bool, complaints: &[(u16, &str)]) -> Vec<String> {
        let mut dialect = Dialect::new(None, is_openrouter);
        for (status, body) in complaints {
            let status = StatusCode::from_u16(*status).unwrap();
            dialect = dialect.after(status, &Complaint::read(body)).expect("it names what can be left out");
        }
        let body = dialect.request_body("m", &[], 7);
        let mut fields: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        fields.retain(|field| field != "model" && field != "messages");
        if let Some(kind) = body["response_format"]["type"].as_str() {
            fields.retain(|field| field != "response_format");
            fields.push(kind.to_owned());
        }
        fields.sort();
        fields
    }

    const OPENAI_ROOM: &str = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#;
    const OPENAI_TEMPERATURE: &str = r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.","param":"temperature","code":"unsupported_value"}}"#;
    const FASTAPI: &str = r#"{"detail":[{"type":"extra_forbidden","loc":["body","temperature"],"msg":"Extra inputs are not permitted","input":{"max_tokens":4096,"response_format":{}}}]}"#;
    const MISTRAL: &str = r#"{"object":"error","message":{"detail":[{"loc":["body","max_tokens"],"msg":"Extra inputs are not permitted"}]}}"#;

    #[rstest]
    #[case::nothing(&[], &["json_schema", "max_tokens", "temperature"])]
    #[case::another_name(&[(400, OPENAI_ROOM)], &["json_schema", "max_completion_tokens", "temperature"])]
    #[case::reasoning_model(&[(400, OPENAI_ROOM), (400, OPENAI_TEMPERATURE)], &["json_schema", "max_completion_tokens"])]
    #[case::neither_name(&[(400, OPENAI_ROOM), (400, r#"{"error":"max_completion_tokens: unknown"}"#)], &["json_schema", "temperature"])]
    #[case::no_other_name(&[(422, "max_tokens is not a known field")], &["json_schema", "temperature"])]
    #[case::what_is_quoted_is_not_named(&[(422, FASTAPI)], &["json_schema", "max_tokens"])]
    #[case::faults_in_the_message(&[(422, MISTRAL)], &["json_schema", "temperature"])]
    #[case::format(&[(400, r#"{"error":{"message":"'response_format' of type json_schema is not supported"}}"#)], &["json_object", "max_tokens", "temperature"])]
    #[case::no_format(&[(400, "response_format"), (400, "Unknown name response_format")], &["max_tokens", "temperature"])]
    #[case::part_of_the_format(&[(400, r#"{"error":{"message":"Unknown parameter","param":"response_format.json_schema.strict"}}"#)], &["json_object", "max_tokens", "temperature"])]
    #[case::as_a_server_error(&[(500, "('body', 'response_format', 'type')")], &["json_object", "max_tokens", "temperature"])]
    fn what_a_server_names_is_left_out(#[case] complaints: &[(u16, &str)], #[case] left: &[&str]) {
        assert_eq!(fields(false, complaints), left);
    }

    #[test]
    fn openrouter_is_asked_once_more_without_its_own_condition() {
        let nobody =
            r#"{"error":{"message":"No endpoints found that can handle the requested parameters.","code":404}}"#;
        let dialect = Dialect::new(None, true);
        let (status, complaint) = (StatusCode::NOT_FOUND, Complaint::read(nobody));
        let other = dialect.after(status, &complaint).unwrap();
        assert_eq!(other.request_body("m", &[], 7)["provider"], json!({ "order": ["cerebras"] }));
        assert_eq!(other.after(status, &complaint), None, "the model is not there");
        assert_eq!(Dialect::new(None, false).after(status, &complaint), None);
        assert!(!fields(true, &[(400, "provider: extra inputs are not permitted")]).contains(&"provider".to_owned()));
    }

    #[rstest]
    #[case::names_nothing(400, "{}")]
    #[case::the_model(400, r#"{"error":{"message":"The model does not exist","param":"model"}}"#)]
    #[case::another_word(400, "the tokens_max_tokens_ are wrong")]
    #[case::another_status(409, "max_tokens")]
    #[case::server_error(500, "temperature of the machine")]
    fn other_complaints_change_nothing(#[case] status: u16, #[case] body: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(Dialect::new(None, false).after(status, &Complaint::read(body)), None);
    }

    #[test]
    fn a_format_that_is_set_stays() {
        let dialect = Dialect::new(Some(ResponseFormat::JsonSchema), false);
        assert_eq!(dialect.after(StatusCode::BAD_REQUEST, &Complaint::read("response_format")), None);
        assert!(!dialect.may_guess_format());
    }

    #[test]
    fn complaints_come_to_an_end() {
        let everything = Complaint::read("max_tokens max_completion_tokens temperature response_format provider");
        let (mut dialect, mut requests) = (Dialect::new(None, true), 0);
        while let Some(other) = dialect.after(StatusCode::BAD_REQUEST, &everything) {
            (dialect, requests) = (other, requests + 1);
        }
        assert_eq!(requests, 6);
        assert_eq!(dialect.request_body("m", &[], 7), json!({ "model": "m", "messages": [] }));
    }
}
