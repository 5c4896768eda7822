//! Lets a handler take over a connection: hyper writes the response's head and its beginning, then the handler owns the
//! socket until it closes.
//!
//! A price stream writes small chunks for hours. Through hyper, each costs half as much again as the kernel's send, and
//! an open connection holds some ten kilobytes.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{once, poll_fn},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Writes the rest of a response; the connection closes when it ends.
pub type Rest = Box<dyn FnOnce(TcpStream) -> BoxFuture<'static, io::Result<()>> + Send>;

/// Hands a connection's socket from hyper to one of its handlers, once.
#[derive(Clone, Default)]
pub struct SocketHandoff(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    /// hyper owns the socket.
    #[default]
    Open,
    /// hyper owns the socket until the beginning is written.
    Asked(Rest),
    Due(Rest),
}

impl SocketHandoff {
    /// Body of a response that begins with `beginning`; `rest` writes what follows. If the body is dropped earlier, as
    /// for a `HEAD` request, nothing is taken over.
    pub fn body(self, beginning: Bytes, rest: Rest) -> Body {
        let mut rest = Some(rest);
        // When hyper polls again, it has the beginning. It gets no more, and flushes its buffer.
        let more = poll_fn(move |_| {
            if let Some(rest) = rest.take() {
                self.change(|state| *state = State::Asked(rest));
            }
            Poll::Pending
        });
        Body::from_stream(once(async { Ok::<_, Infallible>(beginning) }).chain(more))
    }

    /// The writer that takes the connection over, if there is one and hyper has written everything.
    pub fn take(&self) -> Option<Rest> {
        self.change(|state| match std::mem::take(state) {
            State::Due(rest) => Some(rest),
            other => {
                *state = other;
                None
            }
        })
    }

    fn flushed(&self) {
        self.change(|state| {
            *state = match std::mem::take(state) {
                State::Asked(rest) => State::Due(rest),
                other => other,
            }
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // Nothing panics between two steps of a change.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The socket as hyper uses it: notes when hyper has flushed everything.
pub struct FlushObserver<S> {
    socket: S,
    handoff: SocketHandoff,
}

impl<S> FlushObserver<S> {
    pub fn new(socket: S, handoff: SocketHandoff) -> Self {
        Self { socket, handoff }
    }

    pub fn into_inner(self) -> S {
        self.socket
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FlushObserver<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FlushObserver<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// hyper calls this only after it has written its whole buffer.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.handoff.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
