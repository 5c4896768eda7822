//! One listener of the account's stream: its start, its selection of events, and their delivery.

use std::{collections::BTreeSet, io, sync::Arc};

use axum::body::Bytes;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    AccountEvents, FRAME_INTERVAL, Span,
    text::{PING_INTERVAL, fault, frame, hello, numbered_ping, reset},
};
use crate::{
    domain::event::EventKind,
    server::{
        http::sse::{Framing, hang_up, write_all},
        market::event::Event,
    },
};

/// Kinds of events that a listener wants; `None` means all.
#[derive(Debug, Clone, Default)]
pub struct Choice(Option<BTreeSet<EventKind>>);

impl Choice {
    pub fn of(kinds: impl IntoIterator<Item = EventKind>) -> Self {
        Self(Some(kinds.into_iter().collect()))
    }

    pub fn includes(&self, kind: EventKind) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }
}

/// A connection to the stream.
pub struct Listener {
    pub events: AccountEvents,
    pub choice: Choice,
    /// Number of the last event seen; `None` for a listener without history.
    pub after: Option<i64>,
    pub framing: Framing,
    /// Build of the page that belongs to this server.
    pub build: Arc<str>,
}

/// Reason why a listener's stream ends.
enum End {
    Shutdown,
    Fault(String),
}

impl Listener {
    /// Sends each change to `socket`, until the server stops or the connection ends.
    ///
    /// # Errors
    /// If the connection fails, or its peer accepts nothing for too long.
    pub async fn run(self, socket: TcpStream) -> io::Result<()> {
        tokio::select! {
            ended = hang_up(&socket) => ended,
            told = self.tell(&socket) => told,
        }
    }

    async fn tell(self, socket: &TcpStream) -> io::Result<()> {
        // Subscribed before the initial read, so that no event is missed between them.
        let mut newest = self.events.newest.clone();
        newest.mark_unchanged();
        let end = match self.begin(socket).await? {
            Ok(seen) => self.follow(socket, newest, seen).await?,
            Err(end) => end,
        };
        let rest = match end {
            End::Shutdown => self.framing.end(),
            End::Fault(text) => self.framing.end_with(&Event::of(text.as_bytes())),
        };
        write_all(socket, rest, self.events.progress).await
    }

    /// Sends missed events; returns the number up to which all have been sent.
    async fn begin(&self, socket: &TcpStream) -> io::Result<Result<i64, End>> {
        let now = self.events.version();
        let (seen, text) = match self.after {
            None => (now, hello(&self.build, now)),
            Some(after) => match self.events.after(after).await {
                Ok(Some(page)) => (page.until, frame(&page, after, &self.choice)),
                Ok(None) => (now, reset(now)),
                Err(error) => return Ok(Err(End::Fault(fault(&error)))),
            },
        };
        self.say(socket, &text).await?;
        Ok(Ok(seen))
    }

    async fn follow(
        &self,
        socket: &TcpStream,
        mut newest: watch::Receiver<Arc<Span>>,
        mut seen: i64,
    ) -> io::Result<End> {
        let mut ping_at = Instant::now() + PING_INTERVAL;
        loop {
            let text = tokio::select! {
                () = self.events.shutdown.cancelled() => return Ok(End::Shutdown),
                () = sleep_until(ping_at) => {
                    ping_at = Instant::now() + PING_INTERVAL;
                    self.say(socket, &numbered_ping(&self.build, seen)).await?;
                    continue;
                }
                changed = newest.changed() => match changed {
                    Ok(()) => {
                        let span = Arc::clone(&newest.borrow_and_update());
                        match self.catch_up(&span, &mut seen).await {
                            Ok(text) => text,
                            Err(end) => return Ok(end),
                        }
                    }
                    // The reading task only ends at shutdown.
                    Err(_) => return Ok(End::Shutdown),
                },
            };
            if text.is_empty() {
                continue;
            }
            self.say(socket, &text).await?;
            tokio::select! {
                () = self.events.shutdown.cancelled() => return Ok(End::Shutdown),
                () = sleep(FRAME_INTERVAL) => {}
            }
        }
    }

    /// Events up to the end of a span; read from the ledger if the span's beginning was missed.
    async fn catch_up(&self, span: &Span, seen: &mut i64) -> Result<String, End> {
        if span.page.until <= *seen {
            return Ok(String::new());
        }
        if span.after <= *seen {
            let text = frame(&span.page, *seen, &self.choice);
            *seen = span.page.until;
            return Ok(text);
        }
        match self.events.after(*seen).await {
            Ok(Some(page)) => {
                let text = frame(&page, *seen, &self.choice);
                *seen = page.until;
                Ok(text)
            }
            Ok(None) => {
                *seen = self.events.version();
                Ok(reset(*seen))
            }
            Err(error) => Err(End::Fault(fault(&error))),
        }
    }

    async fn say(&self, socket: &TcpStream, text: &str) -> io::Result<()> {
        let bytes = if text.is_empty() { Bytes::new() } else { self.framing.of(&Event::of(text.as_bytes())) };
        write_all(socket, bytes, self.events.progress).await
    }
}
