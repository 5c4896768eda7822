//! The last known price of each holding, for when its market has none any more.

use std::sync::Arc;

use super::{
    Books, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{account_id::AccountId, portfolio::LastPrice},
    error::ApiError,
    server::market::feed::Tick,
};

/// Stores the prices of the holdings.
pub struct RecordPrices {
    pub prices: Arc<Tick>,
}

impl Write for RecordPrices {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let changed = books.account.holdings.iter().filter_map(|(ticker, holding)| {
            let quote = self.prices.quotes.get(*ticker)?;
            let last = LastPrice { price: quote.price, at: quote.at };
            let held = Some((*holding, Some(last)));
            (books.last_prices.get(ticker) != Some(&last)).then_some(Effect::Holding { ticker: *ticker, held })
        });
        Ok(((), changed.collect()))
    }
}
