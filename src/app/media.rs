//! Media queries: properties of the screen that the style sheet alone cannot handle.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

use super::effects::effect;

/// The system's few colours replace the page's own.
pub const FORCED_COLORS_QUERY: &str = "(forced-colors: active)";

/// Whether `query` matches, updated on changes; false on the server and until the first effects.
pub fn use_media(query: &'static str) -> Signal<bool> {
    let matches = RwSignal::new(false);
    effect(move || {
        let Ok(Some(list)) = window().match_media(query) else {
            return;
        };
        let read = {
            let list = list.clone();
            // The page may be disposed when the browser reports a change.
            move || {
                let _ = matches.try_set(list.matches());
            }
        };
        read();
        let on_change = Closure::<dyn FnMut()>::new(read);
        list.set_onchange(Some(on_change.as_ref().unchecked_ref()));
        // Created inside the effect: a thread-local value must not be created during the server's rendering.
        StoredValue::new_local((list, on_change));
    });
    matches.into()
}
