//! The settings: theme, density, layout, starting over, taking the data along.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::reset_account,
    app::{
        account::Books,
        commands::{Commands, Section},
        erase::{Erase, Piece},
        layout::Layout,
        look::{
            density::{Density, use_density},
            theme::{ThemeChoice, use_theme_setting},
        },
        modal::Modal,
        positions::save_trades,
        toast::Toasts,
    },
};

const THEMES: [(ThemeChoice, &str); 3] =
    [(ThemeChoice::System, "System"), (ThemeChoice::Dark, "Dark"), (ThemeChoice::Light, "Light")];

/// What can be taken along: the name, the address, and the file's name.
const EXPORTS: [(&str, &str, &str); 2] = [
    ("Account (JSON)", "/api/portfolio", "finally-account.json"),
    ("Equity curve (JSON)", "/api/portfolio/history?range=all", "finally-equity.json"),
];

#[component]
pub fn Settings(books: Books, toasts: Toasts, layout: Layout, commands: Commands) -> impl IntoView {
    let is_resetting = RwSignal::new(false);
    let (theme, density) = (use_theme_setting(), use_density());
    for (choice, name) in THEMES {
        commands
            .add(Section::Page, format!("Theme: {}", name.to_ascii_lowercase()), None, move || theme.choose(choice));
    }
    for choice in Density::ALL {
        let name = format!("Rows: {}", choice.title().to_ascii_lowercase());
        commands.add(Section::Page, name, None, move || density.set(choice));
    }
    commands.add(Section::Panels, "Reset the layout", None, move || layout.reset_all());
    commands.add(Section::Page, "Reset the account…", None, move || is_resetting.set(true));
    let themes = show_choices("Theme", THEMES, move || theme.choice(), move |choice| theme.choose(choice));
    let densities = Density::ALL.map(|choice| (choice, choice.title()));
    let densities = show_choices("Rows", densities, move || density.get(), move |choice| density.set(choice));
    let is_saving = RwSignal::new(false);
    let save = move |_| {
        is_saving.set(true);
        spawn_local(async move {
            save_trades(toasts).await;
            is_saving.try_set(false);
        });
    };
    let exports = EXPORTS.map(|(name, address, file)| {
        view! {
            <a href=address download=file rel="external">
                {name}
            </a>
        }
    });
    view! {
        <button class="settings-button" popovertarget="settings" aria-label="Settings" title="Settings">
            "⚙"
        </button>
        <div class="settings" id="settings" popover="auto">
            {themes}
            {densities}
            <p class="label">"Export"</p>
            {exports}
            <button popovertarget="settings" popovertargetaction="hide" disabled=is_saving on:click=save>
                "Trades (CSV)"
            </button>
            <p class="label">"Page"</p>
            <button popovertarget="settings" popovertargetaction="hide" on:click=move |_| commands.is_help_open.set(true)>
                "Keyboard shortcuts"
                <kbd>"?"</kbd>
            </button>
            <button popovertarget="settings" popovertargetaction="hide" on:click=move |_| layout.reset_all()>
                "Reset the layout"
            </button>
            <button
                class="danger"
                popovertarget="settings"
                popovertargetaction="hide"
                on:click=move |_| is_resetting.set(true)>
                "Reset the account…"
            </button>
        </div>
        <ResetDialog is_open=is_resetting books toasts/>
    }
    .erase()
}

/// One of a few, side by side; `chosen` is tracked.
fn show_choices<T: Copy + PartialEq + Send + Sync + 'static, const COUNT: usize>(
    title: &'static str,
    choices: [(T, &'static str); COUNT],
    chosen: impl Fn() -> T + Copy + Send + Sync + 'static,
    choose: impl Fn(T) + Copy + 'static,
) -> Piece {
    let choices = choices.map(|(choice, name)| {
        view! {
            <label>
                <input
                    type="radio"
                    name=title
                    value=name
                    prop:checked=move || chosen() == choice
                    on:change=move |_| choose(choice)
                />
                <span>{name}</span>
            </label>
        }
    });
    view! {
        <fieldset class="segments">
            <legend class="label">{title}</legend>
            {choices}
        </fieldset>
    }
    .erase()
}

#[component]
fn ResetDialog(is_open: RwSignal<bool>, books: Books, toasts: Toasts) -> impl IntoView {
    let is_pending = RwSignal::new(false);
    let reset = move |_| {
        is_pending.set(true);
        spawn_local(async move {
            match reset_account().await {
                Ok(()) => toasts.success("The account starts over.".to_owned()),
                Err(error) => toasts.error(error.to_string()),
            }
            if let Err(error) = books.reload().await {
                toasts.error(format!("The account could not be read. {error}"));
            }
            is_pending.set(false);
            is_open.set(false);
        });
    };
    view! {
        <Modal is_open label="Reset the account?" class="confirm">
            <p>
                "All positions go, and cash is the initial deposit again. Past trades leave the history; "
                "the watchlist and the conversation stay. This cannot be undone."
            </p>
            <div class="modal-actions">
                <button class="plain" autofocus=true on:click=move |_| is_open.set(false)>
                    "Keep it"
                </button>
                <button class="danger-button" disabled=is_pending on:click=reset>
                    "Reset the account"
                </button>
            </div>
        </Modal>
    }
    .erase()
}
