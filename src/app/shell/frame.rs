//! The frame around the shown view, which persists across views.

use std::time::Duration;

use leptos::prelude::*;
use leptos_meta::Title;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    header::Header,
    layout::{CopilotSlot, Panel, Splitter},
    nav::Nav,
    status_bar::StatusBar,
};
use crate::{
    app::{
        address::View,
        copilot::AutonomySwitch,
        effects::{effect, memo},
        erase::{Erase, show_when},
        modal::Modal,
        network::OfflineBanner,
        parts::{Part, show_part, show_quiet_part, show_served_part},
        toast::ToastStack,
        trade::Trade,
        upgrade::UpgradeBanner,
        workspace::{Workspace, use_workspace},
    },
    interop::service_worker,
};

#[component]
pub fn Frame(market_source: String) -> impl IntoView {
    let Workspace { market, chat, toasts, layout, commands, upgrade, navigation, books, alerts, .. } = use_workspace();
    let view = memo(move || navigation.view());
    let total = memo(move || books.with_portfolio(|portfolio| portfolio.total_value));
    let name = move || match (view.get(), total.get()) {
        (View::Performance, _) => "Performance · FinAlly".to_owned(),
        (View::Library, _) => "Library · FinAlly".to_owned(),
        (View::Account, _) => "Account · FinAlly".to_owned(),
        (View::Trade, Some(value)) => format!("{value} · FinAlly"),
        (View::Trade, None) => "FinAlly".to_owned(),
    };
    // Firings that nobody has read show in the browser's tab too.
    let title = move || match alerts.unread.get() {
        0 => name(),
        unread => format!("({unread}) {}", name()),
    };
    // Once shown, the trade view stays mounted, with its arrangement.
    let was_trade_shown = memo_once(move || view.get() == View::Trade);
    let was_library_shown = memo_once(move || view.get() == View::Library);
    focus_views(view);
    mark_hydrated();
    let is_live = Signal::derive(move || market.is_live().to_string());
    view! {
        <Title text=title/>
        <div
            class="app"
            data-view=move || view.get().as_str()
            data-panel=move || layout.panel().as_str()
            data-live=is_live
        >
            <div class="banners">
                <OfflineBanner market/>
                <UpgradeBanner upgrade/>
            </div>
            <Nav/>
            <Header market_source>
                <AutonomySwitch chat/>
            </Header>
            {show_when(move || was_trade_shown.get(), || view! { <Trade/> }.erase())}
            {show_when(move || was_library_shown.get(), move || view! { <LibraryView view/> }.erase())}
            {show_when(move || view.get() == View::Performance, || view! { <PerformanceView/> }.erase())}
            {show_when(move || view.get() == View::Account, || view! { <AccountView/> }.erase())}
            <Splitter panel=Panel::Copilot layout/>
            <CopilotSlot layout>
                {show_served_part(Part::Copilot)}
            </CopilotSlot>
            <StatusBar market/>
            <ToastStack toasts/>
            {show_quiet_part(Part::AlertNews)}
            <Modal is_open=commands.is_help_open label="Keyboard shortcuts" class="help-sheet">
                {show_part(Part::Help)}
            </Modal>
            <Modal is_open=commands.is_palette_open label="Command palette" class="palette" is_bare=true>
                {show_part(Part::Palette)}
            </Modal>
            <Modal is_open=chat.is_connecting label="Language model" class="confirm model-dialog">
                {show_part(Part::Model)}
            </Modal>
            <Modal is_open=commands.is_reset_open label="Reset the account?" class="confirm">
                {show_part(Part::Reset)}
            </Modal>
        </div>
    }
    .erase()
}

/// The view's place; it stays once it was shown, since what is handed in goes on meanwhile.
#[component]
fn LibraryView(view: Memo<View>) -> impl IntoView {
    view! {
        <main
            class="view library"
            id=View::Library.element_id()
            tabindex="-1"
            aria-label="Library"
            data-testid="library-view"
            hidden=move || view.get() != View::Library
        >
            {show_part(Part::Library)}
        </main>
    }
    .erase()
}

/// The view's place; it is read anew each time it is opened.
#[component]
fn PerformanceView() -> impl IntoView {
    view! {
        <main
            class="view performance"
            id=View::Performance.element_id()
            tabindex="-1"
            aria-label="Performance"
            data-testid="performance-view"
        >
            {show_part(Part::Performance)}
        </main>
    }
    .erase()
}

/// The view's place; what stands in it is a part of the program.
#[component]
fn AccountView() -> impl IntoView {
    let parts = use_workspace().parts;
    effect(move || parts.fetch(Part::Account));
    view! {
        <main class="view account" id=View::Account.element_id() tabindex="-1" aria-label="Account" data-testid="account-view">
            {show_served_part(Part::Account)}
        </main>
    }
    .erase()
}

/// Whether something has been true at any time so far.
fn memo_once(is_so: impl Fn() -> bool + Send + Sync + 'static) -> Memo<bool> {
    Memo::new(move |before: Option<&bool>| before == Some(&true) || is_so())
}

/// Focuses a view when it is opened, so that it is read from its beginning; not the initial one.
fn focus_views(view: Memo<View>) {
    let last = StoredValue::new(None);
    effect(move || {
        let now = view.get();
        let before = last.get_value();
        last.set_value(Some(now));
        if before.is_some_and(|before| before != now) {
            // Once the view is rendered.
            request_animation_frame(move || {
                let element = document().get_element_by_id(now.element_id());
                if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
                    let focused = document().active_element();
                    // The focus may already be inside it.
                    if !focused.is_some_and(|focused| element.contains(Some(&focused))) {
                        // Fails only for an element that has left the page.
                        let _ = element.focus();
                    }
                }
            });
        }
    });
}

/// Delay, since the page's own files come first.
const INSTALL_DELAY: Duration = Duration::from_secs(3);

/// Registers the service worker after hydration.
pub fn install() {
    effect(|| {
        let registration = StoredValue::new_local(None);
        let register = move || {
            let _ = registration.try_update_value(|slot| *slot = service_worker::register());
        };
        set_timeout(register, INSTALL_DELAY);
    });
}

/// Marks the document as hydrated, for browser tests.
fn mark_hydrated() {
    effect(|| {
        if let Some(body) = document().body() {
            // Fails only for a malformed name.
            let _ = body.set_attribute("data-hydrated", "true");
        }
    });
}
