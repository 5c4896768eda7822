//! Requests to other servers: one constructor of clients, so that TLS is set up in one place.

use std::{error::Error, fmt::Write, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{ClientBuilder, Response, Url, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;

/// A client that trusts this machine's certificates and Mozilla's; the latter suffice if the machine has none (as in a
/// bare container image). Follows no redirects, so that a key goes only to the configured address.
pub fn client_builder() -> ClientBuilder {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // An unreadable certificate of the machine is skipped: one server less is trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        // Invariant: ring has cipher suites for both versions, TLS 1.2 and 1.3.
        .expect("ring speaks the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    ClientBuilder::new()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .user_agent(concat!("finally/", env!("CARGO_PKG_VERSION")))
}

/// The same for one server. A proxy from the environment is not used for this machine's own addresses.
pub fn client_builder_for(address: &str) -> ClientBuilder {
    let is_loopback = Url::parse(address).is_ok_and(|url| is_loopback(&url));
    let builder = client_builder();
    if is_loopback { builder.no_proxy() } else { builder }
}

/// Whether an address is this machine's own.
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str().map(host_of) {
        Some(Ok(ip)) => ip.is_loopback(),
        Some(Err(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Parses an IPv4 or IPv6 address, or else returns the name.
fn host_of(host: &str) -> Result<IpAddr, &str> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().map_err(|_| host)
}

/// Whether an address belongs to this machine or its network, where people run their own models.
pub fn is_nearby(url: &Url) -> bool {
    is_loopback(url)
        || match url.host_str().map(host_of) {
            Some(Ok(IpAddr::V4(ip))) => ip.is_private() || ip.is_link_local(),
            Some(Ok(IpAddr::V6(ip))) => ip.is_unique_local() || ip.is_unicast_link_local(),
            // A neighbouring container has a name without dots.
            Some(Err(name)) => !name.contains('.') || name.ends_with(".local") || name == "host.docker.internal",
            None => false,
        }
}

/// Reason why a body could not be read completely.
#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
    /// No data came for too long.
    Silent,
}

/// The body of a response; at most `bytes_max` are held.
///
/// # Errors
/// If it is larger, or the connection breaks.
pub async fn read_body(response: Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    read_lively_body(response, bytes_max, Duration::MAX).await
}

/// The body of a response, if data keeps coming within every `silence_max`.
///
/// # Errors
/// If it is larger, pauses for too long, or the connection breaks.
pub async fn read_lively_body(
    mut response: Response,
    bytes_max: usize,
    silence_max: Duration,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    loop {
        let chunk = timeout(silence_max, response.chunk()).await.map_err(|_| BodyError::Silent)?;
        let Some(chunk) = chunk.map_err(BodyError::Broken)? else {
            return Ok(body);
        };
        if body.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
}

/// A failure with all its causes, for the log; without the address, which may contain a key.
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://localhost:11434/v1", true, true)]
    #[case("http://models.localhost/v1", true, true)]
    #[case("http://127.0.0.1:1234", true, true)]
    #[case("http://127.9.9.9", true, true)]
    #[case("http://[::1]:8080/v1", true, true)]
    #[case("http://192.168.1.20:8080/v1", false, true)]
    #[case("http://10.0.0.2", false, true)]
    #[case("http://[fd00::1]/v1", false, true)]
    #[case("http://ollama:11434", false, true)]
    #[case("http://nas.local:11434", false, true)]
    #[case("http://host.docker.internal:11434", false, true)]
    #[case("https://openrouter.ai/api/v1", false, false)]
    #[case("https://localhost.evil.example", false, false)]
    #[case("http://8.8.8.8", false, false)]
    fn this_machine_and_its_network_are_told_from_the_rest(
        #[case] address: &str,
        #[case] loopback: bool,
        #[case] nearby: bool,
    ) {
        let url = Url::parse(address).unwrap();
        assert_eq!((is_loopback(&url), is_nearby(&url)), (loopback, nearby));
    }
}
