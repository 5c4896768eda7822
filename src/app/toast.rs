//! Toasts: short messages that stack, are announced, and disappear by themselves unless someone is reading them.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};

use super::{
    erase::{Erase, Piece},
    rows::list_of,
};

/// Most toasts at a time; the oldest is removed.
const TOASTS_MAX: usize = 4;

const TOAST_TIME: Duration = Duration::from_secs(7);

/// Duration of a toast with a decision, longer than that of a notice.
const OFFER_TIME: Duration = Duration::from_secs(12);

/// Time that a toast stays after the pointer or the focus has left the stack.
const GRACE: Duration = Duration::from_millis(1_500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Success,
    Error,
}

/// A button on a toast: its label and its effect.
#[derive(Clone, Copy)]
struct Action {
    label: &'static str,
    run: Callback<()>,
}

#[derive(Clone)]
struct Toast {
    id: u64,
    kind: Kind,
    text: String,
    action: Option<Action>,
}

/// Handle to the page's toasts; copies share it.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u64>,
    /// Whether the pointer is over the stack…
    is_hovered: StoredValue<bool>,
    /// …or the focus in it: toasts stay meanwhile.
    is_focused: StoredValue<bool>,
}

impl Toasts {
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(Vec::new()),
            next_id: StoredValue::new(0),
            is_hovered: StoredValue::new(false),
            is_focused: StoredValue::new(false),
        }
    }

    pub fn success(self, text: String) {
        self.show(Kind::Success, text, None);
    }

    pub fn error(self, text: String) {
        self.show(Kind::Error, text, None);
    }

    /// Shows a message with a button, such as "Undo".
    pub fn offer(self, text: String, label: &'static str, run: impl Fn() + Send + Sync + 'static) {
        self.show(Kind::Success, text, Some(Action { label, run: Callback::new(move |()| run()) }));
    }

    fn show(self, kind: Kind, text: String, action: Option<Action>) {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        let time = if action.is_some() { OFFER_TIME } else { TOAST_TIME };
        self.shown.update(|shown| {
            shown.push(Toast { id, kind, text, action });
            let surplus = shown.len().saturating_sub(TOASTS_MAX);
            shown.drain(..surplus);
        });
        spawn_local(async move {
            sleep(time).await;
            while self.is_held() {
                sleep(GRACE).await;
            }
            self.dismiss(id);
        });
    }

    fn is_held(self) -> bool {
        // The page may be disposed by now.
        self.is_hovered.try_get_value() == Some(true) || self.is_focused.try_get_value() == Some(true)
    }

    fn dismiss(self, id: u64) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
        // A button that disappears with its toast triggers no event for the lost focus.
        self.is_focused.try_set_value(false);
    }
}

/// Each toast is a live region; if the stack were one too, toasts would be announced twice.
#[component]
pub fn ToastStack(toasts: Toasts) -> impl IntoView {
    view! {
        <section
            class="toasts"
            aria-label="Notifications"
            on:pointerenter=move |_| toasts.is_hovered.set_value(true)
            on:pointerleave=move |_| toasts.is_hovered.set_value(false)
            on:focusin=move |_| toasts.is_focused.set_value(true)
            on:focusout=move |_| toasts.is_focused.set_value(false)
        >
            {list_of(move || toasts.shown.get(), |toast| toast.id.to_string(), move |toast| show_toast(toasts, toast))}
        </section>
    }
    .erase()
}

fn show_toast(toasts: Toasts, Toast { id, kind, text, action }: Toast) -> Piece {
    let (name, role, mark) = match kind {
        Kind::Success => ("success", "status", "✓"),
        Kind::Error => ("error", "alert", "!"),
    };
    let act = move |action: Action| {
        action.run.run(());
        toasts.dismiss(id);
    };
    view! {
        <div
            class="toast"
            role=role
            data-testid="toast"
            data-kind=name
            on:keydown=move |event| if event.key() == "Escape" { toasts.dismiss(id) }
        >
            <span class="toast-mark" aria-hidden="true">{mark}</span>
            <p>{text}</p>
            {action.map(|action| view! {
                <button class="toast-action" on:click=move |_| act(action)>{action.label}</button>
            })}
            <button class="quiet" aria-label="Dismiss" on:click=move |_| toasts.dismiss(id)>"×"</button>
        </div>
    }
    .erase()
}
