//! Media queries: what the page has to know of the screen where the style sheet alone does not do.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

use super::effects::effect;

/// The system's few colours in the place of the page's own.
pub const FORCED_COLORS_QUERY: &str = "(forced-colors: active)";

/// Whether `query` matches, from the first effects on and whenever that changes; until then, and on the server, not.
pub fn use_media(query: &'static str) -> Signal<bool> {
    let matches = RwSignal::new(false);
    effect(move || {
        let Ok(Some(list)) = window().match_media(query) else {
            return;
        };
        let read = {
            let list = list.clone();
            // The page may be gone by the time the browser tells.
            move || {
                let _ = matches.try_set(list.matches());
            }
        };
        read();
        let on_change = Closure::<dyn FnMut()>::new(read);
        list.set_onchange(Some(on_change.as_ref().unchecked_ref()));
        // Here, and not above: what belongs to one thread may not be made where the server renders.
        StoredValue::new_local((list, on_change));
    });
    matches.into()
}
