//! How the server asks other servers: one way to make a client, so that TLS is set up in one place.

use std::{error::Error, fmt::Write, sync::Arc};

use reqwest::{ClientBuilder, Response, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// A client that trusts this machine's certificates and Mozilla's, which stand in where the machine has none (as in a
/// bare container image). It follows no redirect, so that a key goes nowhere but to the address that was set.
pub fn client_builder() -> ClientBuilder {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // A certificate of the machine that cannot be read is one server less to trust, and no reason to stop.
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

/// Why a body could not be read whole.
#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// The body of an answer, of which no more than `bytes_max` is ever held.
///
/// # Errors
/// When it is larger, or the connection breaks.
pub async fn read_body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A failure with all its causes, for the log; without the address, which may hold a key.
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
