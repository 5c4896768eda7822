//! Who may ask from another machine, while there are no accounts: whoever has the link that was printed at the start.
//!
//! A browser that opens the link is given a key of its own in a cookie; a script sends the token that the link ends with.
//! Keys and tokens are 256 random bits. Only their hashes are kept, with the database, so that they hold over a restart; the
//! token that is printed is another one at each start, and the earlier ones go on for the scripts that used them.

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

/// The longest key that is looked at; ours are 64 characters long.
const KEY_LENGTH_MAX: usize = 128;

/// The parameter of the link that holds the token.
pub const LINK_PARAMETER: &str = "token";

/// The keys. Clones share them.
#[derive(Clone)]
pub struct AccessKeys(Option<Arc<Keys>>);

struct Keys {
    /// Whose account they let in to.
    account: AccountId,
    /// The token that this start printed.
    token: KeyHash,
    kept: RwLock<HashSet<KeyHash>>,
    ledger: Ledger,
    clock: Clock,
}

/// The token that this start prints, which is nowhere else.
pub struct Token(String);

impl Token {
    /// The link that a person opens in a browser of another machine, whose address there is `address` as far as is known.
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
    /// The keys that are kept, and a new token; nobody is asked for one where all may ask, or only this machine can.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(config: &Config, ledger: Ledger, clock: Clock) -> Result<(Self, Option<Token>), ApiError> {
        // Behind a proxy that tells of others, this machine is not alone either.
        let is_reached = !config.host.is_loopback() || !config.edge.trusted_proxies.is_empty();
        if config.edge.access == Access::Open || !is_reached {
            return Ok((Self::none(), None));
        }
        let (token, account) = (new_key(), AccountId::DEFAULT);
        let kept = RwLock::new(ledger.access_keys(account).await?.into_iter().collect());
        let keys = Keys { account, token: hash(&token), kept, ledger, clock };
        Ok((Self(Some(Arc::new(keys))), Some(Token(token))))
    }

    /// Nobody is asked for a key.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether anyone is asked for a key.
    pub fn are_asked_for(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a browser's key is a good one.
    pub fn admits_browser(&self, key: &str) -> bool {
        self.0.as_ref().is_none_or(|keys| keys.is_kept(&hash(key)))
    }

    /// Whether a script's token is a good one. The first use of a new token keeps it.
    pub async fn admits_script(&self, token: &str) -> bool {
        let Some(keys) = &self.0 else { return true };
        let hash = hash(token);
        if keys.is_kept(&hash) {
            return true;
        }
        if hash != keys.token {
            return false;
        }
        // The script is let in now whatever the disk does; the next use tries again.
        if let Err(cause) = keys.keep(hash, KeyKind::Script).await {
            warn!(access.cause = %cause, "a token could not be kept for the next start");
        }
        true
    }

    /// A new browser's key for whoever has the link; nothing when its token is not the one of this start.
    ///
    /// # Errors
    /// When the key cannot be kept.
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
fn new_key() -> String {
    let bits: [u8; 32] = rand::random();
    bits.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A key that is too long to be one of ours has the hash of none.
fn hash(key: &str) -> KeyHash {
    let key = if key.len() > KEY_LENGTH_MAX { "" } else { key };
    Sha256::digest(key).into()
}

/// The address by which other machines reach this one, when it listens on all of them: the one that a packet to them would
/// come from. None is sent.
fn outer_address(listening: IpAddr) -> IpAddr {
    if !listening.is_unspecified() {
        return listening;
    }
    // An address that is for documentation, and reached by the default route.
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
