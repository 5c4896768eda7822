//! HTTP: the REST API, the price stream, the page and its files.

mod candles;
mod docs;
mod health;
mod json_body;
pub mod openapi;
mod page;
mod parameter;
mod portfolio;
mod problem;
mod request_id;
mod router;
mod stream;
mod watchlist;

pub use page::Site;
pub use router::router;
