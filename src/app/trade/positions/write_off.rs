//! Writing a position off whose market has no price any more, after a word that says what it does.

use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    api::write_off,
    app::{
        effects::memo,
        erase::Erase,
        format::{local_time, money, or_missing, signed_money},
        parts::PartView,
        workspace::{Workspace, use_workspace},
    },
    domain::{portfolio::Position, ticker::Ticker},
};

/// The position that a person is asked about; copies share it.
#[derive(Clone, Copy, Default)]
pub struct WritingOff {
    ticker: RwSignal<Option<Ticker>>,
    pub is_open: RwSignal<bool>,
}

impl WritingOff {
    pub fn ask(self, ticker: Ticker) {
        self.ticker.set(Some(ticker));
        self.is_open.set(true);
    }
}

#[wasm_split(trades, fallible)]
pub fn fetch_write_off() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <WriteOff/> }.erase())
}

/// The content of the dialog.
#[component]
fn WriteOff() -> impl IntoView {
    let Workspace { books, toasts, writing_off: WritingOff { ticker, is_open }, .. } = use_workspace();
    let is_pending = RwSignal::new(false);
    let words = memo(move || ticker.get().and_then(|ticker| books.position(ticker)).map(|held| describe(&held)));
    let confirm = move |_| {
        let Some(ticker) = ticker.get_untracked() else {
            return;
        };
        is_pending.set(true);
        spawn_local(async move {
            match write_off(ticker).await.flatten() {
                Ok(receipt) => toasts.success(format!("{ticker} is written off. Cash is {}.", receipt.cash_balance)),
                Err(error) => toasts.error(error.to_string()),
            }
            books.refresh();
            is_pending.try_set(false);
            is_open.try_set(false);
        });
    };
    view! {
        <p>{words}</p>
        <div class="modal-actions">
            <button class="plain" autofocus=true on:click=move |_| is_open.set(false)>
                "Keep it"
            </button>
            <button class="danger-button" data-testid="write-off-confirm" disabled=is_pending on:click=confirm>
                "Write it off"
            </button>
        </div>
    }
    .erase()
}

fn describe(held: &Position) -> String {
    format!(
        "{} has no market price. Its {} shares leave the account at the last price known, {} of {}: {} go to cash, and {} is \
         realised. This corrects the books, is no order, and cannot be undone.",
        held.ticker,
        held.quantity,
        or_missing(held.current_price),
        or_missing(held.price_at.map(local_time)),
        or_missing(held.market_value.map(money)),
        or_missing(held.unrealized_pnl.map(signed_money)),
    )
}
