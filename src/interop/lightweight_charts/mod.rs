//! TradingView's lightweight-charts 5, as far as the page needs it.
//!
//! The library is a separate module that is loaded when the first chart is drawn ([`Library::load`]), so neither the
//! first paint nor hydration waits for it. Each chart is held by a handle, [`PriceChart`], [`EquityChart`] or
//! [`PerformanceChart`]; dropping it removes the chart with all subscriptions.
//!
//! [`PriceChart`]: price_chart::PriceChart
//! [`EquityChart`]: equity_chart::EquityChart
//! [`PerformanceChart`]: performance_chart::PerformanceChart

mod bindings;
pub mod equity_chart;
mod local_time;
mod money_scale;
mod palette;
pub mod performance_chart;
mod points;
pub mod price_chart;
pub mod price_scale;

use js_sys::JSON;
use wasm_bindgen::{JsCast, JsValue};

pub use self::bindings::Library;
use self::bindings::import_module;

/// Address of the library; `public/` holds a link to the file in `node_modules/`.
pub const ADDRESS: &str = "/lightweight-charts-5.2.1.mjs";

impl Library {
    /// Loads the library, once per page. Browsers may cache a failure, so each further `attempt` uses another address.
    ///
    /// # Errors
    /// If the file could not be fetched or run.
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

/// Parses options for the library.
fn options(json: &str) -> JsValue {
    // Invariant: every text is a constant of this folder with colours, numbers and names put in, which any chart
    // proves.
    JSON::parse(json).expect("options are JSON")
}
