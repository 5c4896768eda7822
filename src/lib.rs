//! FinAlly, the AI trading workstation: one crate, two programs.
//!
//! The feature `ssr` builds the server (axum, SQLite, the page rendered by Leptos), the feature `hydrate` the browser's
//! client (the same page, as WebAssembly). They share the types in [`domain`], so no wire format is written twice.
//!
//! # The map
//! | room                   | holds                                                                               |
//! |------------------------|-------------------------------------------------------------------------------------|
//! | [`domain`]             | the shared types and the pure rules over them: no I/O, no clock, no randomness       |
//! | [`error`]              | errors that callers see: one enum with status and code                              |
//! | [`api`]                | the server functions, which are the page's requests                                 |
//! | [`app`]                | the page: its frame, its views with their panels, its stores, its price feed         |
//! | [`interop`]            | JavaScript libraries, bound to types that free what they hold                        |
//! | [`wire`]             | the page's small and exact reader of the server's JSON                               |
//! | `server::market`       | sources of prices, and the feed that publishes one frame a tick                     |
//! | `server::caller`       | the caller of a request: its account and scopes, set by an extractor                 |
//! | `server::ledger`       | the single writer: each change of an account, durable before it is answered          |
//! | `server::ledger::store`| storage of books and history: `sqlite`, the only place with SQL, and `memory`         |
//! | `server::execution`    | market orders, filled at once                                                       |
//! | `server::orders`       | open orders: accepted, changed and cancelled, and matched with every print          |
//! | `server::alerts`       | alerts and orders with a condition: conditions evaluated with every print           |
//! | `server::performance`  | figures, days, lots and flows: an account's history, against the market's closes      |
//! | `server::events`       | the account's event stream: its changes, from every source                          |
//! | `server::copilot`      | a turn of the conversation: prompt, model, reply, and the permitted actions          |
//! | `server::library`      | the Research library: documents, passages, search; its own file and writer          |
//! | `server::http`         | REST, the price stream, problems, the page and its files, and the checks in front    |
//! | `server::access`       | access from other machines, while there are no accounts                               |
//! | `server::tokens`       | API tokens: what admits a script, and with which scopes                               |
//! | `server::tools`        | the catalogue of tools: the API's operations for `/api/tools` and MCP                  |
//! | `server::parts`        | tasks that run until shutdown, and the detection of their failure                     |
//! | `server::https`        | clients of other servers, with TLS set up once                                      |
//! | `server::metrics`      | counters and measurements, for Prometheus                                           |
//!
//! # Data flow
//! - Quotes: `MarketSource → feed → http::stream::fan_out → app::feed → app::market → the one text node that changed`.
//! - Orders: `REST | server function → execution → ledger → reply`; open orders: `… → orders → ledger`, and `feed's
//!   tape → matcher → ledger` for their fills.
//! - Alerts: `feed's second tape → watcher → ledger (the firing) → events`.
//! - A write: `find` (the rows it needs) `→ decide` (pure: books and rows in, effects out) `→ effects` taken in by the
//!   books and written by a store, `→ events`, all in one transaction of the single writer.
//! - Changes: `REST | page | copilot | matcher → ledger → events → app::feed → app::changes`; then every page reads
//!   that part again.
//! - A message: `REST | server function → copilot → ledger (the message, and a snapshot of the account) → model → reply
//!   → ledger (the reply, its actions and their effects, in one transaction)`; actions are carried out by `execution`.
//! - Days: `each change of cash or positions | the equity curve's keeper → ledger (the account's day, kept for good)`.
//! - Performance: `REST | page → ledger's history and the market's daily closes → domain::performance → answer`.
//! - Portfolio value: `books × prices`, in [`domain::portfolio`], on the server and in the page alike.
//!
//! # Invariants
//! 1. Money is exact: integer cents, millionths of a share, hundredths of a cent; a product rounds half to even, once.
//!    Always `cash + Σ cost_basis = initial deposit + flows + realised P&L + income`, to the cent ([`domain::account`]).
//! 2. The price of a trade comes from the feed, never from a caller.
//! 3. An acknowledged write is on disk.
//!    A store only writes the decisions of `Write::decide`, which sees only values; each read and write names its
//!    account.
//! 4. A tick is serialised once for all listeners; a slow listener skips forward, and nothing is queued for it.
//! 5. Each queue, list and body has a bound, and the bound has a name.
//! 6. Streams end on shutdown, with a last event.
//! 7. A model's reply is untrusted input: it is accepted whole or not at all, its orders pass a person's checks and the
//!    copilot's limits ([`domain::copilot`]) inside the transaction that applies them, and its text is shown as text.
//! 8. There is one feature gate, here, and one on [`hydrate`](crate)'s entry point.
//! 9. A chart's handle removes the chart when it is dropped.
//! 10. The first paint is the server's real data; neither it nor a reconnection flashes a price.
//! 11. The simulated market is a function of its seed and the time, independent of restarts.

// The types of a whole page nest deeply.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod domain;
pub mod error;
pub mod interop;
pub mod wire;

#[cfg(feature = "ssr")]
pub mod server;

/// Whether this program is the browser's, for state that only one of the two keeps.
const IN_BROWSER: bool = cfg!(target_family = "wasm");

/// The client's entry point: hydrates the page that the server rendered. If other nodes were inserted into it, so that
/// it cannot be hydrated, renders it anew.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        interop::page::tell_panic();
    }));
    if interop::page::is_as_served() {
        leptos::mount::hydrate_body(app::App);
    } else {
        interop::page::clear();
        leptos::mount::mount_to_body(app::App);
    }
}
