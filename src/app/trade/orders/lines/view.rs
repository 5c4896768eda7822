//! A line as it is seen, taken hold of, and moved.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    Overlay,
    dragging::{Drag, commit, moved},
    line::{Field, Key, text_of},
};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece, show_when},
    presses::press_once,
    trade::{alerts::Wish, orders::cancel::cancel},
    workspace::{Workspace, use_workspace},
};

/// Horizontal offset per level, in rem.
const ASIDE_REM: u8 = 11;

pub fn show_line(key: Key, overlay: Overlay) -> Piece {
    let workspace = use_workspace();
    let tools = overlay.tools;
    let line = memo(move || overlay.line(key));
    let drag = memo(move || overlay.drag.get().filter(|drag| drag.key == key));
    let price =
        memo(move || drag.get().map(|drag| drag.to).or_else(|| line.with(|line| line.as_ref().map(|line| line.price))));
    let place = memo(move || Some(tools.scale.get()?.place(price.get()?)));
    let is_out = memo(move || !tools.scale.get().zip(place.get()).is_some_and(|(scale, place)| scale.shows(place)));
    let top = move || place.get().map(|place| format!("{place:.0}px"));
    let label_top = move || {
        let (scale, place) = (tools.scale.get()?, place.get()?);
        Some(format!("{:.0}px", scale.label_place(place) - place))
    };
    let words =
        Signal::derive(move || line.with(|line| line.as_ref().map(|line| line.label.clone()).unwrap_or_default()));
    let stake = Signal::derive(move || line.with(|line| line.as_ref()?.stake?.words(price.get()?)).unwrap_or_default());
    let tone = line.with_untracked(|line| line.as_ref().map_or("", |line| line.tone));
    let is_fixed = memo(move || line.with(|line| line.as_ref().is_none_or(|line| line.is_fixed)));
    let aside = move || {
        let level =
            overlay.levels.with(|levels| levels.iter().find(|(other, _)| *other == key).map(|(_, level)| *level));
        format!("{}rem", level.unwrap_or_default() * ASIDE_REM)
    };
    let grip = Signal::derive(move || drag.get().map(|drag| drag.words()).unwrap_or_default());
    let now = Signal::derive(move || price.get().map(|price| price.dollars().to_string()));
    let value_words = Signal::derive(move || price.get().map(|price| format!("{price} {}", stake.get())));
    let end = move |_| drop_line(key, workspace);
    let end_name = Signal::derive(move || match key {
        Key::Order(..) => format!("Cancel: {}", words.get()),
        Key::Ticket(_) => format!("Leave out: {}", words.get()),
        Key::Alert(_) => format!("Delete: {}", words.get()),
    });
    let (id, field) = match key {
        Key::Order(id, field) => (id.to_string(), field),
        Key::Ticket(field) => ("ticket".to_owned(), field),
        Key::Alert(id) => (id.to_string(), Field::Alert),
    };
    view! {
        <div class=format!("order-line {tone}") data-testid="chart-order" data-id=id data-field=field.as_str() style:top=top hidden=is_out>
            <span class="order-line-label" style:top=label_top style:right=aside class:dragged=move || drag.with(Option::is_some)>
                <span
                    class="order-line-handle"
                    class:fixed=is_fixed
                    role="slider"
                    tabindex="0"
                    aria-orientation="vertical"
                    aria-label=words
                    aria-valuemin="0"
                    aria-valuemax="10000000"
                    aria-valuenow=now
                    aria-valuetext=value_words
                    aria-readonly=move || is_fixed.get().to_string()
                    data-testid="chart-order-handle"
                    title="Drag, or move with the arrow keys and place with Enter"
                    on:pointerdown=move |event| take(&event, key, overlay)
                    on:pointermove=move |event| follow(&event, key, overlay)
                    on:pointerup=move |_| let_go(key, overlay, workspace)
                    on:pointercancel=move |_| give_back(key, overlay)
                    on:keydown=move |event| press(&event, key, overlay, workspace)
                    on:blur=move |_| give_back(key, overlay)
                >
                    {words}
                    " "
                    <b translate="no">{stake}</b>
                    {show_when(
                        move || drag.with(Option::is_some),
                        move || view! { <span class="order-line-change" data-testid="chart-order-change">{grip}</span> }.erase(),
                    )}
                </span>
                <button class="order-line-end" data-testid="chart-order-cancel" aria-label=end_name on:keydown=|event| press_once(&event) on:click=end>
                    "×"
                </button>
            </span>
            <span class="order-line-price" translate="no">{move || price.get().map(|price| price.to_string())}</span>
        </div>
        {show_when(move || drag.with(Option::is_some), move || show_ghost(overlay))}
    }
    .erase()
}

/// Faint line at the price before the drag.
fn show_ghost(overlay: Overlay) -> Piece {
    let top = move || {
        let place = overlay.tools.scale.get()?.place(overlay.drag.get()?.from);
        Some(format!("{place:.0}px"))
    };
    let price = move || overlay.drag.get().map(|drag| drag.from.to_string());
    view! {
        <div class="order-line ghost" aria-hidden="true" style:top=top>
            <span class="order-line-price">{price}</span>
        </div>
    }
    .erase()
}

/// Cancels the order, deletes the alert, or takes the price out of the ticket.
fn drop_line(key: Key, workspace: Workspace) {
    match key {
        Key::Order(id, _) => cancel(workspace.orders, id, None),
        Key::Ticket(field) => {
            if let Some(text) = text_of(workspace.ticket.terms, field) {
                text.set(String::new());
            }
        }
        Key::Alert(id) => {
            workspace.alerts.wish(Wish::Delete(id));
        }
    }
}

/// Vertical position of the pointer, in pixels below the top of the chart.
fn place_of(event: &PointerEvent, overlay: Overlay) -> Option<f64> {
    let top = overlay.layer.get_untracked()?.get_bounding_client_rect().top();
    Some(f64::from(event.client_y()) - top)
}

fn take(event: &PointerEvent, key: Key, overlay: Overlay) {
    let line = untrack(|| overlay.line(key)).filter(|line| !line.is_fixed);
    let is_sent = overlay.drag.get_untracked().is_some_and(|drag| drag.is_sent);
    let (Some(line), Some(scale), Some(y), 0, false) =
        (line, overlay.tools.scale.get_untracked(), place_of(event, overlay), event.button(), is_sent)
    else {
        return;
    };
    event.prevent_default();
    if let Some(handle) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
        // A pointer that is gone by now refuses, and an element that has left the page.
        let _ = handle.set_pointer_capture(event.pointer_id());
        let _ = handle.focus();
    }
    overlay.drag.set(Some(Drag { grip: y - scale.place(line.price), is_held: true, ..Drag::begin(&line) }));
}

fn follow(event: &PointerEvent, key: Key, overlay: Overlay) {
    let drag = overlay.drag.get_untracked().filter(|drag| drag.key == key && drag.is_held);
    let (Some(drag), Some(scale), Some(y)) = (drag, overlay.tools.scale.get_untracked(), place_of(event, overlay))
    else {
        return;
    };
    let y = (y - drag.grip).clamp(0.0, scale.height);
    // A line that was not moved keeps its price, whatever the pixels say.
    let is_moved = drag.to != drag.from || (y - scale.place(drag.from)).abs() >= 1.0;
    if let Some(to) = scale.price_at(y).filter(|to| is_moved && *to != drag.to) {
        overlay.drag.set(Some(Drag { to, ..drag }));
    }
}

fn let_go(key: Key, overlay: Overlay, workspace: Workspace) {
    if overlay.drag.get_untracked().is_some_and(|drag| drag.key == key && drag.is_held) {
        commit(overlay, workspace);
    }
}

/// Back where it was, unless it is on its way to the server.
fn give_back(key: Key, overlay: Overlay) {
    // The chart may be gone by now.
    let drag = overlay.drag.try_get_untracked().flatten();
    if drag.is_some_and(|drag| drag.key == key && !drag.is_sent) {
        overlay.drag.set(None);
    }
}

fn press(event: &KeyboardEvent, key: Key, overlay: Overlay, workspace: Workspace) {
    press_once(event);
    let now = overlay.drag.get_untracked().filter(|drag| drag.key == key);
    if now.is_some_and(|drag| drag.is_sent) {
        return;
    }
    let many = if event.shift_key() { 10 } else { 1 };
    let steps = match event.key().as_str() {
        "ArrowUp" => many,
        "ArrowDown" => -many,
        "PageUp" => 100,
        "PageDown" => -100,
        "Enter" if now.is_some() => {
            event.prevent_default();
            return commit(overlay, workspace);
        }
        "Escape" if now.is_some() => {
            event.prevent_default();
            event.stop_propagation();
            return give_back(key, overlay);
        }
        "Delete" | "Backspace" => {
            event.prevent_default();
            return drop_line(key, workspace);
        }
        _ => return,
    };
    event.prevent_default();
    let Some(line) = untrack(|| overlay.line(key)).filter(|line| !line.is_fixed) else {
        return;
    };
    let drag = now.unwrap_or_else(|| Drag::begin(&line));
    if let Some(to) = moved(drag.to, steps) {
        overlay.drag.set(Some(Drag { to, is_held: false, ..drag }));
    }
}
