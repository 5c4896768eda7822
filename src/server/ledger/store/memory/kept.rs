//! Rows of events, access keys and the market's seed.

use super::Tables;
use crate::{
    domain::account_id::AccountId,
    server::ledger::{
        access::{KeyHash, KeyKind},
        change::{EVENTS_KEPT, EventsPage},
        store::{KeptRows, StoreFault},
        tokens::TokenRow,
    },
};

impl KeptRows for Tables {
    fn events_after(&mut self, account: AccountId, after: i64) -> Result<Option<EventsPage>, StoreFault> {
        let events = self.of(account).map_or(&[][..], |rows| &rows.events);
        let latest = events.last().map_or(0, |event| event.sequence);
        if after > latest || after < latest - EVENTS_KEPT {
            return Ok(None);
        }
        let mut page = EventsPage { until: after, events: Vec::new() };
        events.iter().filter(|event| event.sequence > after).cloned().for_each(|event| page.add(event));
        Ok(Some(page))
    }

    fn access_keys(&mut self, account: AccountId) -> Result<Vec<(KeyHash, KeyKind)>, StoreFault> {
        Ok(self.of(account).map_or_else(Vec::new, |rows| rows.keys.clone()))
    }

    fn tokens(&mut self, account: AccountId) -> Result<Vec<TokenRow>, StoreFault> {
        Ok(self.of(account).map_or_else(Vec::new, |rows| rows.tokens.clone()))
    }

    fn market_seed(&mut self) -> Result<Option<u64>, StoreFault> {
        Ok(self.market_seed)
    }

    fn check(&mut self) -> Result<(), StoreFault> {
        Ok(())
    }
}
