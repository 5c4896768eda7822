//! A socket that copies the parts of a small write together.
//!
//! hyper hands over a chunk of an answer in three parts: its length, its bytes and its end. The kernel takes longer to
//! gather those than it takes to copy a frame of the price stream, and there are thousands of them at each tick. What is
//! larger goes as it is, since copying it would cost more than it saves.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest write that is copied together.
const COPIED_BYTES_MAX: usize = 2 * 1_024;

pub struct SmallWrites<S>(pub S);

impl<S: AsyncRead + Unpin> AsyncRead for SmallWrites<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SmallWrites<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = Pin::new(&mut self.0);
        let total: usize = parts.iter().map(|part| part.len()).sum();
        if total > COPIED_BYTES_MAX || parts.len() < 2 {
            return socket.poll_write_vectored(cx, parts);
        }
        let mut together = [0; COPIED_BYTES_MAX];
        let mut end = 0;
        for part in parts {
            together[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        }
        socket.poll_write(cx, &together[..end])
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use rstest::rstest;

    use super::*;

    /// Takes so many bytes at once, and tells in how many parts they came.
    #[derive(Default)]
    struct Narrow {
        width: usize,
        taken: Vec<u8>,
        parts: usize,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let length = bytes.len().min(self.width);
            self.taken.extend_from_slice(&bytes[..length]);
            self.parts = 1;
            Poll::Ready(Ok(length))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            parts: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.taken = parts.iter().flat_map(|part| part.iter().copied()).collect();
            self.parts = parts.len();
            Poll::Ready(Ok(self.taken.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[rstest]
    #[case::small(1_000, usize::MAX, 1, 1_007)]
    #[case::as_large_as_it_may_be(COPIED_BYTES_MAX - 7, usize::MAX, 1, COPIED_BYTES_MAX)]
    #[case::large(COPIED_BYTES_MAX - 6, usize::MAX, 3, COPIED_BYTES_MAX + 1)]
    #[case::cut_short(1_000, 600, 1, 600)]
    #[tokio::test]
    async fn parts_go_together_when_they_are_small(
        #[case] body: usize,
        #[case] width: usize,
        #[case] parts: usize,
        #[case] taken: usize,
    ) {
        let body = vec![b'x'; body];
        let chunk = [&b"3e8\r\n"[..], &body, b"\r\n"];
        let mut socket = SmallWrites(Narrow { width, ..Narrow::default() });
        let written = poll_fn(|cx| Pin::new(&mut socket).poll_write_vectored(cx, &chunk.map(io::IoSlice::new)));
        assert_eq!(written.await.unwrap(), taken);
        assert_eq!(socket.0.parts, parts);
        assert_eq!(socket.0.taken, chunk.concat()[..taken]);
    }
}
