//! Checks the requested host.
//!
//! A page of another site can make its own name resolve to this machine (DNS rebinding), and then has the server's
//! origin as far as a browser can tell. But its requests carry that name, so unexpected names are refused.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::Request,
    http::{HeaderMap, header, uri::Authority},
};

use super::serve::Connection;
use crate::{
    error::ApiError,
    server::config::{
        Config,
        hosts::{Host, HostRule},
    },
};

/// Characters of a refused name that are repeated in the error.
const TOLD_LENGTH_MAX: usize = 100;

/// Loopback names and addresses, the listening address, and the settings' additions. Clones share the list.
#[derive(Debug, Clone)]
pub struct AllowedHosts {
    rules: Arc<[HostRule]>,
    /// Whether the server listens on every address of this machine.
    is_everywhere: bool,
}

impl AllowedHosts {
    pub fn new(config: &Config) -> Self {
        let own = [Host::Name("localhost".to_owned()), Host::Address(config.host.to_canonical())].map(HostRule::One);
        let rules = own.into_iter().chain(config.edge.allowed_hosts.iter().cloned()).collect();
        Self { rules, is_everywhere: config.host.is_unspecified() }
    }

    /// Refuses a request to a host that is not allowed, in the header or, if present, in the request line. The host
    /// that a trusted proxy reports replaces both.
    ///
    /// # Errors
    /// [`ApiError::WrongHost`].
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let connection = request.extensions().get::<Connection>();
        let local = connection.filter(|_| self.is_everywhere).map(|connection| connection.local);
        if let Some(forwarded) = connection.and_then(|connection| connection.forwarded_host.as_ref()) {
            return self.check_authority(forwarded, local);
        }
        if let Some(authority) = request.uri().authority() {
            self.check_authority(authority, local)?;
        }
        self.check_authority(&named(request.headers()).ok_or(ApiError::WrongHost { host: None })?, local)
    }

    fn check_authority(&self, authority: &Authority, local: Option<IpAddr>) -> Result<(), ApiError> {
        let host = Host::read(authority.host());
        // A valid host never includes user information.
        if !authority.as_str().contains('@') && self.allows(&host, local) {
            return Ok(());
        }
        let told = host.to_string();
        Err(ApiError::WrongHost { host: (told.len() <= TOLD_LENGTH_MAX).then_some(told) })
    }

    /// `local` is the address that the client connected to, if the server listens on all: another site's name cannot be
    /// an address.
    fn allows(&self, host: &Host, local: Option<IpAddr>) -> bool {
        let is_address_of_ours =
            matches!(host, Host::Address(address) if address.is_loopback() || local == Some(*address));
        is_address_of_ours || self.rules.iter().any(|rule| rule.allows(host))
    }
}

/// The header's host, if there is exactly one.
fn named(headers: &HeaderMap) -> Option<Authority> {
    // With two headers, different readers could see different hosts.
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return None;
    };
    Authority::try_from(host.as_bytes()).ok()
}
