//! What one client, and all of them, may take: requests a second, and price streams at once.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::extract::Request;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};

use super::serve::{ClientIp, Connection};
use crate::{
    error::ApiError,
    server::{config::LimitsConfig, metrics::Metrics},
};

/// The clients whose rates are remembered at once; while so many ask, a new one is told to wait.
const CLIENTS_MAX: usize = 65_536;

/// How often, at most, the clients are forgotten that have not asked for a while.
const PURGE_INTERVAL: Duration = Duration::from_secs(1);

/// What clients are told to wait while too many of them ask.
const CROWD_RETRY_SECONDS: u32 = 1;

/// Who is counted: an IPv4 address, or an IPv6 network of 64 bits, of which one client has every address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Client(IpAddr);

impl From<ClientIp> for Client {
    fn from(ClientIp(address): ClientIp) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// The rate of requests, for each client by itself. Clones share it.
#[derive(Clone)]
pub struct RequestRates(Option<Arc<Rates>>);

struct Rates {
    limiter: RateLimiter<Client, DefaultKeyedStateStore<Client>, DefaultClock>,
    clock: DefaultClock,
    clients_max: usize,
    purged: Mutex<Instant>,
}

impl RequestRates {
    pub fn new(limits: &LimitsConfig) -> Self {
        Self(limits.requests_per_client.map(|rate| Arc::new(Rates::new(rate, CLIENTS_MAX))))
    }

    /// Counts a request, and refuses what comes too fast.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`].
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let Some(rates) = &self.0 else {
            return Ok(());
        };
        // Invariant: every request comes with its connection.
        let connection = request.extensions().get::<Connection>().ok_or(ApiError::Internal)?;
        rates.check(connection.client.into())
    }
}

impl Rates {
    fn new(rate: NonZeroU32, clients_max: usize) -> Self {
        let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        Self {
            limiter: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            clients_max,
            purged: Mutex::new(Instant::now()),
        }
    }

    fn check(&self, client: Client) -> Result<(), ApiError> {
        if !self.has_room() {
            return Err(ApiError::TooManyRequests { retry_after_seconds: CROWD_RETRY_SECONDS });
        }
        self.limiter.check_key(&client).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            ApiError::TooManyRequests { retry_after_seconds: seconds.max(1) }
        })
    }

    fn has_room(&self) -> bool {
        if self.limiter.len() < self.clients_max {
            return true;
        }
        let mut purged = lock(&self.purged);
        if purged.elapsed() >= PURGE_INTERVAL {
            *purged = Instant::now();
            self.limiter.retain_recent();
        }
        self.limiter.len() < self.clients_max
    }
}

/// The price streams that are open, for each client and in all. Clones share them.
#[derive(Clone)]
pub struct StreamPlaces(Arc<Places>);

struct Places {
    per_client_max: Option<NonZeroU32>,
    all_max: Option<NonZeroU32>,
    metrics: Metrics,
    /// As many entries as streams at the most.
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    by_client: HashMap<Client, u32>,
    all: u32,
}

impl StreamPlaces {
    pub fn new(limits: &LimitsConfig, metrics: Metrics) -> Self {
        let LimitsConfig { streams_per_client, streams_in_all, requests_per_client: _ } = *limits;
        let taken = Mutex::default();
        Self(Arc::new(Places { per_client_max: streams_per_client, all_max: streams_in_all, metrics, taken }))
    }

    /// Takes a place until the value returned is dropped.
    ///
    /// # Errors
    /// [`ApiError::TooManyStreams`] when the client, or all of them, have as many as they may.
    pub fn take(&self, client: ClientIp) -> Result<StreamPlace, ApiError> {
        let client = Client::from(client);
        let mut taken = lock(&self.0.taken);
        let of_client = taken.by_client.get(&client).copied().unwrap_or_default();
        let is_full = |count: u32, max: Option<NonZeroU32>| max.is_some_and(|max| count >= max.get());
        if is_full(of_client, self.0.per_client_max) || is_full(taken.all, self.0.all_max) {
            return Err(ApiError::TooManyStreams);
        }
        taken.by_client.insert(client, of_client + 1);
        taken.all += 1;
        self.0.metrics.stream_opened();
        Ok(StreamPlace { places: Arc::clone(&self.0), client })
    }
}

/// One open stream's place, given back when this is dropped.
pub struct StreamPlace {
    places: Arc<Places>,
    client: Client,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        taken.all -= 1;
        if let Some(of_client) = taken.by_client.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                taken.by_client.remove(&self.client);
            }
        }
        self.places.metrics.stream_closed();
    }
}

/// What is counted stays right whoever panics: nothing here can between two steps of a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn client(address: &str) -> Client {
        ClientIp(address.parse().unwrap()).into()
    }

    #[rstest]
    #[case::neighbours("192.0.2.1", "192.0.2.2", false)]
    #[case::mapped("192.0.2.1", "::ffff:192.0.2.1", true)]
    #[case::one_network("2001:db8::1", "2001:db8::ffff:1", true)]
    #[case::two_networks("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    fn a_client_is_an_address_or_a_network(#[case] one: &str, #[case] other: &str, #[case] same: bool) {
        assert_eq!(client(one) == client(other), same);
    }

    #[test]
    fn clients_are_forgotten_so_that_new_ones_find_room() {
        let rates = Rates::new(NonZeroU32::MAX, 2);
        assert!(rates.check(client("192.0.2.1")).is_ok() && rates.check(client("192.0.2.2")).is_ok());
        let crowded = ApiError::TooManyRequests { retry_after_seconds: CROWD_RETRY_SECONDS };
        assert_eq!(rates.check(client("192.0.2.3")), Err(crowded));
        *lock(&rates.purged) -= PURGE_INTERVAL;
        assert!(rates.check(client("192.0.2.3")).is_ok());
    }
}
