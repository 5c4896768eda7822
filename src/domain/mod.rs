//! The types that server and page share, and the pure rules over them.
//!
//! Nothing here reads a clock, draws a random number or does I/O, so tables and properties next to the code test
//! everything. These types are the wire format: REST's responses, the stream's frames and the server functions use
//! them.

pub mod account;
pub mod account_id;
pub mod alerts;
pub mod calendar;
pub mod candle;
pub mod candle_series;
pub mod chat;
pub mod compact_frame;
pub mod condition;
pub mod copilot;
pub mod corporate_action;
pub mod day;
pub mod equity;
pub mod event;
pub mod fixed_point;
pub mod freshness;
pub mod indicator;
pub mod instant;
pub mod library;
pub mod market_status;
pub mod money;
pub mod order;
pub mod orders;
pub mod performance;
pub mod portfolio;
pub mod quote;
pub mod ranking;
pub mod realized;
pub mod rich_text;
mod schema;
pub mod session;
pub mod sizing;
pub mod symbol;
pub mod ticker;
pub mod token;
pub mod trading_day;
pub mod treemap;
pub mod typed_alert;
pub mod typed_number;
pub mod typed_order;
pub mod watchlist;
mod words;
pub mod workstation;
