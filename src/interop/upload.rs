//! Handing a file to the server, with how much of it is there: `fetch` tells no progress of what is sent.

use futures::channel::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{File, FormData, ProgressEvent, XmlHttpRequest};

use super::post::Answer;

/// A file on its way; dropping it stops it.
pub struct Upload {
    request: XmlHttpRequest,
    has_ended: oneshot::Receiver<()>,
    _on_progress: Closure<dyn FnMut(ProgressEvent)>,
    _on_end: Closure<dyn FnMut(ProgressEvent)>,
}

impl Upload {
    /// Sends a file as the field `file` of a form, and tells what part of it, from 0 to 1, is on its way.
    ///
    /// # Errors
    /// When the browser cannot send it.
    pub fn begin(address: &str, file: &File, tell: impl Fn(f64) + 'static) -> Result<Self, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open_with_async("POST", address, true)?;
        let on_progress: Closure<dyn FnMut(ProgressEvent)> = Closure::new(move |event: ProgressEvent| {
            if event.total() > 0.0 {
                tell(event.loaded() / event.total());
            }
        });
        let (sender, has_ended) = oneshot::channel();
        let mut sender = Some(sender);
        let on_end: Closure<dyn FnMut(ProgressEvent)> = Closure::new(move |_| {
            if let Some(sender) = sender.take() {
                // Nobody waits any more when it was dropped.
                let _ = sender.send(());
            }
        });
        let upload = request.upload()?;
        upload.add_event_listener_with_callback("progress", on_progress.as_ref().unchecked_ref())?;
        request.add_event_listener_with_callback("loadend", on_end.as_ref().unchecked_ref())?;
        let form = FormData::new()?;
        form.append_with_blob("file", file)?;
        request.send_with_opt_form_data(Some(&form))?;
        Ok(Self { request, has_ended, _on_progress: on_progress, _on_end: on_end })
    }

    /// Waits for the server's answer.
    ///
    /// # Errors
    /// When none came.
    pub async fn answer(&mut self) -> Result<Answer, JsValue> {
        // It is told once, since the sender lives as long as this.
        let _ = (&mut self.has_ended).await;
        let status = self.request.status()?;
        if status == 0 {
            return Err(JsValue::UNDEFINED);
        }
        let retry_after = self.request.get_response_header("Retry-After")?;
        Ok(Answer {
            status,
            retry_after_seconds: retry_after.and_then(|text| text.parse().ok()),
            text: self.request.response_text()?.unwrap_or_default(),
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Refused only where nothing was sent.
        let _ = self.request.abort();
    }
}
