//! What is held, what is ordered, what is watched for, what was traded, and what that realised: five tabs of one panel.

pub mod csv;
mod realized;
mod row;
mod sorting;
mod standing;
mod table;
mod trades;
mod write_off;

use leptos::{ev::KeyboardEvent, html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use self::table::PositionsTab;
pub use self::{
    realized::fetch_realized,
    trades::{fetch_trades, save_trades},
    write_off::{WritingOff, fetch_write_off},
};
use crate::app::{
    account::Books,
    effects::{effect, memo, spawn},
    erase::{Erase, Piece},
    loading::Loading,
    parts::{Part, show_part},
    workspace::use_workspace,
};
use crate::error::ApiError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Positions,
    Orders,
    Alerts,
    Trades,
    Realized,
}

impl Tab {
    const ALL: [Self; 5] = [Self::Positions, Self::Orders, Self::Alerts, Self::Trades, Self::Realized];

    fn name(self) -> &'static str {
        match self {
            Self::Positions => "positions",
            Self::Orders => "orders",
            Self::Alerts => "alerts",
            Self::Trades => "trades",
            Self::Realized => "realised",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Positions => "Positions",
            Self::Orders => "Orders",
            Self::Alerts => "Alerts",
            Self::Trades => "Trades",
            Self::Realized => "Realised",
        }
    }

    /// The part of the program that shows it, where that is fetched when it is needed.
    fn part(self) -> Option<Part> {
        match self {
            Self::Positions => None,
            Self::Orders => Some(Part::Orders),
            Self::Alerts => Some(Part::Alerts),
            Self::Trades => Some(Part::Trades),
            Self::Realized => Some(Part::Realized),
        }
    }

    /// The tab that a key goes to.
    fn after(self, key: &str) -> Option<Self> {
        let index = Self::ALL.iter().position(|tab| *tab == self)?;
        let count = Self::ALL.len();
        let index = match key {
            "ArrowRight" => (index + 1) % count,
            "ArrowLeft" => (index + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return None,
        };
        Some(Self::ALL[index])
    }
}

#[component]
pub fn Positions() -> impl IntoView {
    let workspace = use_workspace();
    let tab = workspace.tab;
    let tabs = NodeRef::<Div>::new();
    let held = memo(move || workspace.books.held().len().to_string());
    let open = memo(move || workspace.orders.open_count().map(|count| count.to_string()).unwrap_or_default());
    let unread = memo(move || match workspace.alerts.unread.get() {
        0 => String::new(),
        unread => format!("{unread} new"),
    });
    let count = move |tab: Tab| match tab {
        Tab::Positions => Some(held),
        Tab::Orders => Some(open),
        Tab::Alerts => Some(unread),
        Tab::Trades | Tab::Realized => None,
    };
    let move_on = move |event: KeyboardEvent| {
        if let Some(next) = tab.get_untracked().after(&event.key()) {
            event.prevent_default();
            tab.set(next);
            focus_tab(tabs, next);
        }
    };
    let show_tab = move |this: Tab| {
        let is_selected = Signal::derive(move || (tab.get() == this).to_string());
        let tab_index = Signal::derive(move || if tab.get() == this { "0" } else { "-1" });
        view! {
            <button
                role="tab"
                id=format!("tab-{}", this.name())
                aria-controls=format!("panel-{}", this.name())
                aria-selected=is_selected
                tabindex=tab_index
                on:pointerenter=move |_| this.part().into_iter().for_each(|part| workspace.parts.fetch(part))
                on:click=move |_| tab.set(this)
            >
                {this.title()}
                {count(this).map(|count| show_count(this, count))}
            </button>
        }
    };
    // A press on the tab that is shown leaves its panel as it is, with how far it is scrolled.
    let shown = memo(move || tab.get());
    let show_panel = move |this: Tab| {
        let content = match this {
            Tab::Positions => view! { <PositionsTab workspace/> }.erase(),
            Tab::Orders => show_part(Part::Orders),
            Tab::Alerts => show_part(Part::Alerts),
            Tab::Trades => show_part(Part::Trades),
            Tab::Realized => show_part(Part::Realized),
        };
        view! {
            <div
                class="tab-panel"
                role="tabpanel"
                id=format!("panel-{}", this.name())
                aria-labelledby=format!("tab-{}", this.name())
            >
                {content}
            </div>
        }
    };
    view! {
        <section class="panel positions" aria-label="Positions and trades">
            <div class="bar tabs" role="tablist" aria-label="Positions and trades" node_ref=tabs on:keydown=move_on>
                {Tab::ALL.map(show_tab)}
            </div>
            {move || show_panel(shown.get())}
            {show_failure(workspace.books)}
        </section>
    }
    .erase()
}

/// The count beside a tab's name; of unread firings only while there are any.
fn show_count(tab: Tab, count: Memo<String>) -> Piece {
    let class = if tab == Tab::Alerts { "label badge" } else { "label" };
    let is_hidden = move || tab == Tab::Alerts && count.with(String::is_empty);
    view! { <span class=class translate="no" hidden=is_hidden>{count}</span> }.erase()
}

fn focus_tab(tabs: NodeRef<Div>, tab: Tab) {
    let button =
        tabs.get_untracked().and_then(|tabs| tabs.query_selector(&format!("#tab-{}", tab.name())).ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        // Only an element that has left the page refuses.
        let _ = button.focus();
    }
}

/// What is said while the account cannot be read: what is shown may be old.
fn show_failure(books: Books) -> impl IntoView {
    move || {
        books.failure.get().map(|reason| {
            view! {
                <p class="panel-error" role="alert" data-testid="account-failure">
                    {format!("The account could not be read; what is shown may be old. {reason}")}
                    <button on:click=move |_| books.refresh()>"Try again"</button>
                </p>
            }
        })
    }
}

/// Reads what a tab shows, again after each change of the account and each retry.
fn read_for<T: 'static, F>(
    books: Books,
    retries: RwSignal<u32>,
    loading: RwSignal<Loading>,
    read: impl Fn() -> F + Copy + 'static,
    show: impl Fn(T) + Copy + 'static,
) where
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    effect(move || {
        books.track_changes();
        retries.track();
        // Ends with the effect's next run: an answer that comes late is not shown.
        spawn(async move {
            match read().await {
                Ok(answer) => {
                    show(answer);
                    loading.set(Loading::Ready);
                }
                Err(error) => loading.set(Loading::Failed(error.to_string())),
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrow_keys_go_round_the_tabs() {
        assert_eq!(Tab::Positions.after("ArrowRight"), Some(Tab::Orders));
        assert_eq!(Tab::Orders.after("ArrowRight"), Some(Tab::Alerts));
        assert_eq!(Tab::Positions.after("ArrowLeft"), Some(Tab::Realized));
        assert_eq!(Tab::Realized.after("ArrowRight"), Some(Tab::Positions));
        assert_eq!(Tab::Trades.after("End"), Some(Tab::Realized));
        assert_eq!(Tab::Trades.after("x"), None);
    }
}
