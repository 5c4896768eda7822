//! Asking a running server whether it is well: what a container's health check runs.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use super::{config::Config, reachable};

const TIMEOUT: Duration = Duration::from_secs(3);

/// Succeeds when `/api/health` on the configured address answers 200.
pub fn run() -> ExitCode {
    let outcome = Config::from_env()
        .map_err(|error| error.to_string())
        .and_then(|config| ask(SocketAddr::new(config.host, config.port)).map_err(|cause| cause.to_string()));
    match outcome {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
        Ok(answer) => {
            eprintln!("the server is not well: {}", answer.lines().last().unwrap_or_default());
            ExitCode::FAILURE
        }
        Err(reason) => {
            eprintln!("the server could not be asked: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The whole answer, as text.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&reachable(address), TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.write_all(format!("GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}
