//! Tests of the whole server: a real database file, a real socket, and, for kills, a real process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod alerts;
mod app;
mod backup;
mod bounds;
mod copilot;
mod day_gains;
mod durability;
mod events;
mod exports;
mod faults;
mod guards;
mod holdings;
mod hostile;
mod ledger;
mod library;
mod market;
mod massive;
mod mcp;
mod order_model;
mod orders;
mod page;
mod performance;
mod portfolio;
mod proxies;
mod scripted;
mod start;
mod stream;
mod tokens;
mod trading;
mod watchlist;
