//! Ends flashes: a finished animation must not restart when its element is moved or shown again.

use leptos::ev::AnimationEvent;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// Removes the attribute that started an animation, once that has ended. The signal behind the attribute is unchanged:
/// its next change sets another value.
pub fn end_animation(event: &AnimationEvent, attribute: &str) {
    if let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) {
        remove(&element, attribute);
        // Animations of table rows end on their cells.
        if let Ok(Some(row)) = element.closest("tr") {
            remove(&row, attribute);
        }
    }
}

fn remove(element: &Element, attribute: &str) {
    // Fails only for a malformed name.
    let _ = element.remove_attribute(attribute);
}
