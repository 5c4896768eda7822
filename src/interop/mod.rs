//! JavaScript libraries, bound to types that free their resources.
//!
//! Nothing here runs on the server, though it compiles there; the page calls it only inside effects.

pub mod event_source;
pub mod idle;
pub mod lightweight_charts;
pub mod notifications;
pub mod page;
pub mod post;
pub mod service_worker;
pub mod sound;
pub mod upload;
