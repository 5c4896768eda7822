//! Rows of events, access keys and the market's seed.

use rusqlite::{OptionalExtension, params, types::FromSqlError};

use super::{SqliteRows, outbox::LATEST_EVENT};
use crate::{
    domain::account_id::AccountId,
    server::ledger::{
        access::{KeyHash, KeyKind},
        change::{EVENTS_KEPT, EventsPage, RecordedEvent},
        store::{KeptRows, StoreFault},
        tokens::TokenRow,
    },
};

/// Events after a number.
pub const EVENTS_AFTER: &str =
    "SELECT sequence, kind, topic, data FROM events WHERE account_id = ?1 AND sequence > ?2 ORDER BY sequence";

/// Tokens of an account.
pub const TOKENS: &str = "SELECT * FROM tokens WHERE account_id = ?1 ORDER BY sequence";

impl KeptRows for SqliteRows<'_> {
    fn events_after(&mut self, account: AccountId, after: i64) -> Result<Option<EventsPage>, StoreFault> {
        let latest: i64 = self.rows.prepare_cached(LATEST_EVENT)?.query_row([account], |row| row.get(0))?;
        if after > latest || after < latest - EVENTS_KEPT {
            return Ok(None);
        }
        let mut page = EventsPage { until: after, events: Vec::new() };
        let mut events = self.rows.prepare_cached(EVENTS_AFTER)?;
        let mut events = events.query(params![account, after])?;
        while let Some(row) = events.next()? {
            page.add(RecordedEvent {
                sequence: row.get("sequence")?,
                kind: row.get("kind")?,
                topic: row.get("topic")?,
                data: row.get("data")?,
            });
        }
        Ok(Some(page))
    }

    fn access_keys(&mut self, account: AccountId) -> Result<Vec<(KeyHash, KeyKind)>, StoreFault> {
        let keys = "SELECT hash, kind FROM access_keys WHERE account_id = ?1 ORDER BY sequence";
        let mut keys = self.rows.prepare_cached(keys)?;
        let keys = keys.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(keys.collect::<rusqlite::Result<_>>()?)
    }

    fn tokens(&mut self, account: AccountId) -> Result<Vec<TokenRow>, StoreFault> {
        let mut tokens = self.rows.prepare_cached(TOKENS)?;
        let tokens = tokens.query_map([account], |row| {
            let scopes: String = row.get("scopes")?;
            Ok(TokenRow {
                id: row.get("id")?,
                hash: row.get("hash")?,
                name: row.get("name")?,
                scopes: scopes.parse().map_err(|cause| FromSqlError::Other(Box::new(cause)))?,
                created_at: row.get("created_at_ms")?,
                expires_at: row.get("expires_at_ms")?,
                last_used_at: row.get("last_used_at_ms")?,
            })
        })?;
        Ok(tokens.collect::<rusqlite::Result<_>>()?)
    }

    fn market_seed(&mut self) -> Result<Option<u64>, StoreFault> {
        let seed: Option<i64> = self.rows.query_row("SELECT seed FROM market", [], |row| row.get(0)).optional()?;
        Ok(seed.map(i64::cast_unsigned))
    }

    fn check(&mut self) -> Result<(), StoreFault> {
        Ok(self.rows.query_row("SELECT 1 FROM accounts LIMIT 1", [], |_| Ok(()))?)
    }
}
