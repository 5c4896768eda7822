//! Limits per client and in total: requests and files per second, connections and streams at a time.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use super::{
    places::{Place, Places},
    serve::{ClientIp, Connection},
};
use crate::{
    error::ApiError,
    server::{config::LimitsConfig, metrics::Metrics},
};

/// Most clients whose rates are tracked at a time; beyond that, a new one is told to wait.
const CLIENTS_MAX: usize = 65_536;

/// Minimum interval between removals of idle clients.
const PURGE_INTERVAL: Duration = Duration::from_secs(1);

/// `Retry-After` while too many clients are active.
const CROWD_RETRY_SECONDS: u32 = 1;

/// Files that a client may load per permitted request: a page loads about 250, with all parts that it fetches when idle.
const FILES_PER_REQUEST: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// Connections of a client besides its streams: a browser opens six, and several browsers may share an address.
const CONNECTIONS_BESIDE_STREAMS: u32 = 256;

/// Unit of counting: an IPv4 address, or an IPv6 network of 64 bits, since one client has all of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

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

/// Rates of requests and of files per client. Clones share them.
#[derive(Clone)]
pub struct RequestRates(Option<Arc<Kinds>>);

struct Kinds {
    requests: Rates,
    files: Rates,
}

struct Rates {
    limiter: RateLimiter<Client, DefaultKeyedStateStore<Client>, DefaultClock, StateInformationMiddleware>,
    per_second: NonZeroU32,
    clock: DefaultClock,
    clients_max: usize,
    purged: Mutex<Instant>,
}

impl RequestRates {
    pub fn new(limits: &LimitsConfig) -> Self {
        let kinds = |rate: NonZeroU32| Kinds {
            requests: Rates::new(rate, CLIENTS_MAX),
            files: Rates::new(rate.saturating_mul(FILES_PER_REQUEST), CLIENTS_MAX),
        };
        Self(limits.requests_per_client.map(|rate| Arc::new(kinds(rate))))
    }

    /// Counts a request, and refuses it above the rate; tells what the client has left, of requests that are no files. Files
    /// have a higher rate, since they cost far less than computed responses.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`].
    pub fn check(&self, request: &Request, is_file: bool) -> Result<Option<RateState>, ApiError> {
        let Some(kinds) = &self.0 else {
            return Ok(None);
        };
        // Invariant: every request comes with its connection.
        let connection = request.extensions().get::<Connection>().ok_or(ApiError::Internal)?;
        let rates = if is_file { &kinds.files } else { &kinds.requests };
        let remaining = rates.check(connection.client.into())?;
        Ok((!is_file).then(|| RateState { per_second: kinds.requests.per_second, remaining }))
    }

    /// State of a client that has nothing left.
    pub fn used_up(&self) -> Option<RateState> {
        self.0.as_ref().map(|kinds| RateState { per_second: kinds.requests.per_second, remaining: 0 })
    }
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Requests that a client may have saved up, in seconds of its rate.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// What a client has left of its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateState {
    per_second: NonZeroU32,
    remaining: u32,
}

impl RateState {
    /// Writes the headers of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` with the quota and its window, and
    /// `RateLimit` with what remains and the seconds until it is whole again.
    pub fn write(self, headers: &mut HeaderMap) {
        let quota = self.per_second.saturating_mul(BURST_SECONDS).get();
        let until_whole = quota.saturating_sub(self.remaining).div_ceil(self.per_second.get());
        let values = [
            (POLICY, format!("\"requests\";q={quota};w={BURST_SECONDS}")),
            (STATE, format!("\"requests\";r={};t={until_whole}", self.remaining)),
        ];
        for (name, value) in values {
            // Invariant: these are visible ASCII.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

impl Rates {
    fn new(rate: NonZeroU32, clients_max: usize) -> Self {
        let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST_SECONDS));
        Self {
            limiter: RateLimiter::keyed(quota).with_middleware(),
            per_second: rate,
            clock: DefaultClock::default(),
            clients_max,
            purged: Mutex::new(Instant::now()),
        }
    }

    /// Counts a request, and returns how many more may come at once.
    fn check(&self, client: Client) -> Result<u32, ApiError> {
        if !self.has_room() {
            return Err(ApiError::TooManyRequests { retry_after_seconds: CROWD_RETRY_SECONDS });
        }
        let state = self.limiter.check_key(&client).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            ApiError::TooManyRequests { retry_after_seconds: seconds.max(1) }
        })?;
        Ok(state.remaining_burst_capacity())
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

/// Open streams of prices and of events, per client and in total. Clones share them.
#[derive(Clone)]
pub struct StreamPlaces {
    places: Places,
    metrics: Metrics,
}

impl StreamPlaces {
    pub fn new(limits: &LimitsConfig, metrics: Metrics) -> Self {
        Self { places: Places::new(limits.streams_per_client, limits.streams_in_all), metrics }
    }

    /// Takes a place until the returned value is dropped.
    ///
    /// # Errors
    /// [`ApiError::TooManyStreams`] if the client's or the total limit is reached.
    pub fn take(&self, client: ClientIp) -> Result<StreamPlace, ApiError> {
        let place = self.places.take(client.into()).ok_or(ApiError::TooManyStreams)?;
        self.metrics.stream_opened();
        Ok(StreamPlace { _place: place, metrics: self.metrics.clone() })
    }
}

/// The place of one open stream; freed when dropped.
pub struct StreamPlace {
    _place: Place,
    metrics: Metrics,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.metrics.stream_closed();
    }
}

/// Limit of open connections per client; unlimited if its streams are.
pub fn connection_places(limits: &LimitsConfig) -> Places {
    let per_client = limits.streams_per_client.map(|streams| streams.saturating_add(CONNECTIONS_BESIDE_STREAMS));
    Places::new(per_client, None)
}

/// Ignores poisoning: no change of the counts can panic half way.
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

    #[rstest]
    #[case::whole(100, "\"requests\";r=100;t=0")]
    #[case::half(50, "\"requests\";r=50;t=1")]
    #[case::nearly_none(1, "\"requests\";r=1;t=2")]
    #[case::none(0, "\"requests\";r=0;t=2")]
    fn an_answer_says_what_is_left(#[case] remaining: u32, #[case] state: &str) {
        let mut headers = HeaderMap::new();
        RateState { per_second: NonZeroU32::new(50).unwrap(), remaining }.write(&mut headers);
        assert_eq!(
            (&headers[POLICY], &headers[STATE]),
            (&"\"requests\";q=100;w=2".parse().unwrap(), &state.parse().unwrap())
        );
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
