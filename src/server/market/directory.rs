//! The existing tickers: the simulator invents a price for any, a vendor has the listed ones.

use super::{company_name, massive};
use crate::domain::ticker::Ticker;

/// Look-up of a ticker before it is watched.
pub enum Directory {
    Simulator,
    Massive(massive::Reference),
}

impl Directory {
    /// Whether the ticker belongs to no known company, but the market invents its prices.
    pub fn makes_up(&self, ticker: Ticker) -> bool {
        match self {
            Self::Simulator => company_name(ticker).is_none(),
            Self::Massive(_) => false,
        }
    }

    /// Whether the market has the ticker, as far as is known: a vendor that does not respond denies nothing.
    pub async fn has(&self, ticker: Ticker) -> bool {
        match self {
            Self::Simulator => true,
            Self::Massive(reference) => reference.has(ticker).await,
        }
    }
}
