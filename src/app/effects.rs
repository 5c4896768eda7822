//! Effects, tasks and memos behind one pointer each: the client then contains their machinery once, not per closure.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
};

use leptos::{
    prelude::*,
    reactive::graph::{AnySubscriber, Observer, Subscriber},
    task::{spawn_local, spawn_local_scoped_with_cancellation},
};

/// Runs in the browser, and again whenever its tracked values change; ends with the calling component or effect.
pub fn effect(run: impl Fn() + 'static) {
    begin(Box::new(run));
}

fn begin(run: Box<dyn Fn()>) {
    Effect::new(unsubscribing(run));
}

/// Unsubscribes the calling effect from its sources when the calling component or effect ends. Leptos does not, so that
/// a long-lived signal would keep an entry per former reader, and notify all of them.
fn unsubscribing(run: Box<dyn Fn()>) -> impl Fn() {
    let reader = Arc::new(OnceLock::<AnySubscriber>::new());
    let ended = Arc::clone(&reader);
    on_cleanup(move || {
        if let Some(reader) = ended.get() {
            reader.clear_sources(reader);
        }
    });
    move || {
        if let Some(observer) = Observer::get() {
            reader.get_or_init(|| observer);
        }
        run();
    }
}

/// Runs to its end, or to that of the calling effect.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    spawn_local_scoped_with_cancellation(task);
}

/// Runs to its end, independent of the caller.
pub fn detach(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    spawn_local(task);
}

/// A derived value, which notifies only if it changes.
pub fn memo<T: PartialEq + Send + Sync + 'static>(value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    remember(Box::new(value))
}

fn remember<T: PartialEq + Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| value())
}

#[cfg(test)]
mod tests {
    use std::sync::{Weak, atomic::AtomicUsize, atomic::Ordering::Relaxed};

    use leptos::reactive::graph::{AnySource, ReactiveNode, WithObserver};

    use super::*;

    /// An effect as its sources see it; counts its runs.
    #[derive(Default)]
    struct Reader {
        sources: AtomicUsize,
    }

    impl ReactiveNode for Reader {
        fn mark_dirty(&self) {}
        fn mark_check(&self) {}
        fn mark_subscribers_check(&self) {}
        fn update_if_necessary(&self) -> bool {
            false
        }
    }

    impl Subscriber for Reader {
        fn add_source(&self, _: AnySource) {
            self.sources.fetch_add(1, Relaxed);
        }

        fn clear_sources(&self, _: &AnySubscriber) {
            self.sources.store(0, Relaxed);
        }
    }

    #[test]
    fn what_an_effect_has_read_is_let_go_of_when_it_ends() {
        let (signal, owner) = (ArcRwSignal::new(0), Owner::new());
        let read = signal.clone();
        let run = owner.with(|| unsubscribing(Box::new(move || read.track())));
        let reader = Arc::new(Reader::default());
        let weak: Weak<Reader> = Arc::downgrade(&reader);
        AnySubscriber(Arc::as_ptr(&reader) as usize, weak).with_observer(run);
        assert_eq!(reader.sources.load(Relaxed), 1);
        owner.cleanup();
        assert_eq!(reader.sources.load(Relaxed), 0);
    }
}
