//! Messages between the tabs of a browser: the streams' events, and the choice of the tab that opens the streams.
//!
//! One tab leads: it opens the streams and posts their events. No lock decides, since browsers have none on plain http.
//! A tab that finds no leader leads; of two leaders, the earlier one continues. A closing tab names the next leader; a
//! crashed or suspended one does not answer any more, and another takes its place until it returns.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    time::Duration,
};

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use gloo_timers::future::sleep;
use js_sys::{Date, JsString};
use leptos::{
    ev::{self, MessageEvent},
    prelude::{WindowListenerHandle, window_event_listener},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::BroadcastChannel;

use crate::{
    app::{market::Notice, names::new_name, storage},
    domain::compact_frame::KEY_FRAME_MARK,
    wire,
};

/// A message from the leading tab.
pub enum News {
    /// A compact frame.
    Frame(JsString),
    /// State of the price stream.
    Notice(Notice),
    /// A change of the account: its number and kind.
    Change { version: i64, what: String },
    /// The server's data about itself.
    Server(String),
}

// Prefixes of messages; frames begin with a letter.
const NOTICE: char = '!';
const CHANGE: char = '#';
const SERVER: char = '.';
/// Asks the leading tab for everything since its last key frame.
const QUESTION: char = '?';
/// Asks whether a tab leads.
const PROBE: char = '>';
/// Announces that a tab leads, with its start.
const CLAIM: char = '~';
/// Announces that a tab closes, with the next leader.
const FAREWELL: char = '-';

/// Messages kept for new tabs; a key frame comes long before this many.
const KEPT_MAX: usize = 10_000;

/// Followers that a leader knows; later ones are not tracked.
const FOLLOWERS_MAX: usize = 64;

/// Time that a new tab waits for a leader's answer.
const FIRST_ANSWER_MAX: Duration = Duration::from_millis(400);

/// Time that other tabs wait for it…
const ANSWER_MAX: Duration = Duration::from_millis(1_500);

/// …after a silence of half this time up to this time: not all ask at once.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Minimum interval between claims towards another leader, in milliseconds.
const CLAIM_INTERVAL_MS: i64 = 200;

/// Storage key that marks a leader's presence, so that a first tab need not ask.
const LEADER_KEY: &str = "leader";

/// Not a change: tells a new tab the number of the latest one.
pub const POSITION: &str = "position";

impl News {
    fn write(&self) -> JsValue {
        match self {
            Self::Frame(frame) => frame.into(),
            Self::Notice(notice) => {
                // Invariant: a notice contains no map and nothing that JSON cannot express.
                let notice = serde_json::to_string(notice).expect("a notice can be written as JSON");
                format!("{NOTICE}{notice}").into()
            }
            Self::Change { version, what } => format!("{CHANGE}{version} {what}").into(),
            Self::Server(words) => format!("{SERVER}{words}").into(),
        }
    }

    /// `None` if it is not a message of this kind.
    fn read(message: &JsString) -> Option<Self> {
        let mark = char::from_u32(message.char_code_at(0) as u32)?;
        if mark.is_ascii_alphabetic() {
            return Some(Self::Frame(message.clone()));
        }
        let text = String::from(message).split_off(1);
        match mark {
            NOTICE => wire::read(&text).ok().map(Self::Notice),
            CHANGE => {
                let (version, what) = text.split_once(' ')?;
                Some(Self::Change { version: version.parse().ok()?, what: what.to_owned() })
            }
            SERVER => Some(Self::Server(text)),
            _ => None,
        }
    }
}

/// Start of a tab's lead in milliseconds, and its name; the lesser of two claims wins.
type Claim = (i64, String);

fn read_claim(text: &str) -> Option<Claim> {
    let (since_ms, id) = text.split_once(' ')?;
    Some((since_ms.parse().ok()?, id.to_owned()))
}

/// This tab among the others; clones share it.
#[derive(Clone)]
pub struct Tab(Rc<Inner>);

struct Inner {
    channel: BroadcastChannel,
    id: String,
    /// Start of this tab's lead, in milliseconds; `None` while it does not lead.
    leads_since_ms: Cell<Option<i64>>,
    claimed_at_ms: Cell<i64>,
    /// Whether the leading tab has posted since the last check.
    was_heard: Cell<bool>,
    /// Whether the page was left; the browser may keep it for going back.
    is_left: Cell<bool>,
    /// Returns the number of the latest change that this tab knows.
    version: Box<dyn Fn() -> i64>,
    followers: RefCell<Vec<String>>,
    /// Messages of the streams since their last key frame.
    kept: RefCell<Vec<JsValue>>,
    /// Receives this tab's next role.
    turn: RefCell<Option<oneshot::Sender<Turn>>>,
}

/// Role of a tab.
enum Turn {
    /// Lead.
    Lead,
    /// Look for a leader: this tab does not lead, or was away.
    Ask,
}

/// A tab participates until this is dropped.
pub struct Membership {
    tab: Tab,
    _listener: Closure<dyn FnMut(MessageEvent)>,
    handles: Vec<WindowListenerHandle>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.tab.leave();
        self.tab.0.channel.set_onmessage(None);
        self.tab.0.channel.close();
        self.handles.drain(..).for_each(WindowListenerHandle::remove);
    }
}

impl Tab {
    /// Joins the tabs of this browser, and passes the leader's messages to `apply`; `version` returns the number of the
    /// latest change known here. `None` if the browser has no channels.
    pub fn join(
        name: &str,
        version: impl Fn() -> i64 + 'static,
        apply: Rc<dyn Fn(News)>,
    ) -> Option<(Self, Membership)> {
        let tab = Self(Rc::new(Inner {
            channel: BroadcastChannel::new(name).ok()?,
            id: new_name(),
            leads_since_ms: Cell::default(),
            claimed_at_ms: Cell::default(),
            was_heard: Cell::default(),
            is_left: Cell::default(),
            version: Box::new(version),
            followers: RefCell::default(),
            kept: RefCell::default(),
            turn: RefCell::default(),
        }));
        let hearing = tab.clone();
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Ok(message) = event.data().dyn_into::<JsString>() {
                hearing.hear(&message, &*apply);
            }
        });
        tab.0.channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        let (leaving, back) = (tab.clone(), tab.clone());
        let handles = vec![
            window_event_listener(ev::pagehide, move |_| leaving.leave()),
            window_event_listener(ev::pageshow, move |_| {
                if back.0.is_left.replace(false) {
                    back.call(Turn::Ask);
                }
            }),
        ];
        Some((tab.clone(), Membership { tab, _listener: listener, handles }))
    }

    /// Follows the leading tab, until this one leads.
    pub async fn follow(&self) {
        // Without the storage key there is no leader.
        if self.0.is_left.get() || storage::read(LEADER_KEY).is_some() {
            self.wait_for_the_lead().await;
        }
        self.0.leads_since_ms.set(Some(now_ms()));
        self.0.kept.borrow_mut().clear();
        storage::write(LEADER_KEY, &self.0.id);
        self.claim();
    }

    async fn wait_for_the_lead(&self) {
        let (mut turn, mut has_asked) = (Some(Turn::Ask), true);
        loop {
            let is_left = self.0.is_left.get();
            let patience = match turn {
                Some(Turn::Lead) if !is_left => return,
                Some(Turn::Ask) => {
                    self.say(QUESTION, &self.0.id);
                    has_asked = true;
                    FIRST_ANSWER_MAX
                }
                Some(Turn::Lead) | None if is_left || self.0.was_heard.get() => {
                    has_asked = false;
                    SILENCE_MAX.mul_f64(0.5 + js_sys::Math::random() / 2.0)
                }
                Some(Turn::Lead) | None if !has_asked => {
                    self.say(PROBE, &self.0.id);
                    has_asked = true;
                    ANSWER_MAX
                }
                // The leader was closed without a farewell, or sleeps.
                Some(Turn::Lead) | None => return,
            };
            self.0.was_heard.set(false);
            turn = match select(self.next_turn(), pin!(sleep(patience))).await {
                Either::Left((turn, _)) => turn.ok(),
                Either::Right(_) => None,
            };
        }
    }

    /// Waits until this leading tab stops leading.
    pub async fn step_down(&self) {
        let turned = self.next_turn();
        if self.0.leads_since_ms.get().is_some() {
            // It is notified before the tab is gone.
            let _ = turned.await;
        }
    }

    /// Posts to the other tabs, as the leader.
    pub fn post(&self, news: &News) {
        let message = news.write();
        send(&self.0.channel, &message);
        let mut kept = self.0.kept.borrow_mut();
        let needs_none_before = match news {
            News::Frame(frame) => frame.starts_with(KEY_FRAME_MARK, 0),
            News::Notice(_) => true,
            News::Change { .. } | News::Server(_) => return,
        };
        if needs_none_before || kept.len() == KEPT_MAX {
            kept.clear();
        }
        kept.push(message);
    }

    fn hear(&self, message: &JsString, apply: &dyn Fn(News)) {
        let leads = self.0.leads_since_ms.get().is_some();
        if let Some(news) = News::read(message) {
            if leads {
                // Two tabs lead; the other one may not know it.
                return self.claim();
            }
            self.0.was_heard.set(true);
            return apply(news);
        }
        let text = String::from(message);
        let Some(mark) = text.chars().next() else { return };
        let words = &text[mark.len_utf8()..];
        match mark {
            QUESTION | PROBE if leads => self.answer(words, mark == QUESTION),
            CLAIM if leads => self.dispute(words),
            CLAIM => self.0.was_heard.set(true),
            FAREWELL => self.part(words),
            // Questions are for the leader; the rest is for pages of other versions.
            _ => {}
        }
    }

    /// Answers a tab's question.
    fn answer(&self, id: &str, wants_all: bool) {
        let mut followers = self.0.followers.borrow_mut();
        if followers.len() < FOLLOWERS_MAX && !followers.iter().any(|known| known == id) {
            followers.push(id.to_owned());
        }
        if wants_all {
            self.0.kept.borrow().iter().for_each(|message| send(&self.0.channel, message));
            let position = News::Change { version: (self.0.version)(), what: POSITION.to_owned() };
            send(&self.0.channel, &position.write());
        }
        self.0.claimed_at_ms.set(0);
        self.claim();
    }

    /// Handles another tab's claim: the earlier leader continues.
    fn dispute(&self, words: &str) {
        let own = self.0.leads_since_ms.get().map(|since_ms| (since_ms, self.0.id.clone()));
        if read_claim(words).is_some_and(|other| Some(other) < own) {
            self.0.leads_since_ms.set(None);
            self.call(Turn::Ask);
        } else {
            self.claim();
        }
    }

    /// Handles a tab's farewell, which may name this one as the next leader.
    fn part(&self, words: &str) {
        let Some((id, successor)) = words.split_once(' ') else { return };
        self.0.followers.borrow_mut().retain(|known| known != id);
        if self.0.leads_since_ms.get().is_some() {
            return;
        }
        if successor == self.0.id {
            self.call(Turn::Lead);
        } else if !successor.is_empty() {
            self.say(QUESTION, &self.0.id);
        }
    }

    /// Leaves, until the page is shown again.
    fn leave(&self) {
        let mut followers = self.0.followers.take();
        let successor = followers.pop().unwrap_or_default();
        if self.0.leads_since_ms.take().is_some() {
            storage::write(LEADER_KEY, &successor);
        }
        self.0.is_left.set(true);
        self.say(FAREWELL, &format!("{} {successor}", self.0.id));
        self.call(Turn::Ask);
    }

    fn claim(&self) {
        let now_ms = now_ms();
        if let Some(since_ms) = self.0.leads_since_ms.get()
            && now_ms - self.0.claimed_at_ms.replace(now_ms) >= CLAIM_INTERVAL_MS
        {
            self.say(CLAIM, &format!("{since_ms} {}", self.0.id));
        }
    }

    fn say(&self, mark: char, words: &str) {
        send(&self.0.channel, &format!("{mark}{words}").into());
    }

    fn next_turn(&self) -> oneshot::Receiver<Turn> {
        let (sender, turned) = oneshot::channel();
        self.0.turn.replace(Some(sender));
        turned
    }

    fn call(&self, turn: Turn) {
        if let Some(sender) = self.0.turn.take() {
            // The receiver is gone if the time was over first.
            let _ = sender.send(turn);
        }
    }
}

fn now_ms() -> i64 {
    Date::now() as i64
}

fn send(channel: &BroadcastChannel, message: &JsValue) {
    // Fails only for a closed channel, and this one is closed on drop.
    let _ = channel.post_message(message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_claim_holds_and_of_two_at_once_one() {
        let claim = |text: &str| read_claim(text).unwrap();
        assert!(claim("1000 page-b") < claim("1001 page-a"));
        assert!(claim("1000 page-a") < claim("1000 page-b"));
        assert_eq!(read_claim("soon page-a"), None);
    }
}
