//! What the library's columns share: the place that is shown, the documents as far as they were read, and what is on its way.

use leptos::prelude::*;

use super::{
    calls,
    place::{Place, Tab},
    uploads::Uploads,
};
use crate::{
    app::{
        address::View,
        effects::{detach, effect, memo},
        loading::Loading,
        navigation::Navigation,
        toast::Toasts,
        workspace::{Workspace, use_workspace},
    },
    domain::library::{Document, DocumentState, LibraryStats},
    error::ApiError,
};

/// How documents are narrowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrowing {
    /// Words of title, issuer, ticker, form or period.
    pub text: String,
    pub state: Option<DocumentState>,
    pub tag: Option<String>,
    pub ticker: Option<String>,
}

impl Narrowing {
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

/// The column that a phone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Documents,
    Answers,
    Reader,
}

impl Column {
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Documents, "Documents"), (Self::Answers, "Ask"), (Self::Reader, "Read")];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Answers => "answers",
            Self::Reader => "reader",
        }
    }
}

/// The handle to the library's view; copies share it.
#[derive(Clone, Copy)]
pub struct Shelf {
    /// What the address names.
    pub place: Memo<Place>,
    pub column: RwSignal<Column>,
    pub documents: RwSignal<Vec<Document>>,
    /// Of all that fit.
    pub total: RwSignal<u64>,
    pub has_more: RwSignal<bool>,
    pub loading: RwSignal<Loading>,
    pub stats: RwSignal<LibraryStats>,
    pub narrowing: RwSignal<Narrowing>,
    pub uploads: Uploads,
    /// The form that takes documents in is open.
    pub is_adding: RwSignal<bool>,
    /// Id of the document that is dragged.
    pub dragged: RwSignal<Option<String>>,
    /// What the document that is read is cited for: page, and bytes of the page.
    pub cited: RwSignal<Vec<Cited>>,
    navigation: Navigation,
    toasts: Toasts,
    reads: StoredValue<Reads>,
}

/// Lines that an answer or a search leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cited {
    pub document: String,
    pub page: u32,
    pub begin: u32,
    pub end: u32,
}

/// Which reading of the list is on its way.
#[derive(Default)]
struct Reads {
    is_reading: bool,
    is_due: bool,
    /// Pages of the list that are shown.
    pages: usize,
}

impl Shelf {
    /// Reads the library whenever it changed, while it is seen.
    pub fn follow() -> Self {
        let Workspace { navigation, library_news, toasts, .. } = use_workspace();
        let shelf = Self {
            place: memo(move || Place::read(&navigation.library())),
            column: RwSignal::new(Column::Documents),
            documents: RwSignal::new(Vec::new()),
            total: RwSignal::new(0),
            has_more: RwSignal::new(false),
            loading: RwSignal::new(Loading::Pending),
            stats: RwSignal::new(LibraryStats::default()),
            narrowing: RwSignal::new(Narrowing::default()),
            uploads: Uploads::new(toasts),
            is_adding: RwSignal::new(false),
            dragged: RwSignal::new(None),
            cited: RwSignal::new(Vec::new()),
            navigation,
            toasts,
            reads: StoredValue::new(Reads { pages: 1, ..Reads::default() }),
        };
        let last = StoredValue::new(Narrowing::default());
        effect(move || {
            library_news.documents.track();
            let narrowing = shelf.narrowing.get();
            if last.get_value() != narrowing {
                last.set_value(narrowing);
                shelf.reads.update_value(|reads| reads.pages = 1);
            }
            if navigation.view() == View::Library {
                shelf.reload();
            }
        });
        shelf
    }

    /// Goes to another place, as a new entry of the history.
    pub fn go(self, change: impl FnOnce(&mut Place)) {
        let mut place = self.place.get_untracked();
        change(&mut place);
        self.navigation.show_in_library(place.query());
    }

    /// Opens a document at lines of it.
    pub fn open(self, cited: &Cited) {
        let Cited { document, page, begin, end } = cited.clone();
        self.column.set(Column::Reader);
        self.go(|place| {
            place.document = Some(document);
            place.page = page;
            place.lit = Some((begin, end)).filter(|(begin, end)| begin < end);
        });
    }

    /// Shows one of the middle's tabs.
    pub fn show_tab(self, tab: Tab) {
        self.column.set(Column::Answers);
        self.go(|place| place.tab = tab);
    }

    /// A document of the list by its id, tracked.
    pub fn document(self, id: &str) -> Option<Document> {
        self.documents.with(|documents| documents.iter().find(|document| document.id == id).cloned())
    }

    /// Says why something was refused.
    pub fn tell(self, error: &ApiError) {
        self.toasts.error(error.to_string());
    }

    /// Does something to the library, and reads it anew; says why when it is refused.
    pub fn act(self, action: impl Future<Output = Result<(), ApiError>> + 'static) {
        detach(async move {
            if let Err(error) = action.await {
                self.tell(&error);
            }
            self.reload();
        });
    }

    /// Shows one more page of the list.
    pub fn show_more(self) {
        self.reads.update_value(|reads| reads.pages += 1);
        self.reload();
    }

    /// Reads the list and the counts anew; once more when that was asked for meanwhile.
    pub fn reload(self) {
        let begins = self.reads.try_update_value(|reads| {
            reads.is_due = true;
            !std::mem::replace(&mut reads.is_reading, true)
        });
        if begins != Some(true) {
            return;
        }
        detach(async move {
            while self.reads.try_update_value(|reads| {
                reads.is_reading = reads.is_due;
                std::mem::take(&mut reads.is_due)
            }) == Some(true)
            {
                self.read().await;
            }
        });
    }

    async fn read(self) {
        let Some(narrowing) = self.narrowing.try_get_untracked() else { return };
        let pages = self.reads.try_with_value(|reads| reads.pages).unwrap_or(1);
        let state = narrowing.state.map(DocumentState::as_str).unwrap_or_default();
        let (tag, ticker) = (narrowing.tag.unwrap_or_default(), narrowing.ticker.unwrap_or_default());
        let narrowed = [("query", narrowing.text.trim()), ("state", state), ("tag", &tag), ("ticker", &ticker)];
        let (mut documents, mut total, mut cursor) = (Vec::new(), 0, String::new());
        for _ in 0..pages {
            match calls::documents(&narrowed, &cursor).await {
                Ok(page) => {
                    documents.extend(page.documents);
                    total = page.total;
                    cursor = page.next_cursor.unwrap_or_default();
                }
                Err(error) => {
                    self.loading.try_set(Loading::Failed(error.to_string()));
                    return;
                }
            }
            if cursor.is_empty() {
                break;
            }
        }
        let stats = calls::stats().await;
        // The page may be gone by now.
        self.documents.try_set(documents);
        self.total.try_set(total);
        self.has_more.try_set(!cursor.is_empty());
        if let Ok(stats) = stats {
            self.stats.try_set(stats);
        }
        self.loading.try_set(Loading::Ready);
    }
}

/// The shelf of the library that the calling component stands in.
pub fn use_shelf() -> Shelf {
    // Invariant: the library's view provides it before any of its parts.
    use_context().expect("the shelf is provided by the library's view")
}
