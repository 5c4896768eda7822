//! Named layouts, stored by the browser.

use leptos::prelude::*;

use super::{Layout, arrangement::Arrangement};
use crate::app::{effects::effect, storage};

const STORAGE_KEY: &str = "layouts";

/// Most saved layouts.
pub const LAYOUTS_MAX: usize = 12;

/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 40;

/// A named arrangement. Stored as a line: the name, a tab, the arrangement.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    pub name: String,
    arrangement: Arrangement,
}

/// Handle to the saved layouts; copies share it.
#[derive(Clone, Copy)]
pub struct SavedLayouts(RwSignal<Vec<Saved>>);

impl SavedLayouts {
    /// Restores the stored layouts with the first effects, in all tabs.
    pub fn new() -> Self {
        let saved = RwSignal::new(Vec::new());
        let recall = move |stored: &str| saved.set(read(stored));
        effect(move || {
            storage::keep(STORAGE_KEY, move || saved.with(|saved| write(saved)), recall);
            storage::follow(STORAGE_KEY, recall);
        });
        Self(saved)
    }

    /// All saved layouts; tracked.
    pub fn all(self) -> Vec<Saved> {
        self.0.get()
    }

    /// Whether no further one can be saved; tracked.
    pub fn is_full(self) -> bool {
        self.0.with(Vec::len) >= LAYOUTS_MAX
    }

    /// Saves the present layout, replacing one with the same name.
    pub fn save(self, name: &str, layout: Layout) {
        let Some(name) = clean(name) else { return };
        let arrangement = layout.arrangement.get_untracked();
        self.0.update(|all| match all.iter().position(|saved| saved.name == name) {
            Some(index) => all[index].arrangement = arrangement,
            None if all.len() < LAYOUTS_MAX => all.push(Saved { name, arrangement }),
            None => {}
        });
    }

    pub fn forget(self, name: &str) {
        self.0.update(|all| all.retain(|saved| saved.name != name));
    }

    /// Restores a saved layout.
    pub fn apply(self, name: &str, layout: Layout) {
        let found = self.0.with_untracked(|all| all.iter().find(|saved| saved.name == name).cloned());
        if let Some(saved) = found {
            layout.arrangement.set(saved.arrangement);
            layout.remember();
        }
    }
}

/// A trimmed name; `None` if empty.
fn clean(name: &str) -> Option<String> {
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_LENGTH_MAX).collect();
    (!name.is_empty()).then_some(name)
}

fn write(all: &[Saved]) -> String {
    let lines = all.iter().map(|Saved { name, arrangement }| format!("{name}\t{arrangement}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn read(text: &str) -> Vec<Saved> {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let saved = lines.filter_map(|(name, arrangement)| {
        Some(Saved { name: clean(name)?, arrangement: Arrangement::read(arrangement) })
    });
    saved.take(LAYOUTS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_read_as_they_were_written() {
        let text = "Two screens\twatchlist=320 order=heatmap.positions.equity\nPlain\t";
        let all = read(text);
        assert_eq!(all.len(), 2);
        assert_eq!(write(&all), text);
        assert_eq!(read("nonsense\n\t\n").len(), 0);
        assert_eq!(read(&"a\t\n".repeat(50)).len(), LAYOUTS_MAX);
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(clean(" two\n\tscreens "), Some("two screens".to_owned()));
        assert_eq!(clean(" \t"), None);
        assert_eq!(clean(&"x".repeat(99)).unwrap().len(), NAME_LENGTH_MAX);
    }
}
