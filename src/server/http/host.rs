//! The hosts that are answered.
//!
//! A page of another site can make its own name point to this machine (DNS rebinding), and is then of our origin as
//! far as a browser can tell. But its requests carry that name, so a name that is not expected is refused.

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

/// The longest name that is told back.
const TOLD_LENGTH_MAX: usize = 100;

/// Loopback names and addresses, the address listened on, and what the settings add. Clones share the list.
#[derive(Debug, Clone)]
pub struct AllowedHosts {
    rules: Arc<[HostRule]>,
    /// The server listens on every address of this machine.
    is_everywhere: bool,
}

impl AllowedHosts {
    pub fn new(config: &Config) -> Self {
        let own = [Host::Name("localhost".to_owned()), Host::Address(config.host.to_canonical())].map(HostRule::One);
        let rules = own.into_iter().chain(config.edge.allowed_hosts.iter().cloned()).collect();
        Self { rules, is_everywhere: config.host.is_unspecified() }
    }

    /// Refuses a request to a host that is not ours, in the header or, where it is there, in the request line. What a
    /// trusted proxy says that its client asked for stands for both.
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
        // A host never comes with a user's name.
        if !authority.as_str().contains('@') && self.allows(&host, local) {
            return Ok(());
        }
        let told = host.to_string();
        Err(ApiError::WrongHost { host: (told.len() <= TOLD_LENGTH_MAX).then_some(told) })
    }

    /// `local` is the address that the client reached us by, where any will do: no other site can name that.
    fn allows(&self, host: &Host, local: Option<IpAddr>) -> bool {
        let is_address_of_ours =
            matches!(host, Host::Address(address) if address.is_loopback() || local == Some(*address));
        is_address_of_ours || self.rules.iter().any(|rule| rule.allows(host))
    }
}

/// The host that the header names, once.
fn named(headers: &HeaderMap) -> Option<Authority> {
    // Two headers would let each reader see another one.
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return None;
    };
    Authority::try_from(host.as_bytes()).ok()
}
