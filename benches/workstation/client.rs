//! One kept-alive connection that reads whole responses, with minimal overhead.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub struct Client {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: Vec::new() })
    }

    /// The body of the response, which must be successful.
    pub async fn call(&mut self, request_line: &str, body: &str) -> io::Result<&[u8]> {
        let length = body.len();
        let request = format!(
            "{request_line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.socket.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let start = loop {
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((start, length)) = body_of(&self.buffer)
                && self.buffer.len() >= start + length
            {
                break start;
            }
        };
        if self.buffer.starts_with(b"HTTP/1.1 2") {
            Ok(&self.buffer[start..])
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&self.buffer).into_owned()))
        }
    }
}

/// Start and length of the body, once the head is complete.
fn body_of(bytes: &[u8]) -> Option<(usize, usize)> {
    let start = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let head = str::from_utf8(&bytes[..start]).ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    Some((start, length))
}

/// One response on a new connection.
pub async fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut client = Client::connect(address).await?;
    Ok(String::from_utf8_lossy(client.call(&format!("GET {path}"), "").await?).into_owned())
}

/// A value of `/metrics`, by name.
pub async fn metric(address: SocketAddr, name: &str) -> io::Result<f64> {
    let text = get(address, "/metrics").await?;
    let figure = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    figure.and_then(|figure| figure.parse().ok()).ok_or_else(|| io::Error::other(format!("there is no {name}")))
}
