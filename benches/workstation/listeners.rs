//! Readers of a price stream: many sockets that count bytes, and some that also record arrival times.

use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use memchr::{memchr_iter, memmem};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};

/// Bytes of an event that are examined for its version and time.
const EVENT_HEAD_BYTES: usize = 256;

const BUFFER_BYTES: usize = 256 * 1_024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

/// Totals of all readers.
#[derive(Default)]
pub struct Arrived {
    events: AtomicU64,
    bytes: AtomicU64,
    /// Ticks that a recording reader missed between two received ones.
    lost: AtomicU64,
    delays_ms: Mutex<Vec<f64>>,
}

impl Arrived {
    pub fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Delays from a tick's time to its arrival, since the last call.
    pub fn take_delays_ms(&self) -> Vec<f64> {
        // Nothing panics while the lock is held.
        self.delays_ms.lock().map(|mut delays| std::mem::take(&mut *delays)).unwrap_or_default()
    }
}

/// The readers; they read until this is dropped.
pub struct Listeners {
    pub arrived: Arc<Arrived>,
    readers: Vec<JoinHandle<io::Result<()>>>,
}

impl Listeners {
    /// Connects `count` readers; `looking` of them, evenly distributed, examine each event's version and time.
    pub async fn connect(address: SocketAddr, path: &str, count: usize, looking: usize) -> io::Result<Self> {
        let mut listeners = Self { arrived: Arc::default(), readers: Vec::new() };
        listeners.add(address, path, count, looking).await?;
        Ok(listeners)
    }

    /// Connects further readers.
    pub async fn add(&mut self, address: SocketAddr, path: &str, count: usize, looking: usize) -> io::Result<()> {
        for number in 0..count {
            let mut socket = TcpStream::connect(address).await?;
            socket.write_all(request(path).as_bytes()).await?;
            let looks = number % (count / looking.clamp(1, count)) == 0;
            self.readers.push(tokio::spawn(read(socket, Arc::clone(&self.arrived), looks)));
        }
        Ok(())
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.readers.iter().for_each(JoinHandle::abort);
    }
}

pub fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

async fn read(socket: TcpStream, arrived: Arc<Arrived>, looks: bool) -> io::Result<()> {
    let mut reader = Reader { arrived, looks, last: 0, head: Vec::new(), version: None };
    loop {
        socket.readable().await?;
        let taken = BUFFER.with_borrow_mut(|buffer| -> io::Result<usize> {
            let length = socket.try_read(buffer)?;
            reader.take(&buffer[..length]);
            Ok(length)
        });
        match taken {
            Ok(0) => return Ok(()),
            Err(cause) if cause.kind() != io::ErrorKind::WouldBlock => return Err(cause),
            _ => {}
        }
    }
}

struct Reader {
    arrived: Arc<Arrived>,
    looks: bool,
    last: u8,
    /// Beginning of the arriving event, for recording readers.
    head: Vec<u8>,
    version: Option<u64>,
}

impl Reader {
    fn take(&mut self, bytes: &[u8]) {
        let (mut start, mut ended) = (0, 0);
        // An event ends with an empty line, which neither the response's head nor a chunk's contains.
        for at in memchr_iter(b'\n', bytes) {
            if at.checked_sub(1).map_or(self.last, |before| bytes[before]) == b'\n' {
                ended += 1;
                self.keep(&bytes[start..at]);
                self.look();
                start = at + 1;
            }
        }
        self.keep(&bytes[start..]);
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.arrived.events.fetch_add(ended, Relaxed);
        self.arrived.bytes.fetch_add(bytes.len() as u64, Relaxed);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.looks {
            let room = EVENT_HEAD_BYTES.saturating_sub(self.head.len());
            self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn look(&mut self) {
        let head = std::mem::take(&mut self.head);
        let (Some(version), Some(at_ms)) = (version(&head), moment(&head).and_then(|range| read_ms(&head[range])))
        else {
            return;
        };
        if let Some(before) = self.version.replace(version) {
            self.arrived.lost.fetch_add(version.saturating_sub(before + 1), Relaxed);
        }
        if let Ok(mut delays_ms) = self.arrived.delays_ms.lock() {
            delays_ms.push(now_ms() - at_ms);
        }
    }
}

fn version(event: &[u8]) -> Option<u64> {
    let start = memmem::find(event, b"id: ")? + 4;
    str::from_utf8(event[start..].split(|byte| *byte == b'\n').next()?).ok()?.parse().ok()
}

/// Position of an event's time: Unix seconds in JSON, milliseconds in a compact frame.
pub fn moment(event: &[u8]) -> Option<Range<usize>> {
    const JSON: &[u8] = b"\"timestamp\":";
    const DATA: &[u8] = b"data: ";
    let start = match memmem::find(event, JSON) {
        Some(at) => at + JSON.len(),
        None => {
            let data = memmem::find(event, DATA)? + DATA.len();
            data + memchr::memchr(b' ', &event[data..])? + 1
        }
    };
    let length = event[start..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    Some(start..start + length)
}

fn read_ms(text: &[u8]) -> Option<f64> {
    let figure: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    Some(if text.contains(&b'.') { figure * 1_000.0 } else { figure })
}

/// Overwrites a time with the present one, in the same number of bytes.
pub fn write_now(text: &mut [u8]) {
    let decimals = text.iter().rev().position(|byte| *byte == b'.').unwrap_or_default();
    let now = if decimals > 0 { now_ms() / 1_000.0 } else { now_ms() };
    let written = format!("{now:.decimals$}");
    if written.len() == text.len() {
        text.copy_from_slice(written.as_bytes());
    }
}

fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1_000.0
}
