//! Size and presence of an element, observed as long as the calling component is mounted.

use leptos::{html::ElementType, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use super::effects::effect;

/// Width and height in pixels.
pub type Size = (f64, f64);

/// Inner size of the element of `node`; `assumed` until it is known, as on the server.
pub fn follow_size<E>(node: NodeRef<E>, assumed: Size) -> Signal<Size>
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    let size = RwSignal::new(assumed);
    watch(node, move |now| {
        // A closed panel has no size, and keeps its previous layout.
        if has_room(now) && now != size.get_untracked() {
            size.set(now);
        }
    });
    size.into()
}

/// Whether the element of `node` takes any room: not in a closed or hidden panel.
pub fn follow_presence<E>(node: NodeRef<E>) -> Signal<bool>
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    let is_present = RwSignal::new(true);
    watch(node, move |now| {
        if has_room(now) != is_present.get_untracked() {
            is_present.set(has_room(now));
        }
    });
    is_present.into()
}

fn has_room(size: Size) -> bool {
    size.0 > 0.0 && size.1 > 0.0
}

fn watch<E>(node: NodeRef<E>, tell: impl Fn(Size) + Copy + 'static)
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    effect(move || {
        if let Some(element) = node.get() {
            // Ends with this effect.
            StoredValue::new_local(Watch::begin(element.unchecked_into(), Box::new(tell)));
        }
    });
}

/// Reports an element's size and its changes, until dropped.
struct Watch {
    observer: ResizeObserver,
    _read: Closure<dyn FnMut()>,
}

impl Watch {
    fn begin(element: HtmlElement, tell: Box<dyn Fn(Size)>) -> Option<Self> {
        let read = {
            let element = element.clone();
            move || tell((f64::from(element.client_width()), f64::from(element.client_height())))
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
