//! How a person trades by hand: whether letters are shortcuts, what those do that reach money, and whether a sale waits for a
//! second press. Kept by the browser, for all tabs.

use leptos::prelude::*;

use super::{effects::effect, storage};

/// What the letters do that reach money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyLetters {
    /// They aim at their button, where Enter places the order.
    Arm,
    /// They place the order at once.
    Fire,
    /// Nothing.
    Off,
}

impl MoneyLetters {
    const ALL: [Self; 3] = [Self::Arm, Self::Fire, Self::Off];
}

/// A choice of a few; the first one is usual.
#[derive(Clone, Copy)]
pub struct Choice {
    /// Its name for people.
    pub title: &'static str,
    pub names: &'static [&'static str],
    chosen: RwSignal<usize>,
}

impl Choice {
    /// As it was left, from the first effects on; `key` is what the browser keeps it under.
    fn new(key: &'static str, title: &'static str, names: &'static [&'static str]) -> Self {
        let chosen = RwSignal::new(0);
        let recall = move |stored: &str| chosen.set(read(names, stored));
        effect(move || {
            storage::keep(key, move || write(names, chosen.get()), recall);
            storage::follow(key, recall);
        });
        Self { title, names, chosen }
    }

    /// Tracked.
    pub fn get(self) -> usize {
        self.chosen.get()
    }

    pub fn set(self, index: usize) {
        self.chosen.set(index);
    }
}

/// What is stored for a choice; nothing stands for the usual one.
fn write(names: &[&str], chosen: usize) -> String {
    names.get(chosen).filter(|_| chosen > 0).map(|name| (*name).to_owned()).unwrap_or_default()
}

fn read(names: &[&str], stored: &str) -> usize {
    names.iter().position(|name| *name == stored).unwrap_or_default()
}

/// The handle to these settings; copies share it.
#[derive(Clone, Copy)]
pub struct Hands {
    shortcuts: Choice,
    letters: Choice,
    sales: Choice,
}

impl Hands {
    pub fn new() -> Self {
        Self {
            shortcuts: Choice::new("shortcuts", "Shortcuts", &["On", "Off"]),
            letters: Choice::new("money-letters", "B and S", &["Arm", "Fire", "Off"]),
            sales: Choice::new("sales", "½ and Close", &["Press twice", "One-click trading"]),
        }
    }

    pub fn choices(self) -> [Choice; 3] {
        [self.shortcuts, self.letters, self.sales]
    }

    /// Whether keys alone do anything, not tracked.
    pub fn has_shortcuts(self) -> bool {
        self.shortcuts.chosen.get_untracked() == 0
    }

    /// Not tracked.
    pub fn letters(self) -> MoneyLetters {
        MoneyLetters::ALL.get(self.letters.chosen.get_untracked()).copied().unwrap_or(MoneyLetters::Off)
    }

    /// Whether one press sells, not tracked.
    pub fn is_one_click(self) -> bool {
        self.sales.chosen.get_untracked() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_was_stored() {
        let names = ["Arm", "Fire", "Off"];
        for index in 0..names.len() {
            assert_eq!(read(&names, &write(&names, index)), index);
        }
        assert_eq!(write(&names, 0), "", "the usual one needs no place");
        assert_eq!(read(&names, "Launch"), 0);
    }
}
