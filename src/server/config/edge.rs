//! Settings of the network's edge: allowed hosts, trusted origins and proxies, and access from other machines.

use std::{net::IpAddr, str::FromStr};

use super::{
    hosts::{HostRule, Network, Unreadable, WebOrigin},
    variables::{ConfigError, Variables},
};

/// Most entries of a list.
const ENTRIES_MAX: usize = 64;

/// Checks between the network and the handlers.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// Accepted hosts, besides loopback and the listening address.
    pub allowed_hosts: Vec<HostRule>,
    /// Origins that may make changes, besides the server's own.
    pub trusted_origins: Vec<WebOrigin>,
    /// Proxies whose forwarding headers are trusted.
    pub trusted_proxies: Vec<Network>,
    pub access: Access,
}

/// Clients that need no sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Browsers and scripts on this machine.
    Local,
    /// Every client that can reach the server.
    Open,
}

impl EdgeConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// The first variable with a bad value.
    pub fn read(vars: &Variables<'_>) -> Result<Self, ConfigError> {
        refuse_base_path(vars)?;
        Ok(Self {
            allowed_hosts: list(vars, "ALLOWED_HOSTS", "which is no host", "nas.local,*.example.org")?,
            trusted_origins: list(vars, "TRUSTED_ORIGINS", "which is no origin", "https://nas.local")?,
            trusted_proxies: list(vars, "TRUSTED_PROXIES", "which is no address or network", "127.0.0.1,10.0.0.0/8")?,
            access: match vars.get("ACCESS").map(|text| text.to_ascii_lowercase()).as_deref() {
                None | Some("local") => Access::Local,
                Some("open") => Access::Open,
                Some(text) => {
                    let problem = format!("is neither local nor open: {text:?}");
                    return Err(ConfigError { variable: "ACCESS", problem, example: "local" });
                }
            },
        })
    }

    /// Whether a proxy at this address is trusted.
    pub fn trusts(&self, proxy: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(proxy))
    }
}

/// Parses entries separated by commas or blanks.
fn list<T: FromStr<Err = Unreadable>>(
    vars: &Variables<'_>,
    variable: &'static str,
    problem: &str,
    example: &'static str,
) -> Result<Vec<T>, ConfigError> {
    let text = vars.get(variable).unwrap_or_default();
    let entries: Vec<_> = text.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty()).collect();
    if entries.len() > ENTRIES_MAX {
        return Err(ConfigError { variable, problem: format!("has more than {ENTRIES_MAX} entries"), example });
    }
    let read = |entry: &&str| {
        entry.parse().map_err(|Unreadable| ConfigError {
            variable,
            problem: format!("names {entry:?}, {problem}"),
            example,
        })
    };
    entries.iter().map(read).collect()
}

/// Refuses a base path: a page under a path is not supported yet, and ignoring the setting would look broken.
fn refuse_base_path(vars: &Variables<'_>) -> Result<(), ConfigError> {
    match vars.get("BASE_PATH").as_deref() {
        None | Some("/") => Ok(()),
        Some(path) => Err(ConfigError {
            variable: "BASE_PATH",
            problem: format!("is {path:?}, but FinAlly wants a host name of its own behind a proxy, not a path"),
            example: "/",
        }),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(variable: &str, value: &str) -> Result<EdgeConfig, ConfigError> {
        EdgeConfig::read(&Variables { lookup: &|name| (name == variable).then(|| value.to_owned()) })
    }

    #[rstest]
    #[case::host("ALLOWED_HOSTS", "nas, nas:80a")]
    #[case::origin("TRUSTED_ORIGINS", "nas.local")]
    #[case::proxy("TRUSTED_PROXIES", "10.0.0.0/40")]
    #[case::access("ACCESS", "everyone")]
    #[case::base_path("BASE_PATH", "/finally")]
    fn what_cannot_be_meant_is_refused_by_name(#[case] variable: &str, #[case] value: &str) {
        let told = read(variable, value).unwrap_err().to_string();
        assert!(told.starts_with(variable) && told.contains(&format!("an example is {variable}=")), "{told}");
    }

    #[test]
    fn a_list_has_a_bound() {
        assert!(read("ALLOWED_HOSTS", &"nas,".repeat(ENTRIES_MAX)).is_ok());
        assert!(read("ALLOWED_HOSTS", &"nas,".repeat(ENTRIES_MAX + 1)).is_err());
    }

    #[test]
    fn examples_are_good_values() {
        for variable in ["ALLOWED_HOSTS", "TRUSTED_ORIGINS", "TRUSTED_PROXIES"] {
            let example = read(variable, "?").unwrap_err().example;
            assert!(read(variable, example).is_ok(), "{variable}={example}");
        }
    }

    #[test]
    fn a_list_may_have_commas_or_blanks() {
        assert_eq!(read("ALLOWED_HOSTS", " nas ,*.example.org\tlab:80, ").unwrap().allowed_hosts.len(), 3);
    }
}
