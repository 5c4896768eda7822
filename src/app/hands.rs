//! Settings of manual trading: whether letters are shortcuts, the effect of those that trade, and whether a sale needs
//! a second press. Stored by the browser, for all tabs.

use leptos::prelude::*;

use super::{effects::effect, storage};

/// Effect of the letters that trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyLetters {
    /// They focus their button; Enter then places the order.
    Arm,
    /// They place the order at once.
    Fire,
    /// No effect.
    Off,
}

impl MoneyLetters {
    const ALL: [Self; 3] = [Self::Arm, Self::Fire, Self::Off];
}

/// A setting with a few values; the first one is the default.
#[derive(Clone, Copy)]
pub struct Choice {
    /// Its name for people.
    pub title: &'static str,
    pub names: &'static [&'static str],
    chosen: RwSignal<usize>,
}

impl Choice {
    /// Restores the stored value with the first effects; `key` is its storage key.
    fn new(key: &'static str, title: &'static str, names: &'static [&'static str]) -> Self {
        let chosen = RwSignal::new(0);
        let recall = move |stored: &str| chosen.set(read(names, stored));
        effect(move || {
            storage::keep(key, move || write(names, chosen.get()), recall);
            storage::follow(key, recall);
        });
        Self { title, names, chosen }
    }

    /// Index of the chosen value; tracked.
    pub fn get(self) -> usize {
        self.chosen.get()
    }

    pub fn set(self, index: usize) {
        self.chosen.set(index);
    }
}

/// Stored text of a choice; empty for the default.
fn write(names: &[&str], chosen: usize) -> String {
    names.get(chosen).filter(|_| chosen > 0).map(|name| (*name).to_owned()).unwrap_or_default()
}

fn read(names: &[&str], stored: &str) -> usize {
    names.iter().position(|name| *name == stored).unwrap_or_default()
}

/// Handle to these settings; copies share it.
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

    /// Whether single keys are shortcuts; untracked.
    pub fn has_shortcuts(self) -> bool {
        self.shortcuts.chosen.get_untracked() == 0
    }

    /// Effect of the letters that trade; untracked.
    pub fn letters(self) -> MoneyLetters {
        MoneyLetters::ALL.get(self.letters.chosen.get_untracked()).copied().unwrap_or(MoneyLetters::Off)
    }

    /// Whether one press sells; untracked.
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
