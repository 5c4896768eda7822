//! What the tabs of a browser tell each other: the stream's frames as they came, and how the connection stands.

use std::{cell::Cell, rc::Rc};

use js_sys::JsString;
use leptos::ev::MessageEvent;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::BroadcastChannel;

use crate::app::market::Notice;

/// What there is to know of the prices.
pub enum News {
    /// All quotes, in the stream's JSON.
    Frame(JsString),
    Notice(Notice),
}

/// Begins a notice; a frame begins as every JSON object does.
const NOTICE_MARK: &str = "!";

impl News {
    fn write(&self) -> JsValue {
        match self {
            Self::Frame(frame) => frame.into(),
            Self::Notice(notice) => {
                // Invariant: a notice has no map and nothing that JSON lacks.
                let notice = serde_json::to_string(notice).expect("a notice can be written as JSON");
                format!("{NOTICE_MARK}{notice}").into()
            }
        }
    }

    /// Nothing when it is not ours, as from a page of another version.
    fn read(message: JsValue) -> Option<Self> {
        let message: JsString = message.dyn_into().ok()?;
        if !message.starts_with(NOTICE_MARK, 0) {
            return Some(Self::Frame(message));
        }
        let notice = String::from(message);
        serde_json::from_str(notice.strip_prefix(NOTICE_MARK)?).ok().map(Self::Notice)
    }
}

type Listener = Closure<dyn FnMut(MessageEvent)>;

/// The channel of this browser's tabs; closed when dropped.
pub struct TabChannel {
    channel: BroadcastChannel,
    heard: Rc<Cell<bool>>,
    listener: Cell<Option<Listener>>,
}

impl TabChannel {
    /// Nothing where the browser has none.
    pub fn open(name: &str) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        Some(Self { channel, heard: Rc::default(), listener: Cell::default() })
    }

    /// Gives `apply` what the other tabs post.
    pub fn listen(&self, apply: impl Fn(News) + 'static) {
        let heard = self.heard.clone();
        let listener = Closure::new(move |event: MessageEvent| {
            heard.set(true);
            if let Some(news) = News::read(event.data()) {
                apply(news);
            }
        });
        self.channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        self.listener.set(Some(listener));
    }

    pub fn stop_listening(&self) {
        self.channel.set_onmessage(None);
        self.listener.set(None);
    }

    /// Whether another tab posted something since the last time this was asked.
    pub fn was_heard(&self) -> bool {
        self.heard.take()
    }

    pub fn post(&self, news: &News) {
        // Refused only by a channel that is closed, which this one is when it is dropped.
        let _ = self.channel.post_message(&news.write());
    }
}

impl Drop for TabChannel {
    fn drop(&mut self) {
        self.stop_listening();
        self.channel.close();
    }
}
