//! Which tickers there are: the simulator makes up a price for any, a vendor has what is listed.

use super::{company_name, massive};
use crate::domain::ticker::Ticker;

/// Where a ticker is looked up before it is watched.
pub enum Directory {
    Simulator,
    Massive(massive::Reference),
}

impl Directory {
    /// Whether nobody knows the ticker, and the market makes it up all the same.
    pub fn makes_up(&self, ticker: Ticker) -> bool {
        match self {
            Self::Simulator => company_name(ticker).is_none(),
            Self::Massive(_) => false,
        }
    }

    /// Whether the market has the ticker, as far as can be told now: a vendor that does not answer denies nothing.
    pub async fn has(&self, ticker: Ticker) -> bool {
        match self {
            Self::Simulator => true,
            Self::Massive(reference) => reference.has(ticker).await,
        }
    }
}
