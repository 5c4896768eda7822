//! The Research library's settings.

use std::path::PathBuf;

use super::variables::{ConfigError, Secret, Variables};
use crate::server::library::FetchHost;

/// Most hosts in a list.
const HOSTS_MAX: usize = 64;

#[derive(Debug, Clone, Default)]
pub struct LibraryConfig {
    /// Folder whose files are taken in on demand.
    pub folder: Option<PathBuf>,
    /// Private hosts that documents may be fetched from.
    pub fetch_hosts: Vec<FetchHost>,
    /// Embedding server, instead of the built-in model.
    pub embedding: Option<EndpointConfig>,
    /// Server that reranks the first passages.
    pub rerank: Option<EndpointConfig>,
    /// The folder of the model that embeds; nothing for the one beside the program. No variable sets it; tests hand in another.
    pub model: Option<PathBuf>,
    /// The program that reads documents; nothing for the running one. No variable sets it; tests hand in another.
    pub program: Option<PathBuf>,
}

/// A model server of the library.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Without a trailing slash.
    pub base_url: String,
    pub model: String,
    pub key: Option<Secret>,
}

impl LibraryConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// The first variable with a bad value.
    pub fn read(vars: &Variables<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            folder: vars.get("LIBRARY_FOLDER").map(PathBuf::from),
            fetch_hosts: fetch_hosts(vars)?,
            embedding: endpoint(vars, "EMBEDDING_BASE_URL", "EMBEDDING_MODEL", "EMBEDDING_KEY")?,
            rerank: endpoint(vars, "RERANK_BASE_URL", "RERANK_MODEL", "RERANK_KEY")?,
            model: None,
            program: None,
        })
    }
}

fn fetch_hosts(vars: &Variables<'_>) -> Result<Vec<FetchHost>, ConfigError> {
    let variable = "LIBRARY_FETCH_HOSTS";
    let wrong = |problem: String| ConfigError { variable, problem, example: "nas.local,192.168.1.20:8080" };
    let text = vars.get(variable).unwrap_or_default();
    let entries: Vec<_> = text.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty()).collect();
    if entries.len() > HOSTS_MAX {
        return Err(wrong(format!("has more than {HOSTS_MAX} entries")));
    }
    let read = |entry: &&str| entry.parse().map_err(|_| wrong(format!("names {entry:?}, which is no host")));
    entries.iter().map(read).collect()
}

fn endpoint(
    vars: &Variables<'_>,
    address: &'static str,
    model: &'static str,
    key: &'static str,
) -> Result<Option<EndpointConfig>, ConfigError> {
    let (name, key) = (vars.get(model), vars.secret(key));
    if vars.get(address).is_none() {
        return Ok(None);
    }
    let base_url = vars.address(address, "http://localhost:8080/v1")?;
    let missing = || ConfigError {
        variable: model,
        problem: format!("is not set, although {address} is"),
        example: "all-MiniLM-L6-v2",
    };
    Ok(Some(EndpointConfig { base_url, model: name.ok_or_else(missing)?, key }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<LibraryConfig, ConfigError> {
        let lookup =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        LibraryConfig::read(&Variables { lookup: &lookup })
    }

    #[rstest]
    #[case::host(&[("LIBRARY_FETCH_HOSTS", "http://nas")], "LIBRARY_FETCH_HOSTS")]
    #[case::address(&[("EMBEDDING_BASE_URL", "ftp://x"), ("EMBEDDING_MODEL", "m")], "EMBEDDING_BASE_URL")]
    #[case::model(&[("RERANK_BASE_URL", "http://localhost:1")], "RERANK_MODEL")]
    fn what_cannot_be_meant_is_refused_by_name(#[case] variables: &[(&str, &str)], #[case] named: &str) {
        let told = read(variables).unwrap_err().to_string();
        assert!(told.starts_with(named) && told.contains(&format!("an example is {named}=")), "{told}");
    }

    #[test]
    fn nothing_is_set_by_default() {
        let config = read(&[]).unwrap();
        assert!(
            config.folder.is_none()
                && config.fetch_hosts.is_empty()
                && config.embedding.is_none()
                && config.rerank.is_none()
        );
    }
}
