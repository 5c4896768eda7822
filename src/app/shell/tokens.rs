//! API tokens in the account view: made, shown once, listed and revoked.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    api::{load_tokens, make_token, revoke_token},
    app::{
        effects::{effect, spawn},
        erase::{Erase, Piece},
        format::local_time,
        loading::{Loading, show_loading},
        parts::PartView,
        rows::list_of,
        workspace::use_workspace,
    },
    domain::token::TokenInfo,
};

/// The scopes that a person may choose, each with what it allows.
const CHOICES: [(&str, &str); 3] = [
    ("read", "Read everything of the account"),
    ("trade", "Trade and change the account"),
    ("admin", "Reset it, change settings and tokens"),
];

#[wasm_split(tokens, fallible)]
pub fn fetch_tokens() -> Result<PartView, SplitLoaderError> {
    Ok(show_tokens)
}

fn show_tokens() -> Piece {
    let toasts = use_workspace().toasts;
    let tokens = RwSignal::new(Vec::<TokenInfo>::new());
    let (loading, retries) = (RwSignal::new(Loading::Pending), RwSignal::new(0));
    let name = RwSignal::new(String::new());
    let scopes = RwSignal::new(vec!["read"]);
    // The secret of the token just made.
    let secret = RwSignal::new(None::<String>);
    let problem = RwSignal::new(String::new());
    effect(move || {
        retries.track();
        spawn(async move {
            match load_tokens().await {
                Ok(read) => {
                    tokens.set(read);
                    loading.set(Loading::Ready);
                }
                Err(error) => loading.set(Loading::Failed(error.to_string())),
            }
        });
    });
    let is_busy = RwSignal::new(false);
    let make = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        let chosen = scopes.get_untracked().into_iter().map(str::to_owned).collect();
        spawn_local(async move {
            match make_token(name.get_untracked(), chosen).await.flatten() {
                Ok((token, shown_once)) => {
                    tokens.try_update(|tokens| tokens.push(token));
                    secret.try_set(Some(shown_once));
                    name.try_set(String::new());
                    problem.try_set(String::new());
                }
                Err(error) => drop(problem.try_set(error.to_string())),
            }
            is_busy.try_set(false);
        });
    };
    let revoke = move |id: String| {
        spawn_local(async move {
            match revoke_token(id.clone()).await.flatten() {
                Ok(()) => drop(tokens.try_update(|tokens| tokens.retain(|token| token.id != id))),
                Err(error) => toasts.error(error.to_string()),
            }
        });
    };
    let choice = move |(scope, words): (&'static str, &'static str)| {
        let is_chosen = move || scopes.with(|scopes| scopes.contains(&scope));
        let toggle = move |_| {
            scopes.update(|scopes| match scopes.iter().position(|chosen| *chosen == scope) {
                Some(index) => drop(scopes.remove(index)),
                None => scopes.push(scope),
            });
        };
        view! {
            <label class="check">
                <input type="checkbox" prop:checked=is_chosen data-testid=format!("token-scope-{scope}") on:change=toggle/>
                {words}
            </label>
        }
        .erase()
    };
    let shown_once = move || {
        secret.get().map(|secret| {
            view! {
                <p class="token-secret" role="status">
                    "Copy it now; it is not shown again."
                    <code translate="no" data-testid="token-secret">{secret}</code>
                </p>
            }
            .erase()
        })
    };
    let is_empty = move || loading.get() == Loading::Ready && tokens.with(Vec::is_empty);
    view! {
        <p>
            "A script or an MCP client sends a token as "
            <code>"Authorization: Bearer"</code>
            ", and may do what its scopes say."
        </p>
        <ul class="tokens">
            {list_of(move || tokens.get(), |token| token.id.clone(), move |token| show_token(token, revoke))}
        </ul>
        <p class="muted" hidden=move || !is_empty()>"There are no tokens yet."</p>
        {show_loading("The tokens", loading, retries)}
        {shown_once}
        <form class="token-form" on:submit=make>
            <input
                aria-label="Name of the token"
                placeholder="Name, such as rebalancing script"
                maxlength="80"
                autocomplete="off"
                data-testid="token-name"
                prop:value=name
                on:input:target=move |event| name.set(event.target().value())
            />
            {CHOICES.map(choice)}
            <button class="plain" type="submit" data-testid="token-make" aria-disabled=move || is_busy.get().to_string()>
                "Make a token"
            </button>
            <p class="order-problem" role="alert">{problem}</p>
        </form>
    }
    .erase()
}

fn show_token(token: TokenInfo, revoke: impl Fn(String) + Copy + 'static) -> Piece {
    let TokenInfo { id, name, scopes, created_at, last_used_at, .. } = token;
    let used = last_used_at.map_or("never used".to_owned(), |at| format!("last used {}", local_time(at)));
    let about = format!("{} · made {} · {used}", scopes.join(", "), local_time(created_at));
    let label = format!("Revoke {name}");
    view! {
        <li data-testid="token-row">
            <span>
                <b>{name}</b>
                <small class="muted">{about}</small>
            </span>
            <button class="small" aria-label=label data-testid="token-revoke" on:click=move |_| revoke(id.clone())>
                "Revoke"
            </button>
        </li>
    }
    .erase()
}
