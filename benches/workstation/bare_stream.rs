//! Upper bound of the stream: tokio only, writing one shared buffer to every socket at each tick.
//!
//! The bytes are those of the server's frame on the wire, including its chunk; only its time is updated.

use std::{fs, io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{Outcome, listeners};

/// The argument that selects this program.
pub const NAME: &str = "bare-stream";

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

pub async fn run(frame: &str, tick_ms: u64) -> Outcome<()> {
    let frame = fs::read(frame)?;
    let (sender, ticks) = watch::channel(Arc::new(frame.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("bare on http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        loop {
            if let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(write(socket, ticks.clone()));
            }
        }
    });
    let moment = listeners::moment(&frame).ok_or("the frame has no moment")?;
    let mut pace = interval(Duration::from_millis(tick_ms));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let mut frame = frame.clone();
        listeners::write_now(&mut frame[moment.clone()]);
        sender.send_replace(Arc::new(frame));
    }
}

async fn write(mut socket: TcpStream, mut ticks: watch::Receiver<Arc<Vec<u8>>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if socket.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    drop(request);
    socket.write_all(HEAD).await?;
    while ticks.changed().await.is_ok() {
        let frame = Arc::clone(&ticks.borrow_and_update());
        socket.write_all(&frame).await?;
    }
    Ok(())
}
