//! The command palette: any ticker, order, panel or setting, from one field and by keyboard only.

use leptos::{ev::KeyboardEvent, html::Input, prelude::*, task::spawn_local};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    search::{Action, Choice, Offer, search},
    sized::Means,
};
use crate::{
    api::load_listings,
    app::{
        address::View,
        effects::{effect, memo, spawn},
        erase::{Erase, Piece},
        parts::PartView,
        presses::is_composed,
        trade::alerts::{Wish, open_form},
        workspace::{Workspace, use_workspace},
    },
    domain::{
        money::{Money, Price, Remainder},
        ticker::Ticker,
        workstation::Listed,
    },
};

#[wasm_split(commands, fallible)]
pub fn fetch_palette() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <Palette/> }.erase())
}

/// Content of the dialog, rendered anew at each opening: the field and its offers.
#[component]
fn Palette() -> impl IntoView {
    let workspace = use_workspace();
    let commands = workspace.commands;
    let listings = commands.listings;
    let field = NodeRef::<Input>::new();
    effect(move || {
        if listings.with_untracked(Vec::is_empty) {
            spawn(async move {
                // Without the names there are fewer choices.
                if let Ok(known) = load_listings().await {
                    let _ = listings.try_set(known);
                }
            });
        }
        // The dialog focuses its content when it opens; this may run later.
        if let Some(field) = field.get() {
            // Fails only for an element that has left the page.
            let _ = field.focus();
        }
    });
    let typed = RwSignal::new(commands.early_words.get_untracked());
    let active = RwSignal::new(0_usize);
    let offers = memo(move || {
        let choices = listings.with(|listings| choices(workspace, listings));
        let price = |ticker| workspace.market.quote_untracked(ticker).map(|quote| quote.price);
        let means = means(workspace, &price);
        commands.known.with(|known| typed.with(|typed| search(typed, &choices, known, &means)))
    });
    let choose = move |index: usize| {
        let offer = offers.with_untracked(|offers| offers.get(index).cloned());
        if let Some(offer) = offer.filter(|offer| offer.action != Action::Refuse) {
            commands.is_palette_open.set(false);
            // The dialog first closes and restores the focus, which the action may then move.
            request_animation_frame(move || act(offer.action, workspace));
        }
    };
    let press = move |event: KeyboardEvent| {
        // Keys within a composition select and end its words.
        if is_composed(&event) || (event.key() == "Enter" && event.repeat()) {
            return;
        }
        let count = offers.with_untracked(Vec::len);
        let now = active.get_untracked();
        let next = match event.key().as_str() {
            "ArrowDown" => (now + 1) % count.max(1),
            "ArrowUp" => (now + count.saturating_sub(1)) % count.max(1),
            "Enter" => {
                event.prevent_default();
                return choose(now);
            }
            _ => return,
        };
        event.prevent_default();
        active.set(next);
        reveal(next);
    };
    let has_offers = Signal::derive(move || !offers.with(Vec::is_empty));
    let active_id = Signal::derive(move || has_offers.get().then(|| option_id(active.get())));
    let list = move || {
        let options = offers.get().into_iter().enumerate().map(|(index, offer)| option(index, offer, active, choose));
        options.collect_view()
    };
    view! {
        <input
            class="palette-input"
            node_ref=field
            role="combobox"
            aria-label="Ticker, order or command"
            aria-expanded="true"
            aria-controls="palette-options"
            aria-autocomplete="list"
            aria-activedescendant=active_id
            placeholder="Ticker, “buy 5 NVDA @ 790”, “close TSLA”, panel, setting…"
            autocomplete="off"
            spellcheck="false"
            autofocus=true
            prop:value=typed.get_untracked()
            on:input:target=move |event| {
                typed.set(event.target().value());
                active.set(0);
            }
            on:keydown=press
        />
        <ul class="palette-options" id="palette-options" role="listbox" aria-label="Offers">
            {list}
        </ul>
        <p class="empty" hidden=has_offers>"Nothing here is called that."</p>
    }
    .erase()
}

fn option_id(index: usize) -> String {
    format!("palette-option-{index}")
}

fn option(index: usize, offer: Offer, active: RwSignal<usize>, choose: impl Fn(usize) + Copy + 'static) -> Piece {
    let Offer { title, detail, keys, action: _ } = offer;
    let is_selected = Signal::derive(move || (active.get() == index).to_string());
    view! {
        <li
            id=option_id(index)
            role="option"
            aria-selected=is_selected
            on:click=move |_| choose(index)
        >
            <span>{title}</span>
            <span class="muted">{detail}</span>
            {keys.map(|keys| view! { <kbd>{keys.to_ascii_uppercase()}</kbd> })}
        </li>
    }
    .erase()
}

/// Scrolls an option into view.
fn reveal(index: usize) {
    if let Some(option) = document().get_element_by_id(&option_id(index)) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        option.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Watched tickers, then other held ones, then all others with known names; tracked.
fn choices(workspace: Workspace, listings: &[Listed]) -> Vec<Choice> {
    let mut followed = workspace.watchlist.tickers();
    let besides: Vec<Ticker> = workspace.books.held().into_iter().filter(|ticker| !followed.contains(ticker)).collect();
    followed.extend(besides);
    let name_of = |ticker: Ticker| listings.iter().find(|listed| listed.ticker == ticker);
    let known = followed.iter().map(|ticker| Choice {
        ticker: *ticker,
        company: name_of(*ticker).map(|listed| listed.company.clone()).unwrap_or_default(),
        is_followed: true,
    });
    let others = listings.iter().filter(|listed| !followed.contains(&listed.ticker));
    let others =
        others.map(|listed| Choice { ticker: listed.ticker, company: listed.company.clone(), is_followed: false });
    known.chain(others).collect()
}

/// What is there to trade with; tracked.
fn means(workspace: Workspace, price: &dyn Fn(Ticker) -> Option<Price>) -> Means<'_> {
    let books = workspace.books;
    let free = |ticker| match (books.quantity(ticker)?, books.shares_on_orders(ticker)) {
        (held, None) => Some(held),
        (held, Some(on_orders)) => match held.minus(on_orders) {
            Remainder::Some(free) => Some(free),
            Remainder::None | Remainder::Short => None,
        },
    };
    let holdings = books.held().into_iter().map(|ticker| (ticker, free(ticker))).collect();
    let buying_power = books.cash().checked_sub(books.held_for_orders()).unwrap_or(Money::ZERO).max(Money::ZERO);
    Means { price, holdings, buying_power }
}

fn act(action: Action, workspace: Workspace) {
    let Workspace { watchlist, ticket, selected, toasts, commands, navigation, .. } = workspace;
    // A ticker is shown in the trade view.
    let select = move |ticker| {
        selected.set(Some(ticker));
        navigation.open(View::Trade);
    };
    match action {
        Action::Fill(order) => {
            select(order.ticker);
            // Once the view is rendered.
            request_animation_frame(move || ticket.fill(order));
        }
        Action::FillDollars(order) => {
            select(order.ticker);
            request_animation_frame(move || ticket.fill_dollars(order.side, order.dollars, order.ticker, order.price));
        }
        Action::SetAlert(alert) => workspace.alerts.wish(Wish::Set(alert)),
        Action::WriteAlert(ticker) => open_form(workspace, Some(ticker)),
        Action::Refuse => {}
        Action::Select(ticker) => select(ticker),
        Action::Watch(ticker) => spawn_local(async move {
            match watchlist.add(ticker).await {
                Ok(()) => select(ticker),
                Err(error) => toasts.error(error.to_string()),
            }
        }),
        Action::Run(index) => commands.run(index),
    }
}
