//! The browser's event source, as long as it is held. It connects again by itself, and then asks for what came after the
//! last event that it knows.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::MessageEvent;

/// The name of the browser's own event when the connection is lost; the server has one of that name too, which has data.
pub const ERROR: &str = "error";

/// A stream of server-sent events; dropping it closes the stream.
pub struct EventSource {
    source: web_sys::EventSource,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

/// Name, id and data of an event.
pub struct Told<'a> {
    /// The event's name.
    pub kind: &'a str,
    /// Nothing when the connection is lost.
    pub data: Option<String>,
    /// The stream will not come back by itself.
    pub is_closed: bool,
}

impl EventSource {
    /// Opens a stream, and tells its events of these kinds, and when it is lost.
    ///
    /// # Errors
    /// When the address is none.
    pub fn open(address: &str, kinds: &[&str], tell: impl Fn(Told<'_>) + 'static) -> Result<Self, JsValue> {
        let source = web_sys::EventSource::new(address)?;
        let own = source.clone();
        let listener: Closure<dyn FnMut(MessageEvent)> = Closure::new(move |event: MessageEvent| {
            // The browser's own event is no message, and has no data.
            let data = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
            let is_closed = own.ready_state() == web_sys::EventSource::CLOSED;
            tell(Told { kind: &event.type_(), data, is_closed });
        });
        for kind in kinds.iter().chain([&ERROR]) {
            source.add_event_listener_with_callback(kind, listener.as_ref().unchecked_ref())?;
        }
        Ok(Self { source, _listener: listener })
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.source.close();
    }
}
