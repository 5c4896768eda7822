//! How a stream of server-sent events goes over a connection that was taken over.

use std::{io, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderName, HeaderValue, Version, header},
};
use hyper::body::Buf;
use tokio::{net::TcpStream, task::yield_now, time::timeout};

use crate::server::market::event::Event;

/// How a stream begins.
pub const OPENING: &[u8] = b"retry: 1000\n\n";

/// The headers of every stream.
pub const STREAM_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (header::CONNECTION, HeaderValue::from_static("close")),
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// Bytes that a peer sends on a stream are read in pieces of this size and ignored.
const IGNORED_BYTES: usize = 1_024;

const DONE: &[u8] = b"event: done\ndata: {\"code\":\"shutdown\",\"detail\":\"The server is shutting down.\"}\n\n";

/// Ends a body that is in chunks.
const LAST_CHUNK: Bytes = Bytes::from_static(b"0\r\n\r\n");

/// How the body of an answer is told from what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Chunks,
    /// It ends with the connection, as HTTP/1.0 has it.
    Plain,
}

impl Framing {
    pub fn for_version(version: Version) -> Self {
        if version == Version::HTTP_11 { Self::Chunks } else { Self::Plain }
    }

    pub fn of(self, event: &Event) -> Bytes {
        match self {
            Self::Chunks => event.chunk().clone(),
            Self::Plain => event.text(),
        }
    }

    /// The end on shutdown.
    pub fn end(self) -> Bytes {
        self.end_with(&Event::of(DONE))
    }

    /// The end, with this last event.
    pub fn end_with(self, event: &Event) -> Bytes {
        let last = self.of(event);
        match self {
            Self::Chunks => [last, LAST_CHUNK].concat().into(),
            Self::Plain => last,
        }
    }
}

/// Waits until the peer has closed; what it still sends means nothing.
pub async fn hang_up(socket: &TcpStream) -> io::Result<()> {
    loop {
        socket.readable().await?;
        // A statement of its own, so that no connection keeps the buffer while it waits.
        let read = socket.try_read(&mut [0; IGNORED_BYTES]);
        match read {
            Ok(0) => return Ok(()),
            // Others have their turn, however much it sends.
            Ok(_) => yield_now().await,
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause),
        }
    }
}

/// Writes all of it, however slowly it is taken.
///
/// # Errors
/// When the connection fails, or nothing is taken for as long as `progress`.
pub async fn write_all(socket: &TcpStream, mut bytes: Bytes, progress: Duration) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = timeout(progress, write_some(socket, &bytes)).await;
        bytes.advance(written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??);
    }
    Ok(())
}

/// Writes as much as the socket has room for, once it has some.
async fn write_some(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    loop {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Ok(written) => return Ok(written),
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_as_its_framing_has_it() {
        assert_eq!(Framing::Plain.end(), DONE);
        assert_eq!(
            Framing::Chunks.end(),
            [format!("{:x}\r\n", DONE.len()).as_bytes(), DONE, b"\r\n0\r\n\r\n"].concat()
        );
    }
}
