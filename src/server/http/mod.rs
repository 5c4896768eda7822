//! HTTP: the REST API, the price stream, the page and its files, and what guards them.

mod candles;
mod chat;
mod deadlines;
mod docs;
mod exports;
mod forwarded;
mod gate;
mod health;
mod host;
mod json;
pub mod json_body;
mod limits;
mod market;
mod metrics;
mod observe;
pub mod openapi;
mod page;
mod parameter;
mod places;
mod plain_page;
pub mod portfolio;
mod problem;
mod progress;
mod request_id;
mod router;
mod security_headers;
mod serve;
mod sites;
mod stream;
mod takeover;
mod watchlist;

pub use limits::StreamPlaces;
pub use page::Site;
pub use router::App;
pub use serve::{Door, serve};
pub use stream::FanOut;
