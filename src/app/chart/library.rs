//! The drawing library, which a panel asks for when it is on the page.

use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};

use crate::interop::lightweight_charts::{Library, Unloaded};

/// The handle to a panel's load of the library; copies share it.
#[derive(Clone, Copy)]
pub struct LibraryLoad {
    loaded: RwSignal<Option<Result<Library, Unloaded>>, LocalStorage>,
    attempts: RwSignal<u32>,
}

impl LibraryLoad {
    /// Begins once the page is hydrated.
    pub fn begin() -> Self {
        let load = Self { loaded: RwSignal::new_local(None), attempts: RwSignal::new(0) };
        Effect::new(move || {
            let attempt = load.attempts.get();
            spawn_local_scoped_with_cancellation(async move {
                let loaded = Library::load(attempt).await;
                load.loaded.set(Some(loaded));
            });
        });
        load
    }

    /// The library, once it is there; tracked.
    pub fn get(self) -> Option<Library> {
        self.loaded.with(|loaded| loaded.as_ref()?.as_ref().ok().cloned())
    }

    /// Why there is none, tracked.
    pub fn failure(self) -> Option<Unloaded> {
        self.loaded.with(|loaded| loaded.as_ref()?.as_ref().err().copied())
    }

    /// Tries again, if the library is not there.
    pub fn retry(self) {
        if self.failure().is_some() {
            self.loaded.set(None);
            self.attempts.update(|count| *count += 1);
        }
    }
}
