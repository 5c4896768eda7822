//! Attaching a document to a ticker: while one of the list is dragged, the tickers are shown to drop it on. With the keyboard,
//! the ticker is a field of the document's details.

use leptos::prelude::*;
use web_sys::DragEvent;

use super::{
    calls,
    store::{Shelf, use_shelf},
};
use crate::{
    app::{
        erase::{Erase, Piece},
        rows::list_of,
        workspace::{Workspace, use_workspace},
    },
    domain::ticker::Ticker,
};

/// A drag of a document begins; other programs get nothing from it.
pub fn begin(shelf: Shelf, id: String, event: &DragEvent) {
    let Some(transfer) = event.data_transfer() else { return };
    transfer.set_effect_allowed("link");
    // Without data some browsers begin no drag. Only an ended drag refuses it.
    let _ = transfer.set_data("text/plain", "");
    // The page may not change while the browser takes the dragged element's picture.
    request_animation_frame(move || shelf.dragged.set(Some(id)));
}

/// The tickers that are watched or held, to drop a document on.
pub fn show_tickers() -> Piece {
    let shelf = use_shelf();
    let Workspace { watchlist, books, .. } = use_workspace();
    let tickers = move || {
        let mut tickers = watchlist.tickers();
        tickers.extend(books.held().into_iter().filter(|ticker| !watchlist.contains(*ticker)));
        tickers
    };
    view! {
        <div class="library-attach" data-testid="library-attach">
            <p>"Attach it to"</p>
            <ul>{list_of(tickers, |ticker| ticker.to_string(), move |ticker| show_ticker(shelf, ticker))}</ul>
        </div>
    }
    .erase()
}

fn show_ticker(shelf: Shelf, ticker: Ticker) -> Piece {
    let is_over = RwSignal::new(false);
    let drag_over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let attach = move |event: DragEvent| {
        event.prevent_default();
        event.stop_propagation();
        if let Some(id) = shelf.dragged.get_untracked() {
            shelf.act(async move { calls::attach(&id, ticker).await.map(drop) });
        }
        shelf.dragged.set(None);
    };
    view! {
        <li
            data-testid="library-ticker"
            data-ticker=ticker.to_string()
            data-over=move || is_over.get().then_some("true")
            on:dragenter=drag_over
            on:dragover=drag_over
            on:dragleave=move |_| is_over.set(false)
            on:drop=attach
        >
            {ticker.to_string()}
        </li>
    }
    .erase()
}
