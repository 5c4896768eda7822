//! Keyboard commands: one registry for the shortcuts, the help sheet and the palette.

mod early;
mod help;
mod matching;
mod palette;
mod search;
mod shortcuts;
mod sized;

use leptos::prelude::*;

use crate::domain::workstation::Listed;
pub use early::early_field;
pub use help::fetch_help;
pub use palette::fetch_palette;
pub use shortcuts::follow_keys;

/// Subject of a command; the help sheet has a list for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Trade,
    Watchlist,
    Chart,
    Panels,
    Page,
}

pub const SECTIONS: [Section; 5] = [Section::Trade, Section::Watchlist, Section::Chart, Section::Panels, Section::Page];

impl Section {
    pub fn title(self) -> &'static str {
        match self {
            Self::Trade => "Trade",
            Self::Watchlist => "Watchlist",
            Self::Chart => "Chart",
            Self::Panels => "Panels",
            Self::Page => "Page",
        }
    }
}

/// A command.
#[derive(Clone)]
pub struct Command {
    pub section: Section,
    pub title: String,
    /// Its key, as in `KeyboardEvent::key` (`b`, `/`, `?`), pressed alone; or a description, such as `↑ ↓`, if the
    /// focused panel handles the keys itself.
    pub keys: Option<&'static str>,
    /// `None` if a panel handles the keys itself.
    pub run: Option<Callback<()>>,
}

/// Handle to the page's commands; copies share it.
#[derive(Clone, Copy)]
pub struct Commands {
    known: RwSignal<Vec<Command>>,
    pub is_help_open: RwSignal<bool>,
    pub is_palette_open: RwSignal<bool>,
    /// What was typed while the palette loaded.
    early_words: RwSignal<String>,
    /// Whether the dialog about resetting the account is open.
    pub is_reset_open: RwSignal<bool>,
    /// Tickers with known names, once loaded.
    listings: RwSignal<Vec<Listed>>,
    /// Time of the last letter pressed outside fields, and whether it followed another one.
    letter: StoredValue<(f64, bool)>,
}

impl Commands {
    pub fn new() -> Self {
        let commands = Self {
            known: RwSignal::new(Vec::new()),
            is_help_open: RwSignal::new(false),
            is_palette_open: RwSignal::new(false),
            early_words: RwSignal::new(String::new()),
            is_reset_open: RwSignal::new(false),
            listings: RwSignal::new(Vec::new()),
            letter: StoredValue::new((f64::MIN, false)),
        };
        commands.note(Section::Page, "Command palette", "Ctrl K");
        commands.add(Section::Page, "Keyboard shortcuts", Some("?"), move || commands.is_help_open.set(true));
        commands.note(Section::Page, "Close what is open", "Esc");
        commands
    }

    /// Registers a command, with its key if it has one.
    pub fn add(
        self,
        section: Section,
        title: impl Into<String>,
        keys: Option<&'static str>,
        run: impl Fn() + Send + Sync + 'static,
    ) {
        let run = Some(Callback::new(move |()| run()));
        self.known.update(|known| known.push(Command { section, title: title.into(), keys, run }));
    }

    /// Registers keys that a panel handles itself, for the help sheet only.
    pub fn note(self, section: Section, title: &str, keys: &'static str) {
        let title = title.to_owned();
        self.known.update(|known| known.push(Command { section, title, keys: Some(keys), run: None }));
    }

    pub fn open_palette(self) {
        self.is_palette_open.set(true);
    }

    /// Records a letter pressed outside fields.
    fn note_letter(self, at_ms: f64) {
        self.letter.update_value(|(last_ms, is_hurried)| {
            *is_hurried = at_ms - *last_ms < shortcuts::WRITING_MS;
            *last_ms = at_ms;
        });
    }

    /// Whether the last letter followed another one as in typed words, which are not commands.
    pub fn is_writing(self) -> bool {
        self.letter.get_value().1
    }

    fn run(self, index: usize) {
        let run = self.known.with_untracked(|known| known.get(index)?.run);
        run.into_iter().for_each(|run| run.run(()));
    }

    fn find(self, key: &str) -> Option<Callback<()>> {
        self.known.with_untracked(|known| known.iter().find(|command| command.keys == Some(key))?.run)
    }
}
