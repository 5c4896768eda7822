//! Lazy parts of the page's program, which the browser loads when first needed.
//!
//! A part is a function with `#[wasm_split(MODULE, fallible)]` that returns a view. Code reachable only through it is
//! compiled into a separate WebAssembly module, which functions of the same `MODULE` share. The server contains the
//! whole program, and loads nothing.

use std::pin::Pin;

use leptos::{html, html::Div, prelude::*, tachys::view::Mountable};
use wasm_bindgen::JsCast;
use wasm_split_helpers::SplitLoaderError;
use web_sys::{Element, Event, EventInit, HtmlElement, HtmlTextAreaElement};

use super::{
    commands, copilot,
    effects::{detach, effect, memo},
    erase::{Erase, Piece},
    library, performance,
    shell::{self, header, layout},
    trade::{alerts, chart, documents, equity, heatmap, orders, positions, symbol},
    workspace::{Workspace, use_workspace},
};
use crate::{IN_BROWSER, interop::idle::when_idle};

/// Constructor of a part's view.
pub type PartView = fn() -> Piece;

type Fetching = Pin<Box<dyn Future<Output = Result<PartView, SplitLoaderError>>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Account,
    Alerts,
    AlertForm,
    AlertNews,
    Chart,
    Clock,
    Copilot,
    Documents,
    Equity,
    Heatmap,
    Layout,
    Library,
    LibraryAdd,
    LibraryAnswer,
    LibraryAnswers,
    LibraryAttach,
    LibraryBeginning,
    LibraryDetails,
    LibraryFilters,
    LibraryHistory,
    LibraryNarrowing,
    LibraryPassages,
    LibraryQuestion,
    LibraryReader,
    LibraryRest,
    LibraryUploads,
    Orders,
    OrderForm,
    OrderLines,
    Performance,
    PerformanceDays,
    PerformanceLists,
    PerformancePictures,
    PerformanceStatement,
    Trades,
    Realized,
    WriteOff,
    Settings,
    Symbol,
    Tokens,
    Reset,
    Model,
    Palette,
    Help,
}

impl Part {
    const ALL: [Self; 44] = [
        Self::Account,
        Self::Alerts,
        Self::AlertForm,
        Self::AlertNews,
        Self::Chart,
        Self::Clock,
        Self::Copilot,
        Self::Documents,
        Self::Equity,
        Self::Heatmap,
        Self::Layout,
        Self::Library,
        Self::LibraryAdd,
        Self::LibraryAnswer,
        Self::LibraryAnswers,
        Self::LibraryAttach,
        Self::LibraryBeginning,
        Self::LibraryDetails,
        Self::LibraryFilters,
        Self::LibraryHistory,
        Self::LibraryNarrowing,
        Self::LibraryPassages,
        Self::LibraryQuestion,
        Self::LibraryReader,
        Self::LibraryRest,
        Self::LibraryUploads,
        Self::Orders,
        Self::OrderForm,
        Self::OrderLines,
        Self::Performance,
        Self::PerformanceDays,
        Self::PerformanceLists,
        Self::PerformancePictures,
        Self::PerformanceStatement,
        Self::Trades,
        Self::Realized,
        Self::WriteOff,
        Self::Settings,
        Self::Symbol,
        Self::Tokens,
        Self::Reset,
        Self::Model,
        Self::Palette,
        Self::Help,
    ];

    fn is_of_other_view(self) -> bool {
        matches!(
            self,
            Self::Tokens
                | Self::Performance
                | Self::PerformanceDays
                | Self::PerformanceLists
                | Self::PerformancePictures
                | Self::PerformanceStatement
                | Self::Library
                | Self::LibraryAdd
                | Self::LibraryAnswer
                | Self::LibraryAnswers
                | Self::LibraryAttach
                | Self::LibraryBeginning
                | Self::LibraryDetails
                | Self::LibraryFilters
                | Self::LibraryHistory
                | Self::LibraryNarrowing
                | Self::LibraryPassages
                | Self::LibraryQuestion
                | Self::LibraryReader
                | Self::LibraryRest
                | Self::LibraryUploads
        )
    }

    /// Subject of the sentence that reports a failure to load it.
    fn title(self) -> &'static str {
        match self {
            Self::Account => "The account view",
            Self::Alerts => "The list of alerts",
            Self::AlertForm => "The form for alerts",
            Self::AlertNews => "The news of alerts",
            Self::Chart => "The chart",
            Self::Clock => "The market's clock",
            Self::Copilot => "The copilot",
            Self::Documents => "The list of the ticker’s documents",
            Self::Equity => "The equity curve",
            Self::Heatmap => "The heatmap",
            Self::Layout => "The menu of the layout",
            Self::Library => "The library",
            Self::LibraryAdd => "The form for documents",
            Self::LibraryAnswer => "The answer",
            Self::LibraryAnswers => "The library's search",
            Self::LibraryAttach => "The list of tickers",
            Self::LibraryBeginning => "The library's beginning",
            Self::LibraryDetails => "The document's details",
            Self::LibraryHistory => "The history",
            Self::LibraryNarrowing | Self::LibraryFilters => "The filters",
            Self::LibraryPassages => "The passages",
            Self::LibraryQuestion => "The field for questions",
            Self::LibraryRest => "The end of the list",
            Self::LibraryUploads => "The list of files on their way",
            Self::LibraryReader => "The reader",
            Self::Orders => "The list of orders",
            Self::OrderForm => "The order form",
            Self::OrderLines => "What is ordered, on the chart,",
            Self::Performance => "The performance view",
            Self::PerformanceDays => "The calendar of returns",
            Self::PerformanceLists => "The lots and flows",
            Self::PerformancePictures => "The performance chart",
            Self::PerformanceStatement => "The statement",
            Self::Trades => "The list of trades",
            Self::Realized => "The list of realised gains",
            Self::WriteOff | Self::Reset | Self::Model => "This dialog",
            Self::Settings => "The settings",
            Self::Symbol => "The ticker's facts",
            Self::Tokens => "The tokens",
            Self::Palette => "The command palette",
            Self::Help => "The list of shortcuts",
        }
    }

    fn fetch(self) -> Fetching {
        match self {
            Self::Account => Box::pin(shell::fetch_account()),
            Self::Alerts => Box::pin(alerts::fetch_alerts()),
            Self::AlertForm => Box::pin(alerts::fetch_form()),
            Self::AlertNews => Box::pin(alerts::fetch_news()),
            Self::Chart => Box::pin(chart::fetch_chart()),
            Self::Clock => Box::pin(header::clock::fetch_clock()),
            Self::Copilot => Box::pin(copilot::fetch_panel()),
            Self::Documents => Box::pin(documents::fetch_documents()),
            Self::Equity => Box::pin(equity::fetch_equity()),
            Self::Heatmap => Box::pin(heatmap::fetch_heatmap()),
            Self::Layout => Box::pin(layout::menu::fetch_layout()),
            Self::Library => Box::pin(library::fetch_library()),
            Self::LibraryAdd => Box::pin(library::fetch_add()),
            Self::LibraryAnswer => Box::pin(library::fetch_answer()),
            Self::LibraryAnswers => Box::pin(library::fetch_answers()),
            Self::LibraryAttach => Box::pin(library::fetch_attach()),
            Self::LibraryBeginning => Box::pin(library::fetch_beginning()),
            Self::LibraryDetails => Box::pin(library::fetch_details()),
            Self::LibraryFilters => Box::pin(library::fetch_filters()),
            Self::LibraryHistory => Box::pin(library::fetch_history()),
            Self::LibraryNarrowing => Box::pin(library::fetch_narrowing()),
            Self::LibraryPassages => Box::pin(library::fetch_passages()),
            Self::LibraryQuestion => Box::pin(library::fetch_question()),
            Self::LibraryRest => Box::pin(library::fetch_rest()),
            Self::LibraryUploads => Box::pin(library::fetch_uploads()),
            Self::LibraryReader => Box::pin(library::fetch_reader()),
            Self::Orders => Box::pin(orders::fetch_orders()),
            Self::OrderForm => Box::pin(orders::fetch_form()),
            Self::OrderLines => Box::pin(orders::fetch_lines()),
            Self::Performance => Box::pin(performance::fetch_performance()),
            Self::PerformanceDays => Box::pin(performance::fetch_days()),
            Self::PerformanceLists => Box::pin(performance::fetch_lists()),
            Self::PerformancePictures => Box::pin(performance::fetch_pictures()),
            Self::PerformanceStatement => Box::pin(performance::fetch_statement()),
            Self::Trades => Box::pin(positions::fetch_trades()),
            Self::Realized => Box::pin(positions::fetch_realized()),
            Self::WriteOff => Box::pin(positions::fetch_write_off()),
            Self::Settings => Box::pin(header::fetch_settings()),
            Self::Symbol => Box::pin(symbol::fetch_symbol()),
            Self::Tokens => Box::pin(shell::fetch_tokens()),
            Self::Reset => Box::pin(header::fetch_reset()),
            Self::Model => Box::pin(copilot::fetch_model()),
            Self::Palette => Box::pin(commands::fetch_palette()),
            Self::Help => Box::pin(commands::fetch_help()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Absent,
    Fetching,
    Ready,
    Failed,
}

impl Progress {
    fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Fetching => "fetching",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// Handle to the loading state of each part; copies share it.
#[derive(Clone, Copy)]
pub struct Parts {
    progress: RwSignal<[Progress; Part::ALL.len()]>,
    /// Constructors of the loaded parts.
    views: StoredValue<[Option<PartView>; Part::ALL.len()]>,
}

impl Parts {
    pub fn new() -> Self {
        // Not by `Default`, which arrays have up to a length of 32.
        let progress = [Progress::Absent; Part::ALL.len()];
        Self { progress: RwSignal::new(progress), views: StoredValue::new([None; Part::ALL.len()]) }
    }

    /// Starts loading a part, unless it is loaded or being loaded.
    pub fn fetch(self, part: Part) {
        let before = self.progress.with_untracked(|progress| progress[part as usize]);
        if matches!(before, Progress::Fetching | Progress::Ready) {
            return;
        }
        self.set(part, Progress::Fetching);
        detach(async move {
            let progress = match part.fetch().await {
                Ok(view) => {
                    self.views.try_update_value(|views| views[part as usize] = Some(view));
                    Progress::Ready
                }
                // The loader has logged the cause to the console.
                Err(_) => Progress::Failed,
            };
            self.set(part, progress);
        });
    }

    /// Loads the parts of the frame and of Trade once the page is idle. Those of Performance and of the library load when these
    /// are opened.
    pub fn fetch_when_idle(self) {
        effect(move || {
            when_idle(move || {
                // The page may be disposed by now.
                if !self.progress.is_disposed() {
                    // The palette and the help, which are last, come first: keys open them at any time.
                    let parts = Part::ALL.into_iter().rev().filter(|part| !part.is_of_other_view());
                    parts.for_each(|part| self.fetch(part));
                }
            });
        });
    }

    fn set(self, part: Part, progress: Progress) {
        self.progress.try_update(|all| all[part as usize] = progress);
    }

    /// State of a part; tracked.
    fn progress(self, part: Part) -> Progress {
        self.progress.with(|progress| progress[part as usize])
    }

    fn show(self, part: Part) -> Option<Piece> {
        let view = self.views.with_value(|views| views[part as usize])?;
        Some(untrack(view))
    }
}

/// Shows a part that the server does not render: loads it, shows the progress, and offers a retry after a failure.
pub fn show_part(part: Part) -> Piece {
    let parts = use_workspace().parts;
    effect(move || parts.fetch(part));
    let progress = memo(move || parts.progress(part));
    let content = move || match progress.get() {
        Progress::Ready => parts.show(part),
        Progress::Absent | Progress::Fetching => Some(show_loading(part)),
        Progress::Failed => Some(show_failure(part)),
    };
    content.erase()
}

/// Shows an optional part once it is loaded, which happens when the page is idle; until then, nothing.
pub fn show_quiet_part(part: Part) -> Piece {
    let parts = use_workspace().parts;
    let is_ready = memo(move || parts.progress(part) == Progress::Ready);
    (move || is_ready.get().then(|| parts.show(part))).erase()
}

/// Shows a part that the server renders: its HTML stays until the part is loaded, and is then replaced by the live view
/// in one step.
pub fn show_served_part(part: Part) -> Piece {
    let parts = use_workspace().parts;
    let progress = memo(move || parts.progress(part));
    let state = move || progress.get().as_str();
    if const { !IN_BROWSER } {
        return html::div().class("part").attr("data-part-state", state).child(show_on_server(part)).erase();
    }
    let place = NodeRef::<Div>::new();
    let placed = StoredValue::new_local(None);
    effect(move || {
        let (Some(place), progress) = (place.get(), progress.get()) else {
            return;
        };
        let view = match progress {
            Progress::Ready => parts.show(part),
            Progress::Failed => Some(untrack(|| show_failure(part))),
            // The server's HTML stays meanwhile.
            Progress::Absent | Progress::Fetching if place.has_child_nodes() => None,
            Progress::Absent | Progress::Fetching => Some(show_loading(part)),
        };
        if let Some(view) = view {
            let mut view = view.build();
            replace_children(&place, |place| view.mount(place, None));
            placed.set_value(Some(view));
        }
    });
    html::div().class("part").attr("data-part-state", state).node_ref(place).erase()
}

/// Called only by the server, so that no part is in the browser's main module.
fn show_on_server(part: Part) -> Option<Piece> {
    match part {
        Part::Account => Some(shell::account()),
        Part::Chart => Some(chart::chart()),
        Part::Copilot => Some(copilot::panel()),
        Part::Equity => Some(equity::equity()),
        Part::Heatmap => Some(heatmap::heatmap()),
        Part::Alerts
        | Part::AlertForm
        | Part::AlertNews
        | Part::Clock
        | Part::Documents
        | Part::Symbol
        | Part::Tokens
        | Part::Layout
        | Part::Library
        | Part::LibraryAdd
        | Part::LibraryAnswer
        | Part::LibraryAnswers
        | Part::LibraryAttach
        | Part::LibraryBeginning
        | Part::LibraryDetails
        | Part::LibraryFilters
        | Part::LibraryHistory
        | Part::LibraryNarrowing
        | Part::LibraryPassages
        | Part::LibraryQuestion
        | Part::LibraryRest
        | Part::LibraryUploads
        | Part::LibraryReader
        | Part::Orders
        | Part::OrderForm
        | Part::OrderLines
        | Part::Performance
        | Part::PerformanceDays
        | Part::PerformanceLists
        | Part::PerformancePictures
        | Part::PerformanceStatement
        | Part::Trades
        | Part::Realized
        | Part::WriteOff
        | Part::Settings
        | Part::Reset
        | Part::Model
        | Part::Palette
        | Part::Help => None,
    }
}

/// Elements that can have the focus.
const FOCUSABLE: &str = "a, button, input, select, textarea, [tabindex]";

/// Replaces an element's children by a live version. Text typed into fields is transferred, and so is the focus.
fn replace_children(place: &Element, mount: impl FnOnce(&Element)) {
    let field = || place.query_selector("textarea").ok().flatten()?.dyn_into::<HtmlTextAreaElement>().ok();
    let typed = field().map(|field| field.value()).filter(|typed| !typed.is_empty());
    let focusable = |index: u32| place.query_selector_all(FOCUSABLE).ok()?.item(index)?.dyn_into::<HtmlElement>().ok();
    let focused = document().active_element().filter(|focused| place.contains(Some(focused)));
    let focused =
        focused.and_then(|focused| (0..).map_while(focusable).position(|other| other.is_same_node(Some(&focused))));
    place.set_inner_html("");
    mount(place);
    if let (Some(field), Some(typed)) = (field(), typed) {
        field.set_value(&typed);
        let init = EventInit::new();
        init.set_bubbles(true);
        if let Ok(event) = Event::new_with_event_init_dict("input", &init) {
            // No listener cancels this event.
            let _ = field.dispatch_event(&event);
        }
    }
    if let Some(element) = focused.and_then(|index| focusable(index as u32)) {
        // Fails only for an element that has left the page.
        let _ = element.focus();
    }
}

fn show_loading(part: Part) -> Piece {
    match part {
        Part::Palette => commands::early_field(),
        _ => view! { <p class="empty" role="status">"Loading…"</p> }.erase(),
    }
}

/// Another build of the page has other parts; then only a reload helps.
fn show_failure(part: Part) -> Piece {
    let Workspace { parts, upgrade, .. } = use_workspace();
    let words = move || match upgrade.is_due() {
        true => "FinAlly was updated: ".to_owned(),
        false => format!("{} could not be loaded. ", part.title()),
    };
    let label = move || if upgrade.is_due() { "reload" } else { "Retry" };
    let act = move |_| match untrack(|| upgrade.is_due()) {
        true => upgrade.reload(),
        false => parts.fetch(part),
    };
    view! {
        <p class="panel-error" role="alert" data-testid="part-failure">
            {Signal::derive(words)}
            <button on:click=act>{Signal::derive(label)}</button>
        </p>
    }
    .erase()
}
