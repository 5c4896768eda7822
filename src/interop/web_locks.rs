//! The browser's locks, which one tab of an origin holds at a time and loses with its end, however that comes.
//!
//! `web-sys` has them as unstable only, which would need a flag for every build.

use std::cell::RefCell;

use futures::channel::oneshot;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsValue, closure::Closure, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = LockManager)]
    type LockManager;

    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, granted: &Function) -> Promise;
}

/// The locks of this origin.
pub struct WebLocks(LockManager);

/// A lock that this tab holds; given back when dropped.
pub struct HeldLock {
    release: Function,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // It resolves a promise, which cannot fail.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

impl WebLocks {
    /// Nothing where the browser has none, as on an insecure address.
    pub fn find() -> Option<Self> {
        let locks = Reflect::get(&web_sys::window()?.navigator(), &"locks".into()).ok()?;
        locks.is_object().then(|| Self(locks.into()))
    }

    /// Waits, as long as it takes, until this tab holds the lock; nothing when the browser refuses it.
    pub async fn hold(&self, name: &str) -> Option<HeldLock> {
        let (sender, holder) = oneshot::channel();
        let sender = std::rc::Rc::new(RefCell::new(Some(sender)));
        let tell = move |held: Option<HeldLock>| {
            if let Some(sender) = sender.take() {
                // Nobody waits any more: what was granted is dropped, and so given back.
                let _ = sender.send(held);
            }
        };
        let granted = {
            let tell = tell.clone();
            Closure::<dyn FnMut(JsValue) -> Promise>::new(move |_| {
                // The lock is held for as long as this promise is open.
                Promise::new(&mut |resolve, _| tell(Some(HeldLock { release: resolve })))
            })
        };
        let refused = Closure::<dyn FnMut(JsValue)>::new(move |_| tell(None));
        let _ended = self.0.request(name, wasm_bindgen::JsCast::unchecked_ref(granted.as_ref())).catch(&refused);
        holder.await.ok().flatten()
    }
}
