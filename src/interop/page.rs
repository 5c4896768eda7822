//! The page's own scripts, which run before its WebAssembly (`src/app/scripts`).

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Event;

#[wasm_bindgen]
extern "C" {
    /// Whether the page's nodes are as the server wrote them, so that hydration is possible.
    #[wasm_bindgen(js_name = isPageAsServed)]
    pub fn is_as_served() -> bool;

    /// Removes the server's nodes.
    #[wasm_bindgen(js_name = clearPage)]
    pub fn clear();
}

/// Tells people by a script that the WebAssembly program has panicked.
pub fn tell_panic() {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new("finally:panic")) {
        // No listener cancels this event.
        let _ = window.dispatch_event(&event);
    }
}
