//! Asking the server: JSON goes out, and JSON comes back.

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Event, Headers, RequestInit, Response};

const JSON: &str = "application/json";

/// Fired on the window when the server knows no such address, so the page is of another build.
pub const GONE_EVENT: &str = "gone";

const NOT_FOUND: u16 = 404;

/// A response.
pub struct Answer {
    pub status: u16,
    /// Value of `Retry-After`, if given in seconds.
    pub retry_after_seconds: Option<u32>,
    pub text: String,
}

/// Sends a request.
///
/// # Errors
/// If there was no response; browsers do not report the cause.
pub async fn post(path: &str, body: &str) -> Result<Answer, JsValue> {
    let answer = send("POST", path, Some(body)).await?;
    if answer.status == NOT_FOUND
        && let (Some(window), Ok(event)) = (web_sys::window(), Event::new(GONE_EVENT))
    {
        window.dispatch_event(&event)?;
    }
    Ok(answer)
}

/// Asks by any method, with a body or without.
///
/// # Errors
/// As [`post`].
pub async fn send(method: &str, path: &str, body: Option<&str>) -> Result<Answer, JsValue> {
    let (answer, mut given_up) = begin(method, path, body)?;
    let answer: Response = answer.await?.dyn_into()?;
    let text = answer.text()?.await?;
    given_up.0 = None;
    let retry_after = answer.headers().get("Retry-After")?;
    Ok(Answer {
        status: answer.status(),
        retry_after_seconds: retry_after.and_then(|text| text.parse().ok()),
        text: text.as_string().unwrap_or_default(),
    })
}

fn begin(method: &str, path: &str, body: Option<&str>) -> Result<(Promise, GivenUp), JsValue> {
    let controller = AbortController::new()?;
    let headers = Headers::new()?;
    headers.set("Accept", JSON)?;
    let request = RequestInit::new();
    request.set_method(method);
    if let Some(body) = body {
        headers.set("Content-Type", JSON)?;
        request.set_body(&body.into());
    }
    request.set_headers(&headers);
    request.set_signal(Some(&controller.signal()));
    let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
    Ok((window.fetch_with_str_and_init(path, &request).unchecked_into(), GivenUp(Some(controller))))
}

/// Aborts the request when dropped.
struct GivenUp(Option<AbortController>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}
