//! Work that can wait until the browser has nothing else to do.

use js_sys::{Function, Reflect};
use leptos::prelude::set_timeout;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// Delay for browsers without idle callbacks.
const DELAY: Duration = Duration::from_secs(3);

/// Runs once the browser is idle.
pub fn when_idle(run: impl FnOnce() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let request = Reflect::get(&window, &"requestIdleCallback".into()).unwrap_or(JsValue::UNDEFINED);
    match request.dyn_into::<Function>() {
        // It throws only if its argument is not a function.
        Ok(request) => drop(request.call1(&window, &Closure::once_into_js(run))),
        Err(_) => set_timeout(run, DELAY),
    }
}
