//! A question, what narrows it, and what was found for it.

use leptos::prelude::*;

use super::{
    answer::Answering,
    calls::{self, Source},
    place::{Place, Tab},
    store::{Cited, Shelf, use_shelf},
};
use crate::{
    app::{
        address::View,
        effects::{detach, effect, memo},
        loading::Loading,
        toast::Toasts,
        workspace::{Workspace, use_workspace},
    },
    domain::library::{Answer, Filters, Mode, SearchResult},
};

/// The handle to the middle column; copies share it.
#[derive(Clone, Copy)]
pub struct Ask {
    pub shelf: Shelf,
    /// What is written in the field.
    pub draft: RwSignal<String>,
    pub filters: RwSignal<Filters>,
    pub mode: RwSignal<Mode>,
    pub answer: Answering,
    /// What the last search found, and how it stands.
    pub result: RwSignal<Option<SearchResult>>,
    pub searching: RwSignal<Loading>,
    pub is_asking: RwSignal<bool>,
    pub history: RwSignal<Vec<Answer>>,
    pub history_total: RwSignal<u64>,
    pub history_cursor: RwSignal<Option<String>>,
    pub history_loading: RwSignal<Loading>,
    pub acts: Acts,
    toasts: Toasts,
    /// Counts searches, so that a late result does not replace a newer one.
    searches: StoredValue<u32>,
}

/// What can be done from the column's parts. Their code calls it through these, and so need not have it themselves.
#[derive(Clone, Copy)]
pub struct Acts {
    /// Asks, or searches, what is written in the field.
    pub submit: Callback<()>,
    pub ask: Callback<String>,
    /// Cancels the answer that is shown…
    pub cancel: Callback<()>,
    /// …or follows it again after its stream was lost.
    pub resume: Callback<()>,
    /// Keeps a text, with its title, as a document.
    pub keep: Callback<(String, String)>,
    /// Opens lines in the reader.
    pub open: Callback<Cited>,
    pub show_tab: Callback<Tab>,
    /// Shows an answer by its id, with its question.
    pub show: Callback<(String, String)>,
    /// Reads the history anew, or more of it.
    pub read_history: Callback<bool>,
    /// After the filters have changed.
    pub narrowed: Callback<()>,
}

/// What they do, once the column stands.
#[derive(Clone, Copy)]
struct Column {
    ask: StoredValue<Option<Ask>>,
}

impl Column {
    fn acts(self) -> Acts {
        Acts {
            submit: Callback::new(move |()| self.with(Ask::submit)),
            ask: Callback::new(move |question| self.with(|ask| ask.ask(question))),
            cancel: Callback::new(move |()| self.with(Ask::cancel)),
            resume: Callback::new(move |()| self.with(|ask| ask.answer.resume())),
            keep: Callback::new(move |(title, text)| self.with(|ask| ask.keep(title, text))),
            open: Callback::new(move |cited: Cited| self.with(|ask| ask.shelf.open(&cited))),
            show_tab: Callback::new(move |tab| self.with(|ask| ask.shelf.show_tab(tab))),
            show: Callback::new(move |(id, question)| self.with(|ask| ask.show(id, question))),
            read_history: Callback::new(move |is_more| self.with(|ask| ask.read_history(is_more))),
            narrowed: Callback::new(move |()| self.with(Ask::ask_again)),
        }
    }

    fn with(self, act: impl FnOnce(Ask)) {
        // The page may be gone by now.
        if let Some(Some(ask)) = self.ask.try_get_value() {
            act(ask);
        }
    }
}

impl Ask {
    /// Follows what the address names.
    pub fn follow() -> Self {
        let shelf = use_shelf();
        let column = Column { ask: StoredValue::new(None) };
        let ask = Self {
            acts: column.acts(),
            shelf,
            draft: RwSignal::new(String::new()),
            filters: RwSignal::new(Filters::default()),
            mode: RwSignal::new(Mode::Hybrid),
            answer: Answering::new(),
            result: RwSignal::new(None),
            searching: RwSignal::new(Loading::Ready),
            is_asking: RwSignal::new(false),
            history: RwSignal::new(Vec::new()),
            history_total: RwSignal::new(0),
            history_cursor: RwSignal::new(None),
            history_loading: RwSignal::new(Loading::Pending),
            toasts: use_workspace().toasts,
            searches: StoredValue::new(0),
        };
        column.ask.set_value(Some(ask));
        ask.follow_question();
        ask.follow_answers();
        effect(move || {
            let cited = match ask.shelf.place.with(|place| place.tab) {
                Tab::Passages => ask.found_lines(),
                Tab::Answer | Tab::History => ask.answer.cited(),
            };
            ask.shelf.cited.set(cited);
        });
        ask
    }

    fn follow_question(self) {
        let asked = memo(move || self.shelf.place.with(|place| place.question.clone()));
        effect(move || {
            let asked = asked.get();
            if !asked.is_empty() {
                self.draft.set(asked);
            }
        });
        let searches = memo(move || self.shelf.place.with(|place| place.tab == Tab::Passages));
        effect(move || {
            let question = asked.get();
            self.filters.track();
            self.mode.track();
            if searches.get() && !question.is_empty() {
                self.search(question);
            }
        });
        let shown = memo(move || self.shelf.place.with(|place| place.answer.clone()));
        effect(move || {
            let shown = shown.get();
            if shown != self.answer.id.get_untracked() {
                self.answer.show(shown);
            }
        });
        // An answer that was opened by its id brings its question.
        effect(move || {
            let question = self.answer.question.get();
            if !question.is_empty() && self.shelf.place.with_untracked(|place| place.question.is_empty()) {
                self.draft.set(question);
            }
        });
    }

    /// Reads the history whenever an answer changed, while the library is seen.
    fn follow_answers(self) {
        let Workspace { navigation, library_news, .. } = use_workspace();
        effect(move || {
            library_news.answers.track();
            if navigation.view() == View::Library {
                self.read_history(false);
            }
        });
    }

    /// Reads the newest answers, or those behind the ones that are shown.
    fn read_history(self, is_more: bool) {
        detach(async move {
            let cursor = self.history_cursor.get_untracked().filter(|_| is_more).unwrap_or_default();
            match calls::answers(&cursor).await {
                Ok(page) => {
                    self.history.try_update(|history| match is_more {
                        true => history.extend(page.answers),
                        false => *history = page.answers,
                    });
                    self.history_total.try_set(page.total);
                    self.history_cursor.try_set(page.next_cursor);
                    self.history_loading.try_set(Loading::Ready);
                }
                Err(error) => {
                    self.history_loading.try_set(Loading::Failed(error.to_string()));
                }
            }
        });
    }

    /// Asks, or searches where passages are shown.
    fn submit(self) {
        let question = self.draft.get_untracked().trim().to_owned();
        if question.is_empty() {
            return;
        }
        match self.shelf.place.with_untracked(|place| place.tab) {
            Tab::Passages if self.shelf.place.with_untracked(|place| place.question == question) => {
                self.search(question)
            }
            Tab::Passages => self.shelf.go(|place| place.question = question),
            Tab::Answer | Tab::History => self.ask(question),
        }
    }

    fn ask(self, question: String) {
        if self.is_asking.get_untracked() {
            return;
        }
        self.is_asking.set(true);
        let filters = self.filters.get_untracked();
        detach(async move {
            let answer = calls::ask(&question, &filters).await;
            self.is_asking.try_set(false);
            match answer {
                Ok(answer) => self.shelf.go(|place: &mut Place| {
                    place.question = question;
                    place.tab = Tab::Answer;
                    place.answer = Some(answer.id);
                }),
                Err(error) => self.shelf.tell(&error),
            }
        });
    }

    fn search(self, question: String) {
        let Some(own) = self.searches.try_update_value(|count| {
            *count += 1;
            *count
        }) else {
            return;
        };
        self.searching.set(Loading::Pending);
        let (mode, filters) = (self.mode.get_untracked(), self.filters.get_untracked());
        detach(async move {
            let found = calls::search(&question, mode, &filters).await;
            if self.searches.try_get_value() != Some(own) {
                return;
            }
            match found {
                Ok(found) => {
                    self.result.try_set(Some(found));
                    self.searching.try_set(Loading::Ready);
                }
                Err(error) => {
                    self.searching.try_set(Loading::Failed(error.to_string()));
                }
            }
        });
    }

    fn found_lines(self) -> Vec<Cited> {
        let lines = |result: &SearchResult| {
            let hits = result.hits.iter();
            let cited = hits.map(|hit| Cited {
                document: hit.document.clone(),
                page: hit.page,
                begin: hit.start,
                end: hit.end,
            });
            cited.collect()
        };
        self.result.with(|result| result.as_ref().map(lines).unwrap_or_default())
    }

    /// Changes the filters, and asks or searches once more where a question stands.
    pub fn narrow(self, change: impl FnOnce(&mut Filters)) {
        self.filters.update(change);
        self.acts.narrowed.run(());
    }

    /// Asks the question that is answered once more; a search follows its filters by itself.
    fn ask_again(self) {
        let place = self.shelf.place.get_untracked();
        if place.tab == Tab::Answer && place.answer.is_some() && !place.question.is_empty() {
            self.ask(place.question);
        }
    }

    fn cancel(self) {
        let Some(id) = self.answer.id.get_untracked() else { return };
        detach(async move {
            if let Err(error) = calls::cancel_answer(&id).await {
                self.shelf.tell(&error);
            }
        });
    }

    /// Keeps a text as a document of the library.
    fn keep(self, title: String, text: String) {
        let toasts = self.toasts;
        self.shelf.act(async move {
            self.shelf.uploads.add_source(&Source { title, text, ..Source::default() }).await?;
            toasts.success("The answer is a document of the library now.".to_owned());
            Ok(())
        });
    }

    fn show(self, id: String, question: String) {
        self.shelf.go(|place| {
            place.tab = Tab::Answer;
            place.question = question;
            place.answer = Some(id);
        });
    }
}

/// The middle column that the calling component stands in.
pub fn use_ask() -> Ask {
    // Invariant: the column provides it before any of its parts.
    use_context().expect("the question is provided by the column of answers")
}
