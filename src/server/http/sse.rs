//! Server-sent events over a connection that was taken over.

use std::{io, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderName, HeaderValue, Version, header},
};
use hyper::body::Buf;
use tokio::{net::TcpStream, task::yield_now, time::timeout};

use crate::server::market::event::Event;

/// First bytes of a stream.
pub const OPENING: &[u8] = b"retry: 1000\n\n";

/// Headers of every stream.
pub const STREAM_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (header::CONNECTION, HeaderValue::from_static("close")),
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// Buffer size for bytes that a peer sends on a stream, which are ignored.
const IGNORED_BYTES: usize = 1_024;

const DONE: &[u8] = b"event: done\ndata: {\"code\":\"shutdown\",\"detail\":\"The server is shutting down.\"}\n\n";

/// End of a chunked body.
const LAST_CHUNK: Bytes = Bytes::from_static(b"0\r\n\r\n");

/// Framing of a response's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Chunks,
    /// The body ends with the connection, as in HTTP/1.0.
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

    /// End of the stream on shutdown.
    pub fn end(self) -> Bytes {
        self.end_with(&Event::of(DONE))
    }

    /// End of the stream with this last event.
    pub fn end_with(self, event: &Event) -> Bytes {
        let last = self.of(event);
        match self {
            Self::Chunks => [last, LAST_CHUNK].concat().into(),
            Self::Plain => last,
        }
    }
}

/// Waits until the peer has closed; ignores further bytes from it.
pub async fn hang_up(socket: &TcpStream) -> io::Result<()> {
    loop {
        socket.readable().await?;
        // A separate statement, so that no connection keeps the buffer while it waits.
        let read = socket.try_read(&mut [0; IGNORED_BYTES]);
        match read {
            Ok(0) => return Ok(()),
            // Yields to other tasks, however much the peer sends.
            Ok(_) => yield_now().await,
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause),
        }
    }
}

/// Writes all bytes, however slowly the peer accepts them.
///
/// # Errors
/// If the connection fails, or nothing is accepted for `progress`.
pub async fn write_all(socket: &TcpStream, mut bytes: Bytes, progress: Duration) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = timeout(progress, write_some(socket, &bytes)).await;
        bytes.advance(written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??);
    }
    Ok(())
}

/// Waits for room in the socket, then writes as much as fits.
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
