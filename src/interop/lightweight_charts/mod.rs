//! TradingView's lightweight-charts 5, as far as the page needs it.
//!
//! The library is a module of its own that is asked for when the first chart is to be drawn ([`Library::load`]), so
//! neither the first paint nor the page's coming to life waits for it. What is drawn is held by a handle, [`PriceChart`]
//! or [`EquityChart`]; dropping it removes the chart with all that it subscribed to.
//!
//! [`PriceChart`]: price_chart::PriceChart
//! [`EquityChart`]: equity_chart::EquityChart

mod bindings;
pub mod equity_chart;
mod local_time;
mod palette;
mod points;
pub mod price_chart;

use js_sys::JSON;
use wasm_bindgen::{JsCast, JsValue};

pub use self::bindings::Library;
use self::bindings::import_module;

/// Where the site has the library; `public/` holds a link to the file in `node_modules/`.
pub const ADDRESS: &str = "/lightweight-charts-5.2.1.mjs";

impl Library {
    /// Loads the library; the browser does so once a page. A browser may also remember that it could not, so each
    /// further `attempt` asks under another address.
    ///
    /// # Errors
    /// When the file could not be fetched or run.
    pub async fn load(attempt: u32) -> Result<Self, Unloaded> {
        let address = if attempt == 0 { ADDRESS.to_owned() } else { format!("{ADDRESS}?attempt={attempt}") };
        let module = import_module(&address).await.map_err(|_| Unloaded)?;
        Ok(module.unchecked_into())
    }
}

/// The library could not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The drawing library could not be loaded.")]
pub struct Unloaded;

/// Options as the library takes them.
fn options(json: &str) -> JsValue {
    // Invariant: every text is a constant of this room with colours, numbers and names put in, which any chart proves.
    JSON::parse(json).expect("options are JSON")
}
