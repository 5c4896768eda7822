//! The boundary between two panels: a separator that resizes one of them, and a button that closes it.
//!
//! The separator is a window splitter of the ARIA Authoring Practices: arrows move it, Home and End go to its ends,
//! Enter closes and opens; a double click restores the default size.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    html::Div,
    prelude::*,
};

use super::{Axis, Layout, Panel, bounds, find_slot, slot::id};
use crate::app::{
    effects::{effect, memo},
    erase::Erase,
};

/// Step of an arrow key, in CSS pixels; four times as far with Shift.
const KEY_STEP: f64 = 16.0;

/// Start of a drag: the pointer's position along the axis, and the panel's size.
#[derive(Clone, Copy)]
struct Grip {
    pointer: f64,
    size: f64,
}

#[component]
pub fn Splitter(panel: Panel, layout: Layout) -> impl IntoView {
    let separator = NodeRef::<Div>::new();
    let grip = StoredValue::new(None::<Grip>);
    let size = RwSignal::new(panel.bounds(0.0).min);
    effect(move || {
        layout.arrangement.track();
        // After the style sheet has placed the panels.
        request_animation_frame(move || {
            let _ = size.try_set(measure(panel) as u16);
        });
    });

    let size_words = Signal::derive(move || size.get().to_string());

    let take = move |event: PointerEvent| {
        let Some(element) = separator.get() else {
            return;
        };
        // Fails only for a pointer that is gone already.
        let _ = element.set_pointer_capture(event.pointer_id());
        grip.set_value(Some(Grip { pointer: along(panel, &event), size: measure(panel) }));
    };
    let drag = move |event: PointerEvent| {
        if let Some(grip) = grip.get_value() {
            layout.resize(panel, grip.size + layout.growth(panel) * (along(panel, &event) - grip.pointer));
        }
    };
    let release = move |_: PointerEvent| {
        if grip.try_update_value(Option::take).flatten().is_some() {
            layout.remember();
        }
    };
    let (vertical, min, max) = (panel.axis() == Axis::Horizontal, panel.bounds(0.0).min, panel.bounds(f64::MAX).max);
    let is_open = memo(move || layout.is_open(panel));
    let is_expanded = Signal::derive(move || is_open.get().to_string());
    let name = panel.words();
    let toggle_label = {
        let name = name.clone();
        Signal::derive(move || format!("{} the {name}", if is_open.get() { "Close" } else { "Open" }))
    };
    view! {
        <div class="splitter" data-splitter=panel.as_str()>
            <div
                class="separator"
                node_ref=separator
                role="separator"
                tabindex="0"
                aria-label=format!("Size of the {name}")
                aria-controls=id(panel)
                aria-orientation=if vertical { "vertical" } else { "horizontal" }
                aria-valuemin=min
                aria-valuemax=max
                aria-valuenow=size_words
                on:pointerdown=take
                on:pointermove=drag
                on:pointerup=release
                on:pointercancel=release
                on:dblclick=move |_| layout.reset(panel)
                on:keydown=move |event| move_by_key(&event, panel, layout)
            ></div>
            <button
                class="splitter-toggle"
                tabindex="-1"
                aria-label=toggle_label
                title=toggle_label
                aria-expanded=is_expanded
                aria-controls=id(panel)
                on:click=move |_| layout.toggle(panel)
            ></button>
        </div>
    }
    .erase()
}

fn move_by_key(event: &KeyboardEvent, panel: Panel, layout: Layout) {
    let step = if event.shift_key() { 4.0 * KEY_STEP } else { KEY_STEP };
    let moved = |by: f64| measure(panel) + layout.growth(panel) * by;
    let limits = bounds(panel);
    let size = match (event.key().as_str(), panel.axis()) {
        ("ArrowLeft", Axis::Horizontal) | ("ArrowUp", Axis::Vertical) => moved(-step),
        ("ArrowRight", Axis::Horizontal) | ("ArrowDown", Axis::Vertical) => moved(step),
        ("Home", _) => f64::from(limits.min),
        ("End", _) => f64::from(limits.max),
        ("Enter", _) => {
            event.prevent_default();
            return layout.toggle(panel);
        }
        _ => return,
    };
    event.prevent_default();
    layout.resize(panel, size);
    layout.remember();
}

fn along(panel: Panel, event: &PointerEvent) -> f64 {
    f64::from(match panel.axis() {
        Axis::Horizontal => event.client_x(),
        Axis::Vertical => event.client_y(),
    })
}

/// Present size of the panel, in CSS pixels; zero while closed.
fn measure(panel: Panel) -> f64 {
    find_slot(panel).map_or(0.0, |slot| {
        let shown = slot.get_bounding_client_rect();
        match panel.axis() {
            Axis::Horizontal => shown.width(),
            Axis::Vertical => shown.height(),
        }
    })
}
