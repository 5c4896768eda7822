//! The fan-out: each tick goes to all listeners in one pass, straight into their sockets.
//!
//! A listener that is up to date *sits* in a shard, of which there is one for each of the runtime's workers; at a tick a shard
//! goes along its seats and writes each the same bytes. One whose socket has no room for all of them leaves its seat and
//! goes home to its own task, which waits until the rest is written, and then it sits down again and is told the newest
//! tick. So the many cost little more than the kernel takes to send, and the slow hold nobody back.

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

/// A connection is told a ping after this long, at the feed's next beat, ticks or not: proxies keep it open, and a page
/// knows that it is alive. A beat later it is still within [`PING_INTERVAL_MAX`](crate::domain::event::PING_INTERVAL_MAX).
const PING_INTERVAL: Duration = Duration::from_secs(8);

/// After so many writes a shard lets others have its worker.
const WRITES_AT_ONCE: usize = 64;

/// The shards; clones share them. They end with the feed.
#[derive(Clone)]
pub struct FanOut(Arc<Shards>);

struct Shards {
    /// Each holds as many as there are connections, at the most.
    comers: Vec<mpsc::UnboundedSender<Seat>>,
    next: AtomicUsize,
    /// How long a peer may take nothing of what it is sent.
    progress: Duration,
}

impl FanOut {
    /// Starts the shards. Has to be called within a tokio runtime.
    /// `ping` is the text of the event that all are told now and then; one who takes nothing for as long as `progress` is
    /// cut off.
    pub fn start(
        ticks: &watch::Receiver<Arc<Tick>>,
        ping: &str,
        metrics: &Metrics,
        parts: &Parts,
        progress: Duration,
    ) -> Self {
        let ping = Event::of(ping.as_bytes());
        let shard = |_| {
            let (comers, coming) = mpsc::unbounded_channel();
            let (ticks, ping, metrics) = (ticks.clone(), ping.clone(), metrics.clone());
            let shard = Shard { ticks, coming, seats: Vec::new(), ping, metrics };
            parts.spawn("the price stream's fan-out", shard.run());
            comers
        };
        let comers = (0..Handle::current().metrics().num_workers()).map(shard).collect();
        Self(Arc::new(Shards { comers, next: AtomicUsize::new(0), progress }))
    }

    /// Tells `socket` each tick, until the feed or the connection ends.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn tell(self, socket: TcpStream, choice: Choice, framing: Framing) -> io::Result<()> {
        let socket = Arc::new(socket);
        tokio::select! {
            ended = hang_up(&socket) => ended,
            told = self.tell_until_end(&socket, choice, framing) => told,
        }
    }

    async fn tell_until_end(&self, socket: &Arc<TcpStream>, choice: Choice, framing: Framing) -> io::Result<()> {
        let shard = self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.comers.len();
        let mut listener = Listener::new(Arc::downgrade(socket), choice, framing);
        loop {
            write_all(socket, std::mem::take(&mut listener.unsent), self.0.progress).await?;
            let (home, returned) = oneshot::channel();
            if self.0.comers[shard].send(Seat { listener, home }).is_err() {
                break;
            }
            match returned.await {
                Ok(back) => listener = back,
                Err(_) => break,
            }
        }
        // The shard has ended, and all of its seats were up to date.
        write_all(socket, framing.end(), self.0.progress).await
    }
}

/// One connection: what it wants, and how far it is.
struct Listener {
    /// It lives as long as the listener's own task.
    socket: Weak<TcpStream>,
    choice: Choice,
    framing: Framing,
    /// The version of the tick that it was last told, or that had nothing to tell it.
    seen: Option<u64>,
    /// When it was last told a ping, or came.
    pinged_at: Instant,
    /// What the socket had no room for.
    unsent: Bytes,
}

/// What a shard has done since it last said so.
#[derive(Default)]
struct Counts {
    frames_sent: u64,
    ticks_skipped: u64,
}

impl Listener {
    fn new(socket: Weak<TcpStream>, choice: Choice, framing: Framing) -> Self {
        Self { socket, choice, framing, seen: None, pinged_at: Instant::now(), unsent: Bytes::new() }
    }

    /// What there is to tell it at a moment; nothing when it knows the tick, and was told a ping not long ago.
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
        // One who has just come missed none.
        if seen > 0 {
            counts.ticks_skipped += tick.version.saturating_sub(seen + 1);
        }
        let frame = tick.frame(&self.choice, seen)?;
        counts.frames_sent += 1;
        Some(frame)
    }

    /// Writes as much as the socket has room for; whether that was all.
    fn say(&mut self, socket: &TcpStream, bytes: Bytes) -> bool {
        // Whatever the cause, its own task meets it again when it writes the rest.
        let written = socket.try_write(&bytes).unwrap_or_default();
        self.unsent = bytes.slice(written..);
        self.unsent.is_empty()
    }
}

/// A listener in a shard, which is up to date.
struct Seat {
    listener: Listener,
    /// Takes it back to its own task.
    home: oneshot::Sender<Listener>,
}

enum Told {
    Whole,
    /// It has more to write than its socket takes now.
    InPart,
    /// Its task has ended.
    Gone,
}

impl Seat {
    fn tell(&mut self, tick: &Tick, ping: &Event, now: Instant, counts: &mut Counts) -> Told {
        let Some(socket) = self.listener.socket.upgrade() else { return Told::Gone };
        let is_whole =
            self.listener.news(tick, ping, now, counts).is_none_or(|bytes| self.listener.say(&socket, bytes));
        if is_whole { Told::Whole } else { Told::InPart }
    }

    fn leave(self) {
        // Where its task has just ended, there is nobody to take it.
        let _ = self.home.send(self.listener);
    }
}

/// Those who are told in one pass.
struct Shard {
    ticks: watch::Receiver<Arc<Tick>>,
    coming: mpsc::UnboundedReceiver<Seat>,
    seats: Vec<Seat>,
    ping: Event,
    metrics: Metrics,
}

impl Shard {
    async fn run(mut self) {
        loop {
            tokio::select! {
                // Where nobody sits, there is nobody to be woken for.
                changed = self.ticks.changed(), if !self.seats.is_empty() => match changed {
                    Ok(()) => self.tell_all().await,
                    // The feed has ended.
                    Err(_) => return,
                },
                coming = self.coming.recv() => match coming {
                    Some(seat) => self.take_in(seat),
                    // Nobody can come any more.
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
            let Some(seat) = self.seats.get_mut(index) else { break };
            match seat.tell(&tick, &self.ping, now, &mut counts) {
                Told::Whole => index += 1,
                Told::InPart => self.seats.swap_remove(index).leave(),
                Told::Gone => drop(self.seats.swap_remove(index)),
            }
            if turn % WRITES_AT_ONCE == 0 {
                yield_now().await;
            }
        }
        self.metrics.ticks_told(counts.frames_sent, counts.ticks_skipped);
    }

    /// One who comes is told the tick that there is, unless it knows it.
    fn take_in(&mut self, mut seat: Seat) {
        let tick = Arc::clone(&self.ticks.borrow());
        let mut counts = Counts::default();
        match seat.tell(&tick, &self.ping, Instant::now(), &mut counts) {
            Told::Whole => self.seats.push(seat),
            Told::InPart => seat.leave(),
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
