//! Accepts connections and serves HTTP/1.1 on them, with a bound on everything that a client can prolong or enlarge.
//!
//! Adds the bounds that axum's own loop lacks: the time of a request's head, the number of connections, the size of a
//! connection's buffers (thousands of streams stay open at a time), and the time of a stop.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use axum::{BoxError, body::Body, extract::Request, http::uri::Authority};
use futures::{FutureExt, future::FusedFuture};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinError, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    forwarded::TrustedProxies,
    limits,
    places::{Place, Places},
    problem::Problem,
    progress::{Progress, expect_progress},
    router::App,
    socket_handoff::{FlushObserver, Rest, SocketHandoff},
    unreadable::Told,
};
use crate::{
    error::ApiError,
    server::config::{Config, Patience},
};

/// Most open connections; the next one waits in the kernel until one ends.
const CONNECTIONS_MAX: usize = 12_000;

/// Longest request head, which is the size of a connection's read buffer; also the size of write batches.
pub const HEAD_BYTES_MAX: usize = 8 * 1_024;

/// Pause after the system failed to accept a connection, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// `Retry-After` for a client with too many connections.
const CONNECTION_RETRY_SECONDS: u32 = 5;

/// The client's address: the peer's, or the one reported by a trusted proxy. Other peers' headers do not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// A connection as its requests see it, in the extensions of each.
#[derive(Clone)]
pub struct Connection {
    pub client: ClientIp,
    /// The server's own address, as the peer knows it.
    pub local: IpAddr,
    /// Host that the client requested, if a trusted proxy reports it.
    pub forwarded_host: Option<Authority>,
    /// Whether a trusted proxy reports another client.
    pub is_forwarded: bool,
    /// Whether the client reached a trusted proxy over https.
    pub is_https: bool,
    pub handoff: SocketHandoff,
}

impl Connection {
    pub fn new(client: ClientIp, local: IpAddr, handoff: SocketHandoff) -> Self {
        Self { client, local, forwarded_host: None, is_forwarded: false, is_https: false, handoff }
    }

    /// Whether the peer is a program on this machine that forwards no other client.
    pub fn is_local(&self) -> bool {
        !self.is_forwarded && self.client.0.to_canonical().is_loopback()
    }
}

/// Limits that a new connection must pass.
#[derive(Clone)]
pub struct Door {
    patience: Patience,
    /// Connections per client. A trusted proxy's connections are not counted, since they belong to many clients.
    places: Places,
    proxies: TrustedProxies,
}

impl Door {
    pub fn new(config: &Config) -> Self {
        Self {
            patience: config.patience,
            places: limits::connection_places(&config.limits),
            proxies: TrustedProxies::new(&config.edge.trusted_proxies),
        }
    }

    /// Takes a place for a connection.
    ///
    /// # Errors
    /// If the peer has reached its limit.
    fn admit(&self, peer: IpAddr) -> Result<Option<Place>, ApiError> {
        if self.proxies.contains(peer) {
            return Ok(None);
        }
        let place = self.places.take(ClientIp(peer).into());
        place.map(Some).ok_or(ApiError::TooManyRequests { retry_after_seconds: CONNECTION_RETRY_SECONDS })
    }
}

/// Serves until `shutdown`, then lets open requests finish. Dropping the future cuts them off.
///
/// A connection is closed if a request's head is incomplete after its time, or if its peer accepts nothing for too
/// long.
pub async fn serve(listener: TcpListener, app: App, shutdown: CancellationToken, door: Door) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(door.patience.head).max_buf_size(HEAD_BYTES_MAX);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = connections.join_next() => tell_panic(ended),
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((socket, peer)) => match door.admit(peer.ip()) {
                    Ok(place) => {
                        let progress = door.patience.progress;
                        let talking = talk(http.clone(), socket, peer, progress, app.clone(), shutdown.clone());
                        connections.spawn(async move {
                            let _place = place;
                            talking.await;
                        });
                    }
                    Err(refusal) => turn_away(socket, &refusal),
                },
                // The peer caused it, and it ends with the connection.
                Err(cause) if is_about_one_connection(&cause) => {}
                Err(cause) => {
                    error!(%cause, connections = connections.len(), "no connection can be accepted for now");
                    tokio::select! {
                        () = shutdown.cancelled() => break,
                        () = sleep(ACCEPT_PAUSE) => {}
                    }
                }
            },
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        tell_panic(ended);
    }
}

/// Serves one connection until it ends.
async fn talk(
    http: http1::Builder,
    socket: TcpStream,
    peer: SocketAddr,
    progress: Duration,
    app: App,
    shutdown: CancellationToken,
) {
    expect_progress(&socket, progress);
    // A small frame must not wait for the next one.
    if let Err(cause) = socket.set_nodelay(true) {
        warn!(%cause, "a connection stays without TCP_NODELAY");
    }
    let ended = match serve_requests(http, socket, ClientIp(peer.ip()), progress, app, shutdown).await {
        Ok(None) => Ok(()),
        Ok(Some((rest, socket))) => rest(socket).await.map_err(BoxError::from),
        Err(cause) => Err(cause),
    };
    // Mostly caused by the client: it disconnected, or never sent a whole head.
    if let Err(cause) = ended {
        debug!(%cause, client.address = %peer, "a connection failed");
    }
}

/// Serves the requests of a connection until it ends or a handler takes it over.
async fn serve_requests(
    http: http1::Builder,
    socket: TcpStream,
    client: ClientIp,
    progress: Duration,
    app: App,
    shutdown: CancellationToken,
) -> Result<Option<(Rest, TcpStream)>, BoxError> {
    let handoff = SocketHandoff::default();
    let seen = Connection::new(client, socket.local_addr()?.ip().to_canonical(), handoff.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(seen.clone());
        app.clone().answer(request.map(Body::new)).map(Ok::<_, Infallible>)
    });
    let socket = TokioIo::new(Told::new(FlushObserver::new(Progress::new(socket, progress), handoff.clone())));
    // Boxed separately, because a takeover outlives it.
    let mut connection = Box::new(http.serve_connection(socket, service));
    let mut stopping = pin!(shutdown.cancelled().fuse());
    let taken = poll_fn(|cx| {
        if !stopping.is_terminated() && stopping.as_mut().poll(cx).is_ready() {
            Pin::new(&mut *connection).graceful_shutdown();
        }
        match Pin::new(&mut *connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(ended.map(|()| None)),
            Poll::Pending => handoff.take().map_or(Poll::Pending, |rest| Poll::Ready(Ok(Some(rest)))),
        }
    });
    let rest = taken.await?;
    Ok(rest.map(|rest| (rest, connection.into_parts().io.into_inner().into_inner().into_inner().into_inner())))
}

fn is_about_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(cause.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Sends the reason without reading the request, and closes.
fn turn_away(socket: TcpStream, refusal: &ApiError) {
    let problem = Problem::new(refusal, String::new());
    let told = serde_json::to_string(&problem).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\
         Retry-After: {CONNECTION_RETRY_SECONDS}\r\nConnection: close\r\n\r\n{told}",
        told.len()
    );
    // A newly accepted socket has room for it; otherwise it is closed anyway.
    let told = socket.into_std().and_then(|mut socket| io::Write::write_all(&mut socket, answer.as_bytes()));
    if let Err(cause) = told {
        debug!(%cause, "a connection was turned away without a word");
    }
}

/// Logs a panic: handlers' panics are caught elsewhere, so this is a bug in the loop itself.
fn tell_panic(ended: Result<(), JoinError>) {
    if let Err(cause) = ended {
        error!(%cause, "a connection's task panicked");
    }
}
