//! Modal dialogs, by the browser's own `<dialog>`: it keeps the focus inside, closes on Escape and restores the focus.

use leptos::{
    ev::{Custom, Event, MouseEvent},
    html::{self, Dialog},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::Node;

use super::{
    effects::effect,
    erase::{ContentFn, Erase},
};

/// A dialog that is open while `is_open`, which is updated when a person closes it. Its content exists only while open.
#[component]
pub fn Modal(
    is_open: RwSignal<bool>,
    /// Its heading, which is also its accessible name.
    label: &'static str,
    class: &'static str,
    /// Omits the heading and the close button.
    #[prop(optional)]
    is_bare: bool,
    children: ContentFn,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let children = StoredValue::new(children);
    let content = move || {
        is_open.get().then(|| {
            let bar = (!is_bare).then(|| {
                view! {
                    <div class="modal-bar">
                        <h2>{label}</h2>
                        <button class="quiet" aria-label="Close" on:click=move |_| is_open.set(false)>
                            "×"
                        </button>
                    </div>
                }
            });
            view! {
                {bar}
                {children.with_value(ContentFn::show)}
            }
            .erase()
        })
    };
    let view = html::dialog()
        .node_ref(dialog)
        .class(format!("modal {class}"))
        .aria_label(label)
        // Escape triggers this at once, and "close" later: the key that reopens the dialog may come in between.
        .on(Custom::new("cancel"), move |_: Event| is_open.set(false))
        .on(leptos::ev::close, move |_| {
            if !stands_open(dialog) {
                is_open.set(false)
            }
        })
        .on(leptos::ev::click, move |event| close_from_outside(&event, dialog, is_open))
        .child(content);
    // After the content, so that an element that wants the focus exists when the dialog opens.
    effect(move || {
        let Some(dialog) = dialog.get() else {
            return;
        };
        match (is_open.get(), dialog.open()) {
            // Fails only for a dialog that left the page.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view.erase()
}

fn stands_open(dialog: NodeRef<Dialog>) -> bool {
    dialog.get_untracked().is_some_and(|dialog| dialog.open())
}

/// The content fills the dialog's box, so a click on the element itself is a click on its backdrop.
fn close_from_outside(event: &MouseEvent, dialog: NodeRef<Dialog>, is_open: RwSignal<bool>) {
    let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
    if let (Some(target), Some(dialog)) = (target, dialog.get_untracked())
        && dialog.is_same_node(Some(&target))
    {
        is_open.set(false);
    }
}
