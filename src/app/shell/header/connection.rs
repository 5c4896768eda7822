//! State of the connection, and the source of prices.

use leptos::prelude::*;

use crate::{
    app::{
        erase::Erase,
        market::{Connection, Market},
    },
    domain::market_status::{DELAY_MINUTES, Data},
};

#[component]
pub fn ConnectionStatus(market: Market, market_source: String) -> impl IntoView {
    let state = Signal::derive(move || match market.connection.get() {
        Connection::Connected => "connected",
        Connection::Connecting | Connection::Reconnecting { .. } => "reconnecting",
        Connection::Disconnected { .. } => "disconnected",
    });
    let data = Signal::derive(move || market.status.with(|status| status.data.as_str()));
    let words = Signal::derive(move || match market.connection.get() {
        Connection::Connected => market.status.with(|status| match status.data {
            Data::Live if status.is_open => "Connected".to_owned(),
            Data::Live => "Market closed".to_owned(),
            Data::Delayed => format!("Delayed {DELAY_MINUTES} min"),
            Data::Stale => "No new prices".to_owned(),
        }),
        Connection::Connecting => "Connecting".to_owned(),
        Connection::Reconnecting { .. } => "Reconnecting".to_owned(),
        Connection::Disconnected { .. } => "Disconnected".to_owned(),
    });
    // Visible, but not announced with every attempt.
    let attempt = Signal::derive(move || match market.connection.get() {
        Connection::Reconnecting { attempt } => format!(", attempt {attempt}"),
        Connection::Connected | Connection::Connecting | Connection::Disconnected { .. } => String::new(),
    });
    let source = match market_source.as_str() {
        "simulator" => "Simulator".to_owned(),
        "massive" => "Massive".to_owned(),
        _ => market_source,
    };
    let tooltip = {
        let source = source.clone();
        Signal::derive(move || {
            let note = market.status.with(|status| status.note.clone());
            describe(market.connection.get(), market.problem.get(), &note, &source)
        })
    };
    view! {
        <p class="connection" data-testid="connection-status" data-state=state data-market=data role="status" tabindex="0" title=tooltip>
            <span class="dot" aria-hidden="true"></span>
            <span class="connection-words">{words}<span aria-hidden="true">{attempt}</span></span>
            <span class="muted connection-source">{source}</span>
        </p>
    }
    .erase()
}

/// Text of the tooltip: the error, if known, and its consequence.
fn describe(connection: Connection, problem: Option<String>, note: &str, source: &str) -> String {
    let meaning = match connection {
        Connection::Connected if !note.is_empty() => format!("{note} Source: {source}."),
        Connection::Connected => format!("Prices are live. Source: {source}."),
        Connection::Connecting => format!("Waiting for the first prices. Source: {source}."),
        Connection::Reconnecting { attempt } => {
            format!("Prices are as they were last; attempt {attempt} to get them back. Trading goes on.")
        }
        Connection::Disconnected { attempt } => {
            format!("Prices are as they were last, after {attempt} attempts; it goes on trying. Trading goes on.")
        }
    };
    problem.map_or(meaning.clone(), |problem| format!("{problem} {meaning}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tooltip_says_what_is_wrong_and_what_that_means() {
        assert_eq!(describe(Connection::Connected, None, "", "Simulator"), "Prices are live. Source: Simulator.");
        let late = describe(Connection::Connected, None, "Prices are delayed 15 min.", "Massive");
        assert_eq!(late, "Prices are delayed 15 min. Source: Massive.");
        let problem = Some("The server is shutting down.".to_owned());
        let told = describe(Connection::Reconnecting { attempt: 2 }, problem, "", "Simulator");
        assert!(told.starts_with("The server is shutting down. Prices are as they were last; attempt 2"), "{told}");
    }
}
