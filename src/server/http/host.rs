//! The hosts that are answered.
//!
//! A page of another site can make its own name point to this machine (DNS rebinding), and is then of our origin as
//! far as a browser can tell. But its requests carry that name, so a name that is not expected is refused.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use axum::{
    extract::Request,
    http::{HeaderMap, header, uri::Authority},
};

use crate::{error::ApiError, server::config::Config};

/// Loopback names and addresses, the address listened on, and what the settings add. Clones share the list.
#[derive(Debug, Clone)]
pub struct AllowedHosts(Arc<HashSet<Host>>);

/// A host without its port: an address by its value, a name in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    /// `text` may have an IPv6 address's brackets, but no port.
    fn read(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) => Self::Address(address.to_canonical()),
            Err(_) => Self::Name(text.to_ascii_lowercase()),
        }
    }
}

impl AllowedHosts {
    pub fn new(config: &Config) -> Self {
        let configured = config.allowed_hosts.iter().map(|host| Host::read(host));
        let own = [Host::Name("localhost".to_owned()), Host::Address(config.host.to_canonical())];
        Self(Arc::new(configured.chain(own).collect()))
    }

    /// Refuses a request to a host that is not ours, in the header or, where it is there, in the request line.
    ///
    /// # Errors
    /// [`ApiError::WrongHost`].
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let line_allowed = request.uri().authority().is_none_or(|authority| self.allows(authority));
        if line_allowed && self.allows_header(request.headers()) { Ok(()) } else { Err(ApiError::WrongHost) }
    }

    fn allows(&self, authority: &Authority) -> bool {
        // A host never comes with a user's name.
        if authority.as_str().contains('@') {
            return false;
        }
        let host = Host::read(authority.host());
        matches!(host, Host::Address(address) if address.is_loopback()) || self.0.contains(&host)
    }

    fn allows_header(&self, headers: &HeaderMap) -> bool {
        // Two headers would let each reader see another one.
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        Authority::try_from(host.as_bytes()).is_ok_and(|authority| self.allows(&authority))
    }
}
