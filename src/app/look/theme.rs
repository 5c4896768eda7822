//! The theme: dark or light, as the system prefers or as a person chose.
//!
//! The server renders without knowing either, so `before_paint.js` sets the document's `data-theme` before the first
//! paint, and the style sheet follows that attribute. After hydration this module maintains it.

use leptos::prelude::*;

use super::mark_document;
use crate::app::{
    effects::{effect, memo},
    media::use_media,
    storage,
};

/// The theme in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Dark,
    Light,
}

/// A person's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeChoice {
    System,
    Dark,
    Light,
}

/// Storage key; also in `before_paint.js`.
const STORAGE_KEY: &str = "theme";

impl Theme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

impl ThemeChoice {
    /// Stored text; empty for the system's theme.
    fn as_str(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    fn read(stored: &str) -> Self {
        match stored {
            "dark" => Self::Dark,
            "light" => Self::Light,
            _ => Self::System,
        }
    }

    fn resolve(self, system: Theme) -> Theme {
        match self {
            Self::System => system,
            Self::Dark => Theme::Dark,
            Self::Light => Theme::Light,
        }
    }
}

/// Handle to the page's theme; copies share it.
#[derive(Clone, Copy)]
pub struct ThemeSetting {
    choice: RwSignal<ThemeChoice>,
    in_effect: Memo<Theme>,
}

impl ThemeSetting {
    /// The choice; tracked.
    pub fn choice(self) -> ThemeChoice {
        self.choice.get()
    }

    /// Applies a choice at once, in every tab, and stores it.
    pub fn choose(self, choice: ThemeChoice) {
        self.choice.set(choice);
    }
}

/// Provides the theme to all components below. The first render does not know it and uses the dark one.
pub fn provide_theme() {
    let choice = RwSignal::new(ThemeChoice::System);
    let prefers_light = use_media("(prefers-color-scheme: light)");
    let system = move || if prefers_light.get() { Theme::Light } else { Theme::Dark };
    let in_effect = memo(move || choice.get().resolve(system()));
    provide_context(ThemeSetting { choice, in_effect });
    let recall = move |stored: &str| choice.set(ThemeChoice::read(stored));
    effect(move || {
        storage::keep(STORAGE_KEY, move || choice.get().as_str().to_owned(), recall);
        storage::follow(STORAGE_KEY, recall);
        // Not before the choice is known: the document already has it.
        effect(move || mark_document("data-theme", in_effect.get().as_str()));
    });
}

/// The theme in effect, for elements outside the style sheet's reach, such as canvases.
pub fn use_theme() -> Signal<Theme> {
    use_theme_setting().in_effect.into()
}

pub fn use_theme_setting() -> ThemeSetting {
    // Invariant: `App` provides it before any component that asks.
    use_context().expect("the theme is provided by the page's root")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_and_the_system_s_is_followed_without_one() {
        for choice in [ThemeChoice::System, ThemeChoice::Dark, ThemeChoice::Light] {
            assert_eq!(ThemeChoice::read(choice.as_str()), choice);
        }
        assert_eq!(ThemeChoice::read("").resolve(Theme::Light), Theme::Light);
        assert_eq!(ThemeChoice::read("sepia").resolve(Theme::Dark), Theme::Dark);
        assert_eq!(ThemeChoice::Dark.resolve(Theme::Light), Theme::Dark);
    }
}
