//! Accepting connections and serving HTTP/1.1 on them, with a bound on everything a client can make last or grow.
//!
//! What axum's own loop leaves open is closed here: how long a request's head may take, how many connections there
//! are, how large a connection's buffers get (thousands of streams stay open at once), and when a stop ends.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use axum::{BoxError, body::Body, extract::Request};
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
    router::App,
    takeover::{Rest, Takeover, Watched},
};

/// The connections that are open at once; the next one waits in the kernel until one of them ends.
const CONNECTIONS_MAX: usize = 12_000;

/// A connection's buffer for reading, so the longest request head; also how much is gathered before a write.
const BUFFER_BYTES_MAX: usize = 8 * 1_024;

/// How long no connection is accepted after the system refused to give one, as it does when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The peer's address. A proxy's header does not change it: anyone can send that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// A connection as its requests see it, in the extensions of each.
#[derive(Clone)]
pub struct Connection {
    pub client: ClientIp,
    pub takeover: Takeover,
}

/// Serves until `shutdown`, then lets the open requests finish, and ends. Dropped before that, it cuts them off.
///
/// A connection is closed when a request's head is not whole after `head_patience`.
pub async fn serve(listener: TcpListener, app: App, shutdown: CancellationToken, head_patience: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_patience).max_buf_size(BUFFER_BYTES_MAX);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = connections.join_next() => tell_panic(ended),
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((socket, peer)) => {
                    connections.spawn(talk(http.clone(), socket, peer, app.clone(), shutdown.clone()));
                }
                // The peer's own doing, and gone with it.
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

/// One connection, to its end.
async fn talk(http: http1::Builder, socket: TcpStream, peer: SocketAddr, app: App, shutdown: CancellationToken) {
    // A frame is small and must not wait for the next one.
    if let Err(cause) = socket.set_nodelay(true) {
        warn!(%cause, "a connection stays without TCP_NODELAY");
    }
    let ended = match serve_requests(http, socket, ClientIp(peer.ip()), app, shutdown).await {
        Ok(None) => Ok(()),
        Ok(Some((rest, socket))) => rest(socket).await.map_err(BoxError::from),
        Err(cause) => Err(cause.into()),
    };
    // Mostly the client's doing: it went away, or never sent a whole head.
    if let Err(cause) = ended {
        debug!(%cause, client.address = %peer, "a connection failed");
    }
}

/// Serves the requests of a connection until it ends or a handler takes it over.
async fn serve_requests(
    http: http1::Builder,
    socket: TcpStream,
    client: ClientIp,
    app: App,
    shutdown: CancellationToken,
) -> hyper::Result<Option<(Rest, TcpStream)>> {
    let takeover = Takeover::default();
    let seen = Connection { client, takeover: takeover.clone() };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(seen.clone());
        app.clone().answer(request.map(Body::new)).map(Ok::<_, Infallible>)
    });
    let socket = TokioIo::new(Watched::new(socket, takeover.clone()));
    // Apart, because what takes over lives on without all of this.
    let mut connection = Box::new(http.serve_connection(socket, service));
    let mut stopping = pin!(shutdown.cancelled().fuse());
    let taken = poll_fn(|cx| {
        if !stopping.is_terminated() && stopping.as_mut().poll(cx).is_ready() {
            Pin::new(&mut *connection).graceful_shutdown();
        }
        match Pin::new(&mut *connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(ended.map(|()| None)),
            Poll::Pending => takeover.take().map_or(Poll::Pending, |rest| Poll::Ready(Ok(Some(rest)))),
        }
    });
    let rest = taken.await?;
    Ok(rest.map(|rest| (rest, connection.into_parts().io.into_inner().into_inner())))
}

fn is_about_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(cause.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Handlers' panics are answered where they happen, so this one is a defect of the loop's own.
fn tell_panic(ended: Result<(), JoinError>) {
    if let Err(cause) = ended {
        error!(%cause, "a connection's task panicked");
    }
}
