//! A model's reply is accepted whole, with every action in order and its text bounded, or not at all.
#![no_main]

use finally::{domain::chat::Action, server::copilot::reply::Reply};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Rank in the order: additions, then trades, then removals.
fn place(action: &Action) -> u8 {
    match action {
        Action::Watch(_) => 0,
        Action::Trade { .. } | Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => 1,
        Action::Unwatch(_) => 2,
    }
}

fuzz_target!(|content: &str| {
    let reply = match Reply::read(content) {
        Ok(reply) => reply,
        Err(reason) => return assert!(!reason.0.is_empty()),
    };
    assert!(!reply.message.is_empty() || !reply.actions.is_empty());
    assert!(reply.message.chars().count() <= 16_000 && reply.message == reply.message.trim());
    assert!(reply.actions.len() <= 100 && reply.actions.is_sorted_by_key(place));

    // Written in the requested format, it is the same reply; with an extra field it is invalid.
    let (mut trades, mut changes) = (Vec::new(), Vec::new());
    for action in &reply.actions {
        match action {
            Action::Trade { ticker, side, quantity } => {
                trades.push(json!({ "ticker": ticker, "side": side, "quantity": quantity }));
            }
            Action::Watch(ticker) => changes.push(json!({ "ticker": ticker, "action": "add" })),
            Action::Unwatch(ticker) => changes.push(json!({ "ticker": ticker, "action": "remove" })),
            // Orders that wait, cancellations and alerts have forms of their own.
            Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => return,
        }
    }
    let mut form = json!({ "message": reply.message, "trades": trades, "watchlist_changes": changes });
    assert_eq!(Reply::read(&form.to_string()), Ok(reply.clone()));
    assert_eq!(Reply::read(&format!("```json\n{form}\n```")), Ok(reply));
    form["extra"] = json!(1);
    assert!(Reply::read(&form.to_string()).is_err());
});
