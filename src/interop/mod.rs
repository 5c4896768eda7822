//! JavaScript libraries, bound to types that free what they hold.
//!
//! Nothing here runs on the server, though it compiles there; the page calls it inside effects only.

pub mod idle;
pub mod lightweight_charts;
pub mod page;
pub mod post;
pub mod service_worker;
