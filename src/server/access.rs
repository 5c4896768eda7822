//! Access from other machines while there are no accounts: it needs the link that is printed at the start.
//!
//! A browser that opens the link gets a key of its own in a cookie; a script sends the token at the end of the link.
//! Keys and tokens are 256 random bits. Only their hashes are stored, in the database, so they survive a restart. Each
//! start prints a new token; earlier tokens remain valid for scripts that have used them.

use std::{
    collections::HashSet,
    fmt::Write,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};
use tracing::warn;

use super::{
    clock::Clock,
    config::{
        Config,
        edge::Access,
        hosts::{Host, HostRule},
    },
    ledger::{
        Ledger,
        access::{KeepAccessKey, KeyHash, KeyKind},
    },
};
use crate::{domain::account_id::AccountId, error::ApiError};

/// Longest key that is checked; real ones are 64 characters long.
const KEY_LENGTH_MAX: usize = 128;

/// Query parameter of the link that holds the token.
pub const LINK_PARAMETER: &str = "token";

/// The keys. Clones share them.
#[derive(Clone)]
pub struct AccessKeys(Option<Arc<Keys>>);

struct Keys {
    /// Account that the keys give access to.
    account: AccountId,
    /// Hash of the token that this start printed.
    token: KeyHash,
    kept: RwLock<HashSet<KeyHash>>,
    ledger: Ledger,
    clock: Clock,
}

/// The token that this start prints; it is stored nowhere.
pub struct Token(String);

impl Token {
    /// The link for a browser on another machine; `address` is the server's address as far as known.
    pub fn link(&self, config: &Config, address: SocketAddr) -> String {
        let name = config.edge.allowed_hosts.iter().find_map(|rule| match rule {
            HostRule::One(host) => Some(host.clone()),
            HostRule::Any | HostRule::Below(_) => None,
        });
        let host = name.unwrap_or_else(|| Host::Address(outer_address(address.ip())));
        format!("http://{host}:{}/?{LINK_PARAMETER}={}", address.port(), self.0)
    }
}

impl AccessKeys {
    /// Loads the stored keys and makes a new token. No keys are needed if access is open, or only this machine can
    /// connect.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn open(config: &Config, ledger: Ledger, clock: Clock) -> Result<(Self, Option<Token>), ApiError> {
        // A proxy that forwards other clients also makes this server reachable.
        let is_reached = !config.host.is_loopback() || !config.edge.trusted_proxies.is_empty();
        if config.edge.access == Access::Open || !is_reached {
            return Ok((Self::none(), None));
        }
        let (token, account) = (new_key(), AccountId::DEFAULT);
        let kept = RwLock::new(ledger.access_keys(account).await?.into_iter().collect());
        let keys = Keys { account, token: hash(&token), kept, ledger, clock };
        Ok((Self(Some(Arc::new(keys))), Some(Token(token))))
    }

    /// Access without keys.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether keys are required.
    pub fn are_asked_for(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a browser's key is valid.
    pub fn admits_browser(&self, key: &str) -> bool {
        self.0.as_ref().is_none_or(|keys| keys.is_kept(&hash(key)))
    }

    /// Whether a script's token is valid. The first use of a new token stores it.
    pub async fn admits_script(&self, token: &str) -> bool {
        let Some(keys) = &self.0 else { return true };
        let hash = hash(token);
        if keys.is_kept(&hash) {
            return true;
        }
        if hash != keys.token {
            return false;
        }
        // The script is admitted even if storing fails; the next use tries again.
        if let Err(cause) = keys.keep(hash, KeyKind::Script).await {
            warn!(access.cause = %cause, "a token could not be kept for the next start");
        }
        true
    }

    /// Makes a new browser's key in exchange for the link's token; `None` if that is not this start's token.
    ///
    /// # Errors
    /// If the key cannot be stored.
    pub async fn sign_in(&self, token: &str) -> Result<Option<String>, ApiError> {
        let Some(keys) = &self.0 else { return Ok(None) };
        let hash_of_token = hash(token);
        if hash_of_token != keys.token && !keys.is_kept(&hash_of_token) {
            return Ok(None);
        }
        let key = new_key();
        keys.keep(hash(&key), KeyKind::Browser).await?;
        Ok(Some(key))
    }
}

impl Keys {
    fn is_kept(&self, hash: &KeyHash) -> bool {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    async fn keep(&self, hash: KeyHash, kind: KeyKind) -> Result<(), ApiError> {
        let kept = self.ledger.submit(self.account, KeepAccessKey { hash, kind, at: (self.clock)() }).await?;
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = kept.into_iter().collect();
        Ok(())
    }
}

/// 256 random bits, as hexadecimal digits.
pub fn new_key() -> String {
    let bits: [u8; 32] = rand::random();
    bits.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hash of a key; a key that is too long gets a hash that matches none.
fn hash(key: &str) -> KeyHash {
    let key = if key.len() > KEY_LENGTH_MAX { "" } else { key };
    Sha256::digest(key).into()
}

/// This machine's address as seen by other machines, if it listens on all of them: the source address of a packet to
/// them. No packet is sent.
fn outer_address(listening: IpAddr) -> IpAddr {
    if !listening.is_unspecified() {
        return listening;
    }
    // A documentation address, which the default route covers.
    let elsewhere = if listening.is_ipv4() { "192.0.2.1:9" } else { "[2001:db8::1]:9" };
    let probe = || {
        let socket = std::net::UdpSocket::bind((listening, 0))?;
        socket.connect(elsewhere)?;
        socket.local_addr()
    };
    probe().map_or(listening, |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_256_bits_and_never_the_same() {
        let keys: HashSet<_> = (0..100).map(|_| new_key()).collect();
        assert_eq!(keys.len(), 100);
        assert!(keys.iter().all(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }

    #[test]
    fn a_long_key_costs_nothing_and_opens_nothing() {
        assert_eq!(hash(&"0".repeat(KEY_LENGTH_MAX + 1)), hash(""));
    }
}
