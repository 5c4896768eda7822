//! Checks that a running server is alive, for a container's health check.
//!
//! A server is alive if it responds and its database works. Missing prices of a vendor are reported by `/api/health`,
//! but a restart would not fix them.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use super::{config::Config, reachable};

const TIMEOUT: Duration = Duration::from_secs(3);

/// Succeeds if the server at the configured address responds and its database works.
pub fn run() -> ExitCode {
    let outcome = Config::from_env()
        .map_err(|error| error.to_string())
        .and_then(|config| ask(SocketAddr::new(config.host, config.port)).map_err(|cause| cause.to_string()));
    match outcome {
        Ok(answer) => {
            let body = answer.lines().last().unwrap_or_default();
            let is_alive = is_alive(&answer);
            if !answer.starts_with("HTTP/1.1 200 ") {
                eprintln!("the server is {}: {body}", if is_alive { "alive, but degraded" } else { "not well" });
            }
            if is_alive { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(reason) => {
            eprintln!("the server could not be asked: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the response shows a working server, apart from its suppliers.
fn is_alive(answer: &str) -> bool {
    let is_degraded = answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"database\":\"ok\"");
    answer.starts_with("HTTP/1.1 200 ") || is_degraded
}

/// The whole response as text.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&reachable(address), TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.write_all(format!("GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::well("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ok\"}", true)]
    #[case::without_prices("HTTP/1.1 503 x\r\n\r\n{\"status\":\"degraded\",\"database\":\"ok\"}", true)]
    #[case::without_a_database("HTTP/1.1 503 x\r\n\r\n{\"status\":\"degraded\",\"database\":\"failed\"}", false)]
    #[case::another_program("HTTP/1.1 404 Not Found\r\n\r\n", false)]
    #[case::nothing("", false)]
    fn a_server_lives_that_answers_and_has_its_database(#[case] answer: &str, #[case] is_alive_now: bool) {
        assert_eq!(is_alive(answer), is_alive_now);
    }
}
