//! Toasts: short messages that stack, are read out, and go by themselves.

use std::time::Duration;

use leptos::prelude::*;

/// The most that are shown at once; the oldest makes room.
const TOASTS_MAX: usize = 4;

const TOAST_TIME: Duration = Duration::from_secs(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Success,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Toast {
    id: u64,
    kind: Kind,
    text: String,
}

/// The handle to the page's toasts; copies share it.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u64>,
}

impl Toasts {
    pub fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), next_id: StoredValue::new(0) }
    }

    pub fn success(self, text: String) {
        self.show(Kind::Success, text);
    }

    pub fn error(self, text: String) {
        self.show(Kind::Error, text);
    }

    fn show(self, kind: Kind, text: String) {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        self.shown.update(|shown| {
            shown.push(Toast { id, kind, text });
            let surplus = shown.len().saturating_sub(TOASTS_MAX);
            shown.drain(..surplus);
        });
        set_timeout(move || self.dismiss(id), TOAST_TIME);
    }

    fn dismiss(self, id: u64) {
        // The page may be gone by now.
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

#[component]
pub fn ToastStack(toasts: Toasts) -> impl IntoView {
    view! {
        <div class="toasts" role="log" aria-live="polite" aria-label="Notifications">
            <For each=move || toasts.shown.get() key=|toast| toast.id let:toast>
                <div
                    class="toast"
                    data-testid="toast"
                    data-kind=match toast.kind {
                        Kind::Success => "success",
                        Kind::Error => "error",
                    }
                >
                    <span class="toast-mark" aria-hidden="true">
                        {match toast.kind {
                            Kind::Success => "✓",
                            Kind::Error => "!",
                        }}
                    </span>
                    <p>{toast.text.clone()}</p>
                    <button class="quiet" aria-label="Dismiss" on:click=move |_| toasts.dismiss(toast.id)>"×"</button>
                </div>
            </For>
        </div>
    }
}
