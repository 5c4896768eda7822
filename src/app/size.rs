//! How large an element is, and whether it is there at all, followed for as long as the calling component stands.

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
    watch(node, move |now| {
        // A closed panel has no size, and keeps the layout that it had.
        if has_room(now) && now != size.get_untracked() {
            size.set(now);
        }
    });
    size.into()
}

/// Whether the element that `node` will be takes any room: not in a panel that is closed, nor behind another one.
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

/// Tells an element's size, and each change of it; dropping it ends that.
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
        // Without an observer what was assumed stays.
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
