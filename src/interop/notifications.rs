//! Desktop notifications (the browser's Notifications API), with the permission that they need.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Notification;

    #[wasm_bindgen(constructor, catch)]
    fn new(title: &str, options: &JsValue) -> Result<Notification, JsValue>;

    #[wasm_bindgen(static_method_of = Notification, getter)]
    fn permission() -> String;

    #[wasm_bindgen(static_method_of = Notification, js_name = requestPermission, catch)]
    fn request_permission() -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, setter)]
    fn set_onclick(this: &Notification, act: &Function);

    #[wasm_bindgen(method)]
    fn close(this: &Notification);

    /// A service worker's registration.
    type Registration;

    #[wasm_bindgen(method, catch, js_name = showNotification)]
    fn show_notification(this: &Registration, title: &str, options: &JsValue) -> Result<Promise, JsValue>;
}

/// Whether the page may show notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// The browser has none, or not for a page without TLS.
    Unsupported,
    /// Nobody was asked yet.
    Unasked,
    Granted,
    Denied,
}

pub fn permission() -> Permission {
    let Some(window) = web_sys::window() else {
        return Permission::Unsupported;
    };
    let has_api = Reflect::has(&window, &"Notification".into()).unwrap_or(false);
    if !has_api || !window.is_secure_context() {
        return Permission::Unsupported;
    }
    match Notification::permission().as_str() {
        "granted" => Permission::Granted,
        "denied" => Permission::Denied,
        _ => Permission::Unasked,
    }
}

/// Asks a person; only from within a press, or the browser refuses by itself.
pub async fn ask() -> Permission {
    if let Ok(answer) = Notification::request_permission() {
        // The answer is read below.
        let _ = answer.await;
    }
    permission()
}

/// Shows a notification; another one of the same `tag` takes its place. A press on it brings the page to the front.
pub async fn show(title: &str, body: &str, tag: &str) {
    let options = Object::new();
    for (name, value) in [("body", body), ("tag", tag), ("icon", "/icon-192.png")] {
        // Fails only for a frozen object.
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    match Notification::new(title, &options) {
        Ok(notification) => bring_to_front(&notification),
        // Browsers of phones show them only for a service worker.
        Err(_) => show_by_worker(title, &options).await,
    }
}

fn bring_to_front(notification: &Notification) {
    let pressed = notification.clone();
    let act = Closure::once_into_js(move || {
        if let Some(window) = web_sys::window() {
            // A window that may not be focused stays where it is.
            let _ = window.focus();
        }
        pressed.close();
    });
    notification.set_onclick(act.unchecked_ref());
}

async fn show_by_worker(title: &str, options: &Object) {
    let Some(ready) = web_sys::window().and_then(|window| window.navigator().service_worker().ready().ok()) else {
        return;
    };
    if let Ok(registration) = ready.await
        && let Ok(shown) = registration.unchecked_into::<Registration>().show_notification(title, options)
    {
        // One that is refused after all is not shown; the page has said it too.
        let _ = shown.await;
    }
}
