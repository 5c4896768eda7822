//! What the tabs of a browser tell each other: the stream's frames as they came, and how the connection stands.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::JsString;
use leptos::ev::MessageEvent;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::BroadcastChannel;

use crate::{app::market::Notice, domain::compact_frame::KEY_FRAME_MARK, wire};

/// What there is to know of the prices.
pub enum News {
    /// A compact frame.
    Frame(JsString),
    Notice(Notice),
}

/// Begins a notice; frames begin with a letter.
const NOTICE_MARK: &str = "!";

/// Asks the tab with the stream for what it brought since its last key frame.
const QUESTION: &str = "?";

/// What is kept for tabs that ask; a key frame comes long before so many others.
const KEPT_MAX: usize = 10_000;

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

    /// Nothing when it is a question, or not ours, as from a page of another version.
    fn read(message: JsValue) -> Option<Self> {
        let message: JsString = message.dyn_into().ok()?;
        if message == QUESTION {
            return None;
        }
        if !message.starts_with(NOTICE_MARK, 0) {
            return Some(Self::Frame(message));
        }
        let notice = String::from(message);
        wire::read(notice.strip_prefix(NOTICE_MARK)?).ok().map(Self::Notice)
    }
}

type Listener = Closure<dyn FnMut(MessageEvent)>;

/// The channel of this browser's tabs; closed when dropped.
pub struct TabChannel {
    channel: BroadcastChannel,
    heard: Rc<Cell<bool>>,
    kept: Rc<RefCell<Vec<JsValue>>>,
    listener: RefCell<Option<Listener>>,
}

impl TabChannel {
    /// Nothing where the browser has none.
    pub fn open(name: &str) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        Some(Self { channel, heard: Rc::default(), kept: Rc::default(), listener: RefCell::default() })
    }

    /// Asks the tab with the stream, and gives `apply` what it posts.
    pub fn listen(&self, apply: impl Fn(News) + 'static) {
        let heard = self.heard.clone();
        self.set_listener(move |message| {
            if let Some(news) = News::read(message) {
                heard.set(true);
                apply(news);
            }
        });
        send(&self.channel, &QUESTION.into());
    }

    /// Answers the tabs that ask, from now on: this tab has the stream.
    pub fn answer(&self) {
        let (channel, kept) = (self.channel.clone(), self.kept.clone());
        self.set_listener(move |message| {
            if message == QUESTION {
                kept.borrow().iter().for_each(|message| send(&channel, message));
            }
        });
    }

    /// Whether the tab with the stream posted something since the last time this was asked.
    pub fn was_heard(&self) -> bool {
        self.heard.take()
    }

    pub fn post(&self, news: &News) {
        let message = news.write();
        let mut kept = self.kept.borrow_mut();
        let needs_none_before = match news {
            News::Frame(frame) => frame.starts_with(KEY_FRAME_MARK, 0),
            News::Notice(_) => true,
        };
        if needs_none_before || kept.len() == KEPT_MAX {
            kept.clear();
        }
        send(&self.channel, &message);
        kept.push(message);
    }

    fn set_listener(&self, mut take: impl FnMut(JsValue) + 'static) {
        let listener = Closure::new(move |event: MessageEvent| take(event.data()));
        self.channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        self.listener.replace(Some(listener));
    }
}

fn send(channel: &BroadcastChannel, message: &JsValue) {
    // Refused only by a channel that is closed, which ours is when it is dropped.
    let _ = channel.post_message(message);
}

impl Drop for TabChannel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
