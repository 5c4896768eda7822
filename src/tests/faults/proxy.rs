//! A proxy between a reader and the server that simulates a bad network: pieces of any size, delays, and interruptions.

use std::{net::SocketAddr, time::Duration};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// The proxy; it ends, with its connections, when dropped.
pub struct Proxy {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Each connection's fate is drawn from the seed, in order of arrival.
    pub async fn start(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut connections = JoinSet::new();
            while let Ok((reader, _)) = listener.accept().await {
                connections.spawn(carry(reader, server, Fate::draw(&mut rng)));
            }
        });
        Self { address, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Fate of one connection.
struct Fate {
    /// Bytes of the response that reach the reader.
    length: usize,
    piece_max: usize,
    pause_max: Duration,
    /// Whether it ends with a reset; otherwise with a normal end.
    is_reset: bool,
    /// Pause before the end, while the server continues.
    stall: Duration,
    rng: ChaCha8Rng,
}

impl Fate {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        // From within the response's head up to some ticks.
        let lengths = [0..400, 200..2_000, 1_000..12_000][rng.random_range(0..3)].clone();
        Self {
            length: rng.random_range(lengths),
            piece_max: [1, 7, 300, 4_000][rng.random_range(0..4)],
            pause_max: Duration::from_micros([0, 0, 300, 20_000][rng.random_range(0..4)]),
            is_reset: rng.random(),
            stall: Duration::from_millis([0, 0, 0, 50][rng.random_range(0..4)]),
            rng: ChaCha8Rng::seed_from_u64(rng.random()),
        }
    }
}

impl Fate {
    /// About eight pauses per connection, independent of the pieces' size.
    fn pause_odds(&self) -> f64 {
        (8.0 * self.piece_max as f64 / self.length.max(1) as f64).min(0.5)
    }
}

async fn carry(reader: TcpStream, server: SocketAddr, mut fate: Fate) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    reader.set_nodelay(true)?;
    if fate.is_reset {
        reader.set_zero_linger()?;
    }
    let (mut from_reader, mut to_reader) = reader.into_split();
    let (mut from_server, mut to_server) = server.split();
    let answer = async {
        let (mut bytes, mut left) = (vec![0; 4_000], fate.length);
        while left > 0 {
            let piece = fate.rng.random_range(1..=fate.piece_max).min(left);
            let length = from_server.read(&mut bytes[..piece]).await?;
            if length == 0 {
                break;
            }
            to_reader.write_all(&bytes[..length]).await?;
            left -= length;
            if !fate.pause_max.is_zero() && fate.rng.random_bool(fate.pause_odds()) {
                sleep(fate.rng.random_range(Duration::ZERO..fate.pause_max)).await;
            }
        }
        sleep(fate.stall).await;
        Ok(())
    };
    tokio::select! {
        end = answer => end,
        // A reader that has left needs nothing more.
        end = copy(&mut from_reader, &mut to_server) => end.map(drop),
    }
}
