//! How large an element is, followed for as long as the calling component stands.

use leptos::{html::ElementType, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use super::effects::effect;

/// Width and height in pixels.
pub type Size = (f64, f64);

/// The inner size of the element that `node` will be; `assumed` until it is known, as on the server.
pub fn follow_size<E>(node: NodeRef<E>, assumed: Size) -> Signal<Size>
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    let size = RwSignal::new(assumed);
    effect(move || {
        if let Some(element) = node.get() {
            // Ends with this effect.
            StoredValue::new_local(Watch::begin(element.unchecked_into(), size));
        }
    });
    size.into()
}

/// Tells an element's size, and each change of it; dropping it ends that.
struct Watch {
    observer: ResizeObserver,
    _read: Closure<dyn FnMut()>,
}

impl Watch {
    fn begin(element: HtmlElement, size: RwSignal<Size>) -> Option<Self> {
        let read = {
            let element = element.clone();
            move || {
                let now = (f64::from(element.client_width()), f64::from(element.client_height()));
                // A closed panel has no size, and keeps the layout that it had.
                if now.0 > 0.0 && now.1 > 0.0 && now != size.get_untracked() {
                    size.set(now);
                }
            }
        };
        let read = Closure::new(read);
        // Without an observer the assumed size stays.
        let observer = ResizeObserver::new(read.as_ref().unchecked_ref()).ok()?;
        observer.observe(&element);
        Some(Self { observer, _read: read })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
