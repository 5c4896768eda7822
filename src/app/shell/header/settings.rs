//! The settings: theme, density, layout, reset, and exports.

use leptos::{ev::Event, prelude::*, task::spawn_local};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    api::reset_account,
    app::{
        commands::Section,
        effects::effect,
        erase::{Erase, Piece, show_when},
        look::{
            density::{Density, use_density},
            theme::{ThemeChoice, use_theme_setting},
        },
        parts::{Part, PartView, show_part},
        storage,
        trade::positions::{
            csv::{self, DECIMAL_MARKS, Form, SEPARATORS, ZONES},
            save_trades,
        },
        workspace::{Workspace, use_workspace},
    },
};

const THEMES: [(ThemeChoice, &str); 3] =
    [(ThemeChoice::System, "System"), (ThemeChoice::Dark, "Dark"), (ThemeChoice::Light, "Light")];

/// Exports: name, address, and file name.
const EXPORTS: [(&str, &str, &str); 2] = [
    ("Account (JSON)", "/api/portfolio", "finally-account.json"),
    ("Equity curve (JSON)", "/api/portfolio/history?range=all", "finally-equity.json"),
];

/// The button with its menu.
#[component]
pub fn Settings() -> impl IntoView {
    let workspace = use_workspace();
    let parts = workspace.parts;
    register(workspace);
    // The menu is built when it first opens, and is kept.
    let is_wanted = RwSignal::new(false);
    view! {
        <button
            class="settings-button"
            popovertarget="settings"
            aria-label="Settings"
            title="Settings"
            on:pointerenter=move |_| parts.fetch(Part::Settings)
        >
            "⚙"
        </button>
        <div
            class="settings"
            id="settings"
            popover="auto"
            on:beforetoggle=move |_: Event| is_wanted.set(true)
        >
            {show_when(move || is_wanted.get(), || show_part(Part::Settings))}
        </div>
    }
    .erase()
}

/// Registers the menu's entries with the palette.
fn register(workspace: Workspace) {
    let Workspace { commands, layout, chat, .. } = workspace;
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
    commands.add(Section::Page, "Language model…", None, move || chat.is_connecting.set(true));
    commands.add(Section::Page, "Reset the account…", None, move || commands.is_reset_open.set(true));
}

#[wasm_split(account, fallible)]
pub fn fetch_settings() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <Menu/> }.erase())
}

#[component]
fn Menu() -> impl IntoView {
    let Workspace { layout, commands, chat, .. } = use_workspace();
    view! {
        {show_look("menu")}
        <p class="label">"Hands"</p>
        {show_hands("menu")}
        <p class="label">"Export"</p>
        {show_exports()}
        {show_csv_form()}
        {show_save("")}
        <p class="label">"Page"</p>
        <button popovertarget="settings" popovertargetaction="hide" on:click=move |_| chat.is_connecting.set(true)>
            "Language model…"
        </button>
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
            on:click=move |_| commands.is_reset_open.set(true)
        >
            "Reset the account…"
        </button>
    }
    .erase()
}

/// Theme and density.
pub fn show_look(place: &'static str) -> Piece {
    let (theme, density) = (use_theme_setting(), use_density());
    let theme_index = move || THEMES.iter().position(|(choice, _)| *choice == theme.choice()).unwrap_or_default();
    let themes = show_choices(place, "Theme", THEMES.map(|(_, name)| name).to_vec(), theme_index, move |index| {
        THEMES.get(index).into_iter().for_each(|(choice, _)| theme.choose(*choice));
    });
    let density_index = move || Density::ALL.iter().position(|choice| *choice == density.get()).unwrap_or_default();
    let densities =
        show_choices(place, "Rows", Density::ALL.map(Density::title).to_vec(), density_index, move |index| {
            Density::ALL.get(index).into_iter().for_each(|choice| density.set(*choice));
        });
    view! {
        {themes}
        {densities}
    }
    .erase()
}

/// Settings of manual trading.
pub fn show_hands(place: &'static str) -> Piece {
    let choices = use_workspace().hands.choices().map(|choice| {
        show_choices(place, choice.title, choice.names.to_vec(), move || choice.get(), move |index| choice.set(index))
    });
    choices.erase()
}

/// Links to the exports.
pub fn show_exports() -> Piece {
    let links = EXPORTS.map(|(name, address, file)| {
        view! {
            <a href=address download=file rel="external">
                {name}
            </a>
        }
    });
    links.erase()
}

/// Radio buttons side by side, by index; `chosen` is tracked.
fn show_choices(
    place: &'static str,
    title: &'static str,
    names: Vec<&'static str>,
    chosen: impl Fn() -> usize + Send + Sync + 'static,
    choose: impl Fn(usize) + Send + Sync + 'static,
) -> Piece {
    show_names(place, title, names, Signal::derive(chosen), Callback::new(choose))
}

fn show_names(
    place: &'static str,
    title: &'static str,
    names: Vec<&'static str>,
    chosen: Signal<usize>,
    choose: Callback<usize>,
) -> Piece {
    // The menu and the account view may be on the same page.
    let group = format!("{place} {title}");
    let choices = names.into_iter().enumerate().map(|(index, name)| {
        view! {
            <label>
                <input
                    type="radio"
                    name=group.clone()
                    value=name
                    prop:checked=move || chosen.get() == index
                    on:change=move |_| choose.run(index)
                />
                <span>{name}</span>
            </label>
        }
    });
    view! {
        <fieldset class="segments">
            <legend class="label">{title}</legend>
            {choices.collect_view()}
        </fieldset>
    }
    .erase()
}

/// Button that saves the trades as a file in the chosen format. It keeps the menu open, and is busy while it saves.
pub fn show_save(class: &'static str) -> Piece {
    let Workspace { toasts, .. } = use_workspace();
    let is_saving = RwSignal::new(false);
    let save = move |_| {
        is_saving.set(true);
        spawn_local(async move {
            save_trades(toasts).await;
            is_saving.try_set(false);
        });
    };
    view! {
        <button class=class disabled=is_saving on:click=save>
            "Trades (CSV)"
        </button>
    }
    .erase()
}

/// Format of the file of trades; stored.
pub fn show_csv_form() -> Piece {
    let form = RwSignal::new(Form::USUAL);
    effect(move || {
        storage::keep(csv::STORAGE_KEY, move || form.get().words(), move |stored| form.set(Form::read(stored)));
    });
    view! {
        <div class="csv-form">
            {show_csv_choice("Separator", SEPARATORS, form, |form| &mut form.separator)}
            {show_csv_choice("Decimals", DECIMAL_MARKS, form, |form| &mut form.decimal_mark)}
            {show_csv_choice("Times", ZONES, form, |form| &mut form.zone)}
        </div>
    }
    .erase()
}

/// A choice of one character of the format.
fn show_csv_choice(
    title: &'static str,
    choices: &'static [(char, &'static str)],
    form: RwSignal<Form>,
    part: fn(&mut Form) -> &mut char,
) -> Piece {
    let chosen = Signal::derive(move || part(&mut form.get()).to_string());
    let choose = move |event: Event| {
        if let Some(letter) = event_target_value(&event).chars().next() {
            form.update(|form| *part(form) = letter);
        }
    };
    let choices: Vec<_> =
        choices.iter().map(|(letter, name)| view! { <option value=letter.to_string()>{*name}</option> }).collect();
    view! {
        <label>
            <span class="label">{title}</span>
            <select prop:value=chosen on:change=choose>
                {choices}
            </select>
        </label>
    }
    .erase()
}

#[wasm_split(account, fallible)]
pub fn fetch_reset() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <Reset/> }.erase())
}

/// Content of the dialog.
#[component]
fn Reset() -> impl IntoView {
    let Workspace { books, toasts, commands, .. } = use_workspace();
    let is_open = commands.is_reset_open;
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
            is_pending.try_set(false);
            is_open.set(false);
        });
    };
    view! {
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
    }
    .erase()
}
