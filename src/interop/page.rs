//! The page's own scripts, which run before its program (`src/app/scripts`).

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Event;

#[wasm_bindgen]
extern "C" {
    /// Whether the page's nodes are those that the server wrote, so that it can be taken over.
    #[wasm_bindgen(js_name = isPageAsServed)]
    pub fn is_as_served() -> bool;

    /// Takes the server's nodes away.
    #[wasm_bindgen(js_name = clearPage)]
    pub fn clear();
}

/// Tells those who see the page that its program has stopped, without the program.
pub fn tell_panic() {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new("finally:panic")) {
        // It has no listener that could forbid it.
        let _ = window.dispatch_event(&event);
    }
}
