//! The page's service worker (`public/sw.js`), which shows an offline page while the server is unreachable.

use js_sys::Reflect;
use wasm_bindgen::{JsValue, closure::Closure};

const SCRIPT: &str = "/sw.js";

/// A registration in progress. Keep it, because otherwise its failure is reported as an error of the page, though it
/// only costs the offline page.
pub struct Registration {
    _on_failure: Closure<dyn FnMut(JsValue)>,
}

/// Starts the registration; `None` if the browser has no service workers, as on an insecure address.
pub fn register() -> Option<Registration> {
    let navigator = web_sys::window()?.navigator();
    if !Reflect::has(&navigator, &"serviceWorker".into()).ok()? {
        return None;
    }
    let on_failure = Closure::once(|_: JsValue| ());
    let _registered = navigator.service_worker().register(SCRIPT).catch(&on_failure);
    Some(Registration { _on_failure: on_failure })
}
