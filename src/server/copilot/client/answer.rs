//! The response of a model's server: the model's text, in any of the known places, and its usage.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{dialect::Dialect, failure::Failure};

/// A model's completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Empty if the model wrote nothing.
    pub content: String,
    /// The model's text if it declined to answer.
    pub refusal: Option<String>,
    /// Whether the text is incomplete.
    pub is_cut_off: bool,
    /// Name of the model, as reported by the server.
    pub model: Option<String>,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    model: Option<String>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<Usage>,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<AnswerMessage<'a>>,
    finish_reason: Option<String>,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct AnswerMessage<'a> {
    /// A string, a list of parts, or the requested object itself; as original text, so that no digit is lost.
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    refusal: Option<String>,
}

/// A part of a content list. Reasoning, images and other parts are ignored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Typed { r#type: Option<String>, text: Option<String> },
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// An error within a successful response, as OpenRouter reports its providers' errors.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnswerError {
    Known {
        /// An HTTP status, or a word.
        code: Option<Value>,
        message: Option<Value>,
        param: Option<Value>,
        metadata: Option<Value>,
    },
    Other(Value),
}

impl AnswerError {
    fn failure(&self, retry_after: Option<Duration>, dialect: &Dialect) -> Failure {
        let (code, body) = match self {
            Self::Known { code, message, param, metadata } => {
                let error = json!({ "code": code, "message": message, "param": param, "metadata": metadata });
                (code.as_ref(), json!({ "error": error }))
            }
            Self::Other(error) => (None, json!({ "error": error })),
        };
        let status = code.and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        // A word instead of a status only means that the server failed, unless the text says more.
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        Failure::of_status(status, &body.to_string(), retry_after, dialect)
    }
}

/// Parses the response to a request in this dialect.
pub fn read_answer(body: &[u8], retry_after: Option<Duration>, dialect: &Dialect) -> Result<Completion, Failure> {
    let text = str::from_utf8(body).map_err(|_| Failure::Malformed)?;
    let answer: Answer<'_> = serde_json::from_str(without_comments(text)).map_err(|_| Failure::Malformed)?;
    if let Some(error) = answer.error {
        return Err(error.failure(retry_after, dialect));
    }
    let choice = answer.choices.unwrap_or_default().into_iter().next().ok_or(Failure::Malformed)?;
    if let Some(error) = choice.error {
        return Err(error.failure(retry_after, dialect));
    }
    let message = choice.message.ok_or(Failure::Malformed)?;
    let usage = answer.usage;
    Ok(Completion {
        content: message.content.map(read_content).transpose()?.unwrap_or_default(),
        refusal: message.refusal.filter(|refusal| !refusal.trim().is_empty()),
        is_cut_off: choice.finish_reason.as_deref() == Some("length"),
        model: answer.model,
        prompt_tokens: usage.as_ref().and_then(|usage| usage.prompt_tokens),
        completion_tokens: usage.and_then(|usage| usage.completion_tokens),
    })
}

/// Removes a gateway's keep-alive lines, such as `: OPENROUTER PROCESSING`.
fn without_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        match text.strip_prefix(':') {
            Some(comment) => text = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return text,
        }
    }
}

fn read_content(content: &RawValue) -> Result<String, Failure> {
    let text = content.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).map_err(|_| Failure::Malformed),
        Some(b'[') => {
            let parts: Vec<Part> = serde_json::from_str(text).map_err(|_| Failure::Malformed)?;
            Ok(parts.into_iter().filter_map(text_of_part).collect())
        }
        // The object itself stands for its JSON text.
        Some(b'{') => Ok(text.to_owned()),
        _ => Err(Failure::Malformed),
    }
}

fn text_of_part(part: Part) -> Option<String> {
    match part {
        Part::Text(text) => Some(text),
        Part::Typed { r#type, text } => {
            text.filter(|_| matches!(r#type.as_deref(), None | Some("text" | "output_text")))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(body: &str) -> Result<Completion, Failure> {
        read_answer(body.as_bytes(), None, &Dialect::new(None, false))
    }

    #[rstest]
    #[case::error_with_status(r#"{"error":{"code":429,"message":"slow down"}}"#, Failure::Status { status: StatusCode::TOO_MANY_REQUESTS, retry_after: None })]
    #[case::error_with_word(r#"{"error":{"code":"server_error","message":"canary"}}"#, Failure::Status { status: StatusCode::BAD_GATEWAY, retry_after: None })]
    #[case::error_of_the_choice(r#"{"choices":[{"error":{"code":502,"message":"x"}}]}"#, Failure::Status { status: StatusCode::BAD_GATEWAY, retry_after: None })]
    #[case::error_that_is_a_text(r#"{"error":"canary"}"#, Failure::Status { status: StatusCode::BAD_GATEWAY, retry_after: None })]
    #[case::key(r#"{"error":{"code":401,"message":"canary"}}"#, Failure::Refused)]
    #[case::credit(r#"{"error":{"code":402}}"#, Failure::NoCredit)]
    #[case::context(
        r#"{"error":{"code":400,"message":"This model's maximum context length is 2048"}}"#,
        Failure::ContextTooLong
    )]
    #[case::no_choice(r#"{"choices":[]}"#, Failure::Malformed)]
    #[case::no_message(r#"{"choices":[{}]}"#, Failure::Malformed)]
    #[case::another_type(r#"{"choices":{"message":"x"}}"#, Failure::Malformed)]
    #[case::content_that_is_a_number(r#"{"choices":[{"message":{"content":7}}]}"#, Failure::Malformed)]
    #[case::markup("<html>502</html>", Failure::Malformed)]
    #[case::cut_off(r#"{"choices":[{"message":{"content":"{"#, Failure::Malformed)]
    #[case::comments_alone(": still there\n: still there", Failure::Malformed)]
    #[case::empty("", Failure::Malformed)]
    fn a_success_that_is_none_is_recognised(#[case] body: &str, #[case] failure: Failure) {
        assert_eq!(read(body), Err(failure.clone()));
        assert!(!failure.to_string().contains("canary"));
    }

    #[test]
    fn an_answer_is_read() {
        let body = r#"{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant",
            "content":null,"refusal":"No."}}],"usage":{"prompt_tokens":12,"completion_tokens":3,"cost":0.1}}"#;
        let expected = Completion {
            content: String::new(),
            refusal: Some("No.".to_owned()),
            is_cut_off: true,
            model: Some("m".to_owned()),
            prompt_tokens: Some(12),
            completion_tokens: Some(3),
        };
        assert_eq!(read(body), Ok(expected));
    }

    #[rstest]
    #[case::text(r#""Hi""#, "Hi")]
    #[case::parts(r#"[{"type":"text","text":"{\"a\":"},{"type":"text","text":"1}"}]"#, r#"{"a":1}"#)]
    #[case::thoughts_among_them(
        r#"[{"type":"thinking","thinking":"hm"},{"type":"reasoning","text":"hm"},{"type":"output_text","text":"Hi"}]"#,
        "Hi"
    )]
    #[case::texts(r#"["Hi"," there"]"#, "Hi there")]
    #[case::no_parts("[]", "")]
    #[case::the_object_itself(r#"{"message":"a","message":"b"}"#, r#"{"message":"a","message":"b"}"#)]
    fn a_content_is_read_in_the_shapes_that_there_are(#[case] content: &str, #[case] text: &str) {
        let body = format!(r#"{{"choices":[{{"message":{{"content":{content}}}}}]}}"#);
        assert_eq!(read(&body).unwrap().content, text);
    }

    #[rstest]
    #[case::blanks("\n \r\n  ")]
    #[case::comments(": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n")]
    fn what_keeps_a_connection_alive_is_no_part_of_the_answer(#[case] before: &str) {
        assert_eq!(
            read(&format!(r#"{before}{{"choices":[{{"message":{{"content":"Hi"}}}}]}}"#)).unwrap().content,
            "Hi"
        );
    }
}
