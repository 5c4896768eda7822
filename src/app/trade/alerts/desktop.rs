//! Beyond the page: the sound of a firing, and desktop notifications while nobody sees the page.

use leptos::{prelude::*, task::spawn_local};

use super::words;
use crate::{
    app::{
        effects::effect,
        erase::{Erase, Piece},
        storage,
    },
    domain::alerts::request::Firing,
    interop::{
        notifications::{self, Permission},
        sound::play_chime,
    },
};

/// Where the browser remembers that a firing is heard.
const SOUND_KEY: &str = "alert-sound";
const ON: &str = "on";

/// Most notifications of firings that came at once.
const NOTIFICATIONS_MAX: usize = 3;

/// Makes firings heard, where that is wished, and notified while the page is hidden, where that is allowed.
pub fn tell(firings: &[Firing]) {
    if storage::read(SOUND_KEY).as_deref() == Some(ON) {
        play_chime();
    }
    if document().hidden() && notifications::permission() == Permission::Granted {
        for firing in firings.iter().rev().take(NOTIFICATIONS_MAX) {
            let (body, id) = (words::told(firing), firing.id.clone());
            spawn_local(async move { notifications::show("FinAlly alert", &body, &id).await });
        }
    }
}

/// The choice of the sound, and the permission of notifications.
pub fn show_choices() -> Piece {
    let sound = RwSignal::new(String::new());
    let permission = RwSignal::new(None);
    effect(move || {
        storage::keep(SOUND_KEY, move || sound.get(), move |stored| sound.set(stored.to_owned()));
        storage::follow(SOUND_KEY, move |stored| sound.set(stored.to_owned()));
        permission.set(Some(notifications::permission()));
    });
    let is_on = move || sound.with(|sound| sound == ON);
    let choose = move |is_chosen: bool| {
        sound.set(if is_chosen { ON.to_owned() } else { String::new() });
        if is_chosen {
            play_chime();
        }
    };
    let ask = move |_| {
        spawn_local(async move {
            let answer = notifications::ask().await;
            permission.try_set(Some(answer));
        });
    };
    let notifications = move || match permission.get() {
        None => None,
        Some(Permission::Unasked) => Some(
            view! {
                <button class="small" data-testid="alert-notify" title="The browser asks you first" on:click=ask>
                    "Notify me while the page is hidden…"
                </button>
            }
            .erase(),
        ),
        Some(told) => Some(
            view! { <span class="muted" data-testid="alert-notify-state" role="status">{state(told)}</span> }.erase(),
        ),
    };
    view! {
        <label class="alert-sound">
            <input
                type="checkbox"
                data-testid="alert-sound"
                prop:checked=is_on
                on:change:target=move |event| choose(event.target().checked())
            />
            "Sound"
        </label>
        {notifications}
    }
    .erase()
}

fn state(permission: Permission) -> &'static str {
    match permission {
        Permission::Unsupported => "This browser shows no notifications at this address",
        Permission::Unasked => "",
        Permission::Granted => "Notifies while the page is hidden",
        Permission::Denied => "Notifications are blocked in the browser's settings",
    }
}
