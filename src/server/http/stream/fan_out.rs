//! The fan-out: each tick goes to all listeners in one pass, directly into their sockets.
//!
//! An up-to-date listener is registered with a shard, one per worker of the runtime. At each tick a shard writes the
//! same bytes to each of its subscriptions. A listener whose socket lacks room is returned to its own task, which waits
//! until the rest is written, then registers it again and sends it the newest tick. So many listeners cost little more
//! than the kernel's sends, and a slow one delays nobody.

use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use tokio::{
    net::TcpStream,
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    task::yield_now,
    time::Instant,
};

use crate::server::{
    http::sse::{Framing, hang_up, write_all},
    market::{event::Event, feed::Tick, frame::Choice},
    metrics::Metrics,
    parts::Parts,
};

/// After this time, the feed's next beat sends a connection a ping, with or without a tick: proxies keep it open, and a
/// page knows that it is alive. One beat later is still within
/// [`PING_INTERVAL_MAX`](crate::domain::event::PING_INTERVAL_MAX).
const PING_INTERVAL: Duration = Duration::from_secs(8);

/// Number of writes after which a shard yields its worker.
const WRITES_AT_ONCE: usize = 64;

/// The shards; clones share them. They end with the feed.
#[derive(Clone)]
pub struct FanOut(Arc<Shards>);

struct Shards {
    /// One queue per shard; it holds no more entries than there are connections.
    registrations: Vec<mpsc::UnboundedSender<Subscription>>,
    next: AtomicUsize,
    /// Time after which a peer that accepts nothing is disconnected.
    progress: Duration,
}

impl FanOut {
    /// Starts the shards. Must be called within a tokio runtime. `ping` is the text of the regular event; a peer that
    /// accepts nothing for `progress` is disconnected.
    pub fn start(
        ticks: &watch::Receiver<Arc<Tick>>,
        ping: &str,
        metrics: &Metrics,
        parts: &Parts,
        progress: Duration,
    ) -> Self {
        let ping = Event::of(ping.as_bytes());
        let shard = |_| {
            let (sender, registrations) = mpsc::unbounded_channel();
            let (ticks, ping, metrics) = (ticks.clone(), ping.clone(), metrics.clone());
            let shard = Shard { ticks, registrations, subscriptions: Vec::new(), ping, metrics };
            parts.spawn("the price stream's fan-out", shard.run());
            sender
        };
        let registrations = (0..Handle::current().metrics().num_workers()).map(shard).collect();
        Self(Arc::new(Shards { registrations, next: AtomicUsize::new(0), progress }))
    }

    /// Sends each tick to `socket`, until the feed or the connection ends.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn tell(self, socket: TcpStream, choice: Choice, framing: Framing) -> io::Result<()> {
        let socket = Arc::new(socket);
        tokio::select! {
            ended = hang_up(&socket) => ended,
            told = self.tell_until_end(&socket, choice, framing) => told,
        }
    }

    async fn tell_until_end(&self, socket: &Arc<TcpStream>, choice: Choice, framing: Framing) -> io::Result<()> {
        let shard = self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.registrations.len();
        let mut listener = Listener::new(Arc::downgrade(socket), choice, framing);
        loop {
            write_all(socket, std::mem::take(&mut listener.unsent), self.0.progress).await?;
            let (return_tx, returned) = oneshot::channel();
            if self.0.registrations[shard].send(Subscription { listener, return_tx }).is_err() {
                break;
            }
            match returned.await {
                Ok(back) => listener = back,
                Err(_) => break,
            }
        }
        // The shard has ended, and all of its subscriptions were up to date.
        write_all(socket, framing.end(), self.0.progress).await
    }
}

/// One connection: its selection, and its progress.
struct Listener {
    /// Lives as long as the listener's own task.
    socket: Weak<TcpStream>,
    choice: Choice,
    framing: Framing,
    /// Version of the latest tick that was sent, or had nothing to send.
    seen: Option<u64>,
    /// Time of the last ping, or of the connection.
    pinged_at: Instant,
    /// Bytes that did not fit into the socket.
    unsent: Bytes,
}

/// A shard's counts that are not in the metrics yet.
#[derive(Default)]
struct Counts {
    frames_sent: u64,
    ticks_skipped: u64,
}

impl Listener {
    fn new(socket: Weak<TcpStream>, choice: Choice, framing: Framing) -> Self {
        Self { socket, choice, framing, seen: None, pinged_at: Instant::now(), unsent: Bytes::new() }
    }

    /// The event to send now; `None` if the tick was already sent and no ping is due.
    fn news(&mut self, tick: &Tick, ping: &Event, now: Instant, counts: &mut Counts) -> Option<Bytes> {
        let frame = self.frame(tick, counts);
        let ping = (now - self.pinged_at >= PING_INTERVAL).then_some(ping);
        if ping.is_some() {
            self.pinged_at = now;
        }
        let (frame, ping) = (frame.map(|frame| self.framing.of(&frame)), ping.map(|ping| self.framing.of(ping)));
        match (frame, ping) {
            (Some(frame), Some(ping)) => Some([frame, ping].concat().into()),
            (frame, ping) => frame.or(ping),
        }
    }

    fn frame(&mut self, tick: &Tick, counts: &mut Counts) -> Option<Event> {
        let before = self.seen.replace(tick.version);
        if before == Some(tick.version) {
            return None;
        }
        let seen = before.unwrap_or_default();
        // A new listener has missed no ticks.
        if seen > 0 {
            counts.ticks_skipped += tick.version.saturating_sub(seen + 1);
        }
        let frame = tick.frame(&self.choice, seen)?;
        counts.frames_sent += 1;
        Some(frame)
    }

    /// Writes as much as the socket has room for; returns whether that was all.
    fn say(&mut self, socket: &TcpStream, bytes: Bytes) -> bool {
        // Whatever the error, the listener's own task meets it again when it writes the rest.
        let written = socket.try_write(&bytes).unwrap_or_default();
        self.unsent = bytes.slice(written..);
        self.unsent.is_empty()
    }
}

/// An up-to-date listener in a shard.
struct Subscription {
    listener: Listener,
    /// Returns the listener to its own task.
    return_tx: oneshot::Sender<Listener>,
}

enum Told {
    Whole,
    /// The socket has no room for all of it.
    InPart,
    /// The listener's task has ended.
    Gone,
}

impl Subscription {
    fn tell(&mut self, tick: &Tick, ping: &Event, now: Instant, counts: &mut Counts) -> Told {
        let Some(socket) = self.listener.socket.upgrade() else { return Told::Gone };
        let is_whole =
            self.listener.news(tick, ping, now, counts).is_none_or(|bytes| self.listener.say(&socket, bytes));
        if is_whole { Told::Whole } else { Told::InPart }
    }

    fn leave(self) {
        // The task may have ended meanwhile.
        let _ = self.return_tx.send(self.listener);
    }
}

/// Subscriptions that are written to in one pass.
struct Shard {
    ticks: watch::Receiver<Arc<Tick>>,
    registrations: mpsc::UnboundedReceiver<Subscription>,
    subscriptions: Vec<Subscription>,
    ping: Event,
    metrics: Metrics,
}

impl Shard {
    async fn run(mut self) {
        loop {
            tokio::select! {
                // Without subscriptions there is nothing to write.
                changed = self.ticks.changed(), if !self.subscriptions.is_empty() => match changed {
                    Ok(()) => self.tell_all().await,
                    // The feed has ended.
                    Err(_) => return,
                },
                registered = self.registrations.recv() => match registered {
                    Some(subscription) => self.take_in(subscription),
                    // No further listener can register.
                    None => return,
                },
            }
        }
    }

    async fn tell_all(&mut self) {
        let tick = Arc::clone(&self.ticks.borrow_and_update());
        let (now, mut counts) = (Instant::now(), Counts::default());
        let mut index = 0;
        for turn in 1.. {
            let Some(subscription) = self.subscriptions.get_mut(index) else { break };
            match subscription.tell(&tick, &self.ping, now, &mut counts) {
                Told::Whole => index += 1,
                Told::InPart => self.subscriptions.swap_remove(index).leave(),
                Told::Gone => drop(self.subscriptions.swap_remove(index)),
            }
            if turn % WRITES_AT_ONCE == 0 {
                yield_now().await;
            }
        }
        self.metrics.ticks_told(counts.frames_sent, counts.ticks_skipped);
    }

    /// Registers a listener, and sends it the present tick if it lacks it.
    fn take_in(&mut self, mut subscription: Subscription) {
        let tick = Arc::clone(&self.ticks.borrow());
        let mut counts = Counts::default();
        match subscription.tell(&tick, &self.ping, Instant::now(), &mut counts) {
            Told::Whole => self.subscriptions.push(subscription),
            Told::InPart => subscription.leave(),
            Told::Gone => {}
        }
        self.metrics.ticks_told(counts.frames_sent, counts.ticks_skipped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::quote::Quotes, server::market::frame::JsonChoice};

    fn listener(framing: Framing) -> Listener {
        Listener::new(Weak::new(), Choice::Json(JsonChoice::default()), framing)
    }

    fn tick(version: u64) -> Tick {
        Tick::new(version, Quotes::default())
    }

    #[test]
    fn a_stream_is_told_a_ping_after_a_while_whether_it_is_silent_or_not() {
        let (mut listener, mut counts) = (listener(Framing::Plain), Counts::default());
        let (start, ping) = (Instant::now(), Event::of(b"event: ping\n\n"));
        let mut told_at = |version, second| {
            let told = listener.news(&tick(version), &ping, start + Duration::from_secs(second), &mut counts);
            told.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        };
        assert_eq!(told_at(2, 1).as_deref(), Some("id: 2\ndata: {}\n\n"));
        for beats in [[4, 7, 11], [12, 16, 20]] {
            let told = beats.map(|second| told_at(2, second));
            assert_eq!(told, [None, None, Some("event: ping\n\n".to_owned())]);
        }
        assert_eq!(told_at(3, 21).as_deref(), Some("id: 3\ndata: {}\n\n"));
        assert_eq!(told_at(4, 28).as_deref(), Some("id: 4\ndata: {}\n\nevent: ping\n\n"));
    }

    #[test]
    fn a_ping_comes_in_time_with_a_beat_that_has_just_been_missed() {
        let latest = PING_INTERVAL + crate::server::market::feed::BEAT_INTERVAL;
        assert!(latest < crate::domain::event::PING_INTERVAL_MAX);
    }

    #[test]
    fn what_a_listener_missed_is_counted_and_what_was_before_it_is_not() {
        let (mut listener, mut counts) = (listener(Framing::Chunks), Counts::default());
        for version in [7, 8, 8, 11, 12] {
            listener.news(&tick(version), &Event::of(b"event: ping\n\n"), Instant::now(), &mut counts);
        }
        assert_eq!((counts.frames_sent, counts.ticks_skipped), (4, 2));
    }
}
