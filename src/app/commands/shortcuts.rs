//! The page's shortcuts: single keys, unless a field has the focus or a dialog is open; and Ctrl-K or ⌘-K, always.

use leptos::{
    ev::{self, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::Commands;
use crate::app::{effects::effect, hands::Hands, presses::is_composed};

/// Elements in which letters are text.
const FIELDS: &str = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";

/// Letters in quicker succession are meant as text.
pub const WRITING_MS: f64 = 500.0;

/// Runs commands by their keys as long as the calling component is mounted.
pub fn follow_keys(commands: Commands, hands: Hands) {
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| run(commands, hands, &event));
        on_cleanup(move || handle.remove());
    });
}

fn run(commands: Commands, hands: Hands, event: &KeyboardEvent) {
    if event.default_prevented() || is_composed(event) || event.alt_key() || event.repeat() {
        return;
    }
    let key = latin_key(&event.key(), &event.code());
    if event.ctrl_key() || event.meta_key() {
        if key == "k" && !cuts_a_line(event) {
            event.prevent_default();
            commands.is_palette_open.update(|is_open| *is_open = !*is_open);
        }
        return;
    }
    if !hands.has_shortcuts() || is_written_to(event) || has_open_dialog() {
        return;
    }
    if key.chars().count() == 1 {
        commands.note_letter(event.time_stamp());
    }
    // A letter with Shift is not a shortcut.
    let key = if event.shift_key() { event.key() } else { key };
    if let Some(command) = commands.find(&key) {
        event.prevent_default();
        command.run(());
    }
}

/// Key for a shortcut, in lower case: if the layout has no Latin letter, the one in the same place on a Latin keyboard.
/// Caps Lock is ignored.
fn latin_key(key: &str, code: &str) -> String {
    let mut letters = key.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return key.to_ascii_lowercase();
    };
    let is_latin = letter.is_ascii_alphabetic() || ('\u{c0}'..='\u{24f}').contains(&letter);
    match code.strip_prefix("Key").or_else(|| code.strip_prefix("Digit")) {
        Some(place) if !is_latin && !letter.is_ascii_digit() && !letter.is_ascii_whitespace() && key != "?" => {
            place.to_ascii_lowercase()
        }
        None if !letter.is_ascii() && code == "Slash" => "/".to_owned(),
        Some(_) | None => key.to_ascii_lowercase(),
    }
}

/// On a Mac, Ctrl-K in a field deletes to the end of the line; the palette's key is ⌘-K there.
fn cuts_a_line(event: &KeyboardEvent) -> bool {
    let is_apple = |platform: String| platform.starts_with("Mac") || platform.starts_with("iP");
    !event.meta_key() && is_written_to(event) && window().navigator().platform().is_ok_and(is_apple)
}

fn is_written_to(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.matches(FIELDS).unwrap_or(false))
}

fn has_open_dialog() -> bool {
    document().query_selector("dialog[open], [popover]:popover-open").ok().flatten().is_some()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::latin("b", "KeyB", "b")]
    #[case::caps_lock("B", "KeyB", "b")]
    #[case::dvorak_goes_by_its_letters("x", "KeyB", "x")]
    #[case::azerty_goes_by_its_letters("q", "KeyA", "q")]
    #[case::cyrillic("и", "KeyB", "b")]
    #[case::cyrillic_caps_lock("И", "KeyB", "b")]
    #[case::greek("β", "KeyB", "b")]
    #[case::greek_s("σ", "KeyS", "s")]
    #[case::hebrew("נ", "KeyB", "b")]
    #[case::hebrew_key_with_a_sign("/", "KeyQ", "q")]
    #[case::greek_key_with_a_sign(";", "KeyQ", "q")]
    #[case::arabic_slash("ظ", "Slash", "/")]
    #[case::accented("é", "Digit2", "é")]
    #[case::german("ö", "Semicolon", "ö")]
    #[case::eastern_digit("٢", "Digit2", "2")]
    #[case::digit("2", "Digit2", "2")]
    #[case::azerty_digit("&", "Digit1", "1")]
    #[case::slash("/", "Slash", "/")]
    #[case::question("?", "Slash", "?")]
    #[case::azerty_question("?", "KeyM", "?")]
    #[case::named("Escape", "Escape", "escape")]
    #[case::dead("Dead", "KeyE", "dead")]
    #[case::space(" ", "Space", " ")]
    fn a_shortcut_goes_by_the_latin_letter(#[case] key: &str, #[case] code: &str, #[case] expected: &str) {
        assert_eq!(latin_key(key, code), expected);
    }
}
