//! The drawing library, which a panel asks for when it is on the page, and what the panel says of it.

use leptos::prelude::*;
use send_wrapper::SendWrapper;

use crate::{
    app::{
        effects::{effect, spawn},
        erase::{Erase, Piece},
        loading::Loading,
    },
    interop::lightweight_charts::{Library, Unloaded},
};

/// The handle to a panel's load of the library; copies share it.
#[derive(Clone, Copy)]
pub struct LibraryLoad {
    loaded: RwSignal<Option<Result<SendWrapper<Library>, Unloaded>>>,
    attempts: RwSignal<u32>,
}

impl LibraryLoad {
    /// Begins once the page is hydrated.
    pub fn begin() -> Self {
        let load = Self { loaded: RwSignal::new(None), attempts: RwSignal::new(0) };
        effect(move || {
            let attempt = load.attempts.get();
            spawn(async move {
                let loaded = Library::load(attempt).await;
                load.loaded.set(Some(loaded.map(SendWrapper::new)));
            });
        });
        load
    }

    /// The library, once it is there; tracked.
    pub fn get(self) -> Option<Library> {
        self.loaded.with(|loaded| loaded.as_ref()?.as_ref().ok().map(|library| Library::clone(library)))
    }

    /// How far the panel is that draws with it, given how far its data is; tracked.
    pub fn and(self, data: RwSignal<Loading>) -> Loading {
        self.loaded.with(|loaded| match loaded {
            None => Loading::Pending,
            Some(Ok(_)) => data.get(),
            Some(Err(unloaded)) => Loading::Failed(unloaded.to_string()),
        })
    }

    fn retry(self) {
        if self.loaded.with_untracked(|loaded| matches!(loaded, Some(Err(_)))) {
            self.loaded.set(None);
            self.attempts.update(|count| *count += 1);
        }
    }
}

/// What a panel says in the place of a drawing; nothing when all is well. `what` begins the sentence.
pub fn show_notice(what: &'static str, library: LibraryLoad, data: RwSignal<Loading>, retries: RwSignal<u32>) -> Piece {
    let retry = move |_| {
        library.retry();
        retries.update(|count| *count += 1);
    };
    let words = move || match library.and(data) {
        Loading::Ready => None,
        Loading::Pending => Some(view! { <p class="panel-waiting" role="status">"Loading…"</p> }.erase()),
        Loading::Failed(reason) => Some(
            view! {
                <p class="panel-error" role="alert">
                    {format!("{what} could not be loaded. {reason}")}
                    <button on:click=retry>"Try again"</button>
                </p>
            }
            .erase(),
        ),
    };
    words.erase()
}
