//! Look-up of a ticker: whether massive.com lists it.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    client::{Client, Failure},
    poll,
};
use crate::{
    domain::ticker::Ticker,
    server::{clock::Clock, config::MassiveConfig, ledger::TickerSet},
};

/// Time of a look-up, for which a person waits.
const LOOK_UP_MAX: Duration = Duration::from_secs(3);

/// massive.com's own list of tickers.
pub struct Reference {
    client: Client,
}

#[derive(Deserialize)]
struct Answer {
    results: Option<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    ticker: Option<String>,
}

impl Reference {
    /// Creates the look-up.
    ///
    /// # Errors
    /// If the machine lacks the means for an HTTPS client.
    pub fn new(config: MassiveConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Self { client: Client::new(config, clock)? })
    }

    /// Returns false only if massive.com denies it twice: the list lacks the ticker, and the snapshot has no price.
    /// Either alone proves nothing: plans differ in their contents, and snapshots are empty for a while at night.
    pub async fn has(&self, ticker: Ticker) -> bool {
        let look_up = async { !self.list_lacks(ticker).await || !self.snapshot_lacks(ticker).await };
        timeout(LOOK_UP_MAX, look_up).await.unwrap_or(true)
    }

    async fn list_lacks(&self, ticker: Ticker) -> bool {
        match self.client.get(&format!("/v3/reference/tickers/{ticker}")).await {
            Ok(body) => {
                let found = serde_json::from_slice::<Answer>(&body).ok().and_then(|answer| answer.results?.ticker);
                found.as_deref() != Some(ticker.as_str())
            }
            Err(Failure::Status { status, .. }) => status == StatusCode::NOT_FOUND,
            Err(_) => false,
        }
    }

    async fn snapshot_lacks(&self, ticker: Ticker) -> bool {
        let found = poll(&self.client, &TickerSet::from([ticker])).await;
        found.is_ok_and(|snapshots| !snapshots.by_ticker.contains_key(&ticker))
    }
}
