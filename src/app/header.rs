//! The header: what the portfolio is worth, the cash, and whether prices arrive.

use leptos::prelude::*;

use super::{
    account::Books,
    format::or_missing,
    market::{Connection, Market},
};

#[component]
pub fn Header(books: Books, market: Market, market_source: String) -> impl IntoView {
    let total_value = Memo::new(move |_| books.portfolio().total_value);
    let cash = Memo::new(move |_| books.cash());
    view! {
        <header class="header">
            <h1 class="brand">"Fin"<b>"Ally"</b></h1>
            <dl class="stats">
                <div class="stat big">
                    <dt>"Total value"</dt>
                    <dd data-testid="total-value">{move || or_missing(total_value.get())}</dd>
                </div>
                <div class="stat">
                    <dt>"Cash"</dt>
                    <dd data-testid="cash-balance">{move || cash.get().to_string()}</dd>
                </div>
            </dl>
            <ConnectionStatus market market_source/>
        </header>
    }
}

#[component]
fn ConnectionStatus(market: Market, market_source: String) -> impl IntoView {
    let state = move || match market.connection.get() {
        Connection::Connected => "connected",
        Connection::Connecting | Connection::Reconnecting { .. } => "reconnecting",
        Connection::Disconnected => "disconnected",
    };
    let words = move || match market.connection.get() {
        Connection::Connected => "Connected".to_owned(),
        Connection::Connecting => "Connecting".to_owned(),
        Connection::Reconnecting { attempt } => format!("Reconnecting, attempt {attempt}"),
        Connection::Disconnected => "Disconnected".to_owned(),
    };
    let source = match market_source.as_str() {
        "simulator" => "Simulator".to_owned(),
        _ => market_source,
    };
    view! {
        <p class="connection" data-testid="connection-status" data-state=state role="status">
            <span class="dot" aria-hidden="true"></span>
            <span>{words}</span>
            <span class="muted">{source}</span>
        </p>
    }
}
