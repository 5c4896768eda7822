//! Ending what flashes: an animation that is over must not begin again when its element is moved or shown again.

use leptos::ev::AnimationEvent;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// Takes the attribute away that started an animation, once that has ended. The signal behind the attribute is left
/// as it is: its next change sets another value.
pub fn end_animation(event: &AnimationEvent, attribute: &str) {
    if let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) {
        remove(&element, attribute);
        // Animations of table rows end on their cells.
        if let Ok(Some(row)) = element.closest("tr") {
            remove(&row, attribute);
        }
    }
}

/// Takes the attribute away within a part of the page that is about to be painted in another order, or again.
pub fn end_animations(list: &Element, attribute: &str) {
    let Ok(flashing) = list.query_selector_all(&format!("[{attribute}]")) else {
        return;
    };
    for index in 0..flashing.length() {
        if let Some(element) = flashing.get(index).and_then(|node| node.dyn_into::<Element>().ok()) {
            remove(&element, attribute);
        }
    }
}

fn remove(element: &Element, attribute: &str) {
    // Only a malformed name could be refused.
    let _ = element.remove_attribute(attribute);
}
