//! Malformed requests, and those with too long a head: hyper answers them itself, without a body, and before any
//! handler sees them. This module replaces these answers by problems.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use hyper::body::Buf;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{problem::Problem, request_id, request_id::RequestId, serve::HEAD_BYTES_MAX};
use crate::error::ApiError;

/// Position of the status in a response's first line.
const STATUS: std::ops::Range<usize> = 9..12;

/// The socket as hyper uses it, which replaces hyper's own answers by problems.
pub struct Told<S> {
    socket: S,
    /// Bytes still to be written.
    problem: Bytes,
}

impl<S> Told<S> {
    pub fn new(socket: S) -> Self {
        Self { socket, problem: Bytes::new() }
    }

    pub fn into_inner(self) -> S {
        self.socket
    }

    /// Replaces hyper's own answer, which closes the connection; returns whether it was one.
    fn take(&mut self, bytes: &[u8]) -> bool {
        if let Some(error) = error_of(bytes) {
            self.problem = write(&error);
        }
        !self.problem.is_empty()
    }
}

impl<S: AsyncWrite + Unpin> Told<S> {
    fn poll_problem(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.problem.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.problem))?;
            self.problem.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

/// The error for an answer that hyper made without a body. The server's own responses have a request id.
fn error_of(bytes: &[u8]) -> Option<ApiError> {
    if !bytes.starts_with(b"HTTP/1.") {
        return None;
    }
    let error = match StatusCode::from_bytes(bytes.get(STATUS)?).ok()? {
        StatusCode::BAD_REQUEST => {
            ApiError::InvalidParameter { parameter: "request".to_owned(), reason: "it is no HTTP request".to_owned() }
        }
        StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ApiError::HeadTooLarge { limit_bytes: HEAD_BYTES_MAX }
        }
        _ => return None,
    };
    let header = request_id::HEADER;
    let id = header.as_str().as_bytes();
    (!bytes.windows(id.len()).any(|window| window == id)).then_some(error)
}

fn write(error: &ApiError) -> Bytes {
    let (status, id) = (error.status(), RequestId::of(&HeaderMap::new()).to_string());
    let problem = serde_json::to_string(&Problem::new(error, id.clone())).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n{}: {id}\r\n\
         Connection: close\r\n\r\n",
        problem.len(),
        request_id::HEADER
    );
    [head, problem].concat().into()
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Nothing follows hyper's own answer, and it is flushed.
        if self.take(bytes) { Poll::Ready(Ok(bytes.len())) } else { Pin::new(&mut self.socket).poll_write(cx, bytes) }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if parts.first().is_some_and(|first| self.take(first)) {
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_problem(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_problem(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
