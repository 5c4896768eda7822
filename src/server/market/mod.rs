//! Prices: where they come from, and how they reach everyone.

pub mod feed;
pub mod simulator;

use crate::{
    domain::{quote::Quote, ticker::Ticker},
    server::ledger::TickerSet,
};

pub use crate::domain::quote::PricePoint;

/// Where quotes come from: the simulator, or a vendor.
pub trait MarketSource: Send + 'static {
    /// The name under which `health` shows it.
    const NAME: &'static str;

    /// Waits for the next tick and gives a quote of every wanted ticker that has one.
    ///
    /// # Errors
    /// When the source could not be asked; it may be called again.
    fn next_tick(&mut self, wanted: &TickerSet) -> impl Future<Output = Result<Vec<Quote>, SourceError>> + Send;

    /// The prices of the seconds before `first`, oldest first: what a chart shows when a ticker has just appeared.
    fn recent_prices(&mut self, first: &Quote) -> Vec<PricePoint>;
}

/// The source has no answer now.
#[derive(Debug, thiserror::Error)]
#[error("the market source did not answer: {0}")]
pub struct SourceError(pub String);

/// What a ticker is called, where it is known.
pub fn company_name(ticker: Ticker) -> Option<&'static str> {
    simulator::listing(ticker).map(|listing| listing.company)
}
