//! Settings: read once at start-up, checked, and handed on.
//!
//! They come from the process environment and from `.env` in the working directory; the environment wins. A bad value
//! stops the start with one line that names the variable, what is wrong with it and an example. A secret's value is
//! never part of that line, nor of `Debug`.

use std::{collections::HashMap, env, fmt, net::IpAddr, str::FromStr, time::Duration};

/// Everything that can be set from outside.
#[derive(Debug, Clone)]
pub struct Config {
    pub host: IpAddr,
    /// `0` takes any free port.
    pub port: u16,
    pub database_url: String,
    pub simulator: SimulatorConfig,
    pub copilot: CopilotConfig,
}

#[derive(Debug, Clone, Copy)]
pub struct SimulatorConfig {
    /// The same seed replays the same market.
    pub seed: u64,
    pub tick: Duration,
}

/// What decides which copilot there is.
#[derive(Debug, Clone)]
pub struct CopilotConfig {
    pub mock: bool,
    pub api_key: Option<Secret>,
}

/// A value that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A variable has a value that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}; an example is {variable}={example}")]
pub struct ConfigError {
    pub variable: &'static str,
    pub problem: String,
    pub example: &'static str,
}

const TICK_MS_MIN: u64 = 10;
const TICK_MS_MAX: u64 = 60_000;

impl Config {
    /// Reads the process environment and `.env`.
    ///
    /// # Errors
    /// The first variable with a bad value, or a `.env` that cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        let from_file = read_dotenv()?;
        Self::from_lookup(|name| env::var(name).ok().or_else(|| from_file.get(name).cloned()))
    }

    /// Reads variables through `lookup`; an empty value counts as not set.
    ///
    /// # Errors
    /// The first variable with a bad value.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = Variables {
            lookup: &|name| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()),
        };
        let host: String = vars.get("HOST").unwrap_or_else(|| "127.0.0.1".to_owned());
        let tick_ms = vars.parse("SIM_TICK_MS", 500, "is not a whole number of milliseconds", "500")?;
        if !(TICK_MS_MIN..=TICK_MS_MAX).contains(&tick_ms) {
            let problem = format!("is {tick_ms}, and has to be from {TICK_MS_MIN} to {TICK_MS_MAX} milliseconds");
            return Err(ConfigError { variable: "SIM_TICK_MS", problem, example: "500" });
        }
        Ok(Self {
            host: parse_host(&host)?,
            port: vars.parse("PORT", 8000, "is not a port from 0 to 65535", "8000")?,
            database_url: database_url(vars.get("DATABASE_URL"))?,
            simulator: SimulatorConfig {
                seed: match vars.get("SIM_SEED") {
                    None => rand::random(),
                    Some(_) => vars.parse("SIM_SEED", 0, "is not a whole number from 0 to 2^64 - 1", "42")?,
                },
                tick: Duration::from_millis(tick_ms),
            },
            copilot: CopilotConfig {
                mock: vars.flag("LLM_MOCK")?,
                api_key: vars.get("OPENROUTER_API_KEY").map(Secret),
            },
        })
    }
}

struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
    }

    fn parse<T: FromStr>(
        &self,
        variable: &'static str,
        default: T,
        problem: &str,
        example: &'static str,
    ) -> Result<T, ConfigError> {
        match self.get(variable) {
            None => Ok(default),
            Some(text) => {
                text.parse().map_err(|_| ConfigError { variable, problem: format!("{problem}: {text:?}"), example })
            }
        }
    }

    fn flag(&self, variable: &'static str) -> Result<bool, ConfigError> {
        match self.get(variable).map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false" | "0" | "no") => Ok(false),
            Some("true" | "1" | "yes") => Ok(true),
            Some(text) => {
                Err(ConfigError { variable, problem: format!("is neither true nor false: {text:?}"), example: "true" })
            }
        }
    }
}

fn parse_host(text: &str) -> Result<IpAddr, ConfigError> {
    match text {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        _ => text.parse().map_err(|_| ConfigError {
            variable: "HOST",
            problem: format!("is not an address of this machine: {text:?}"),
            example: "127.0.0.1",
        }),
    }
}

fn database_url(text: Option<String>) -> Result<String, ConfigError> {
    let url = text.unwrap_or_else(|| "sqlite://db/finally.db".to_owned());
    // A database in memory would lose acknowledged trades, which this program never does.
    if url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=memory") {
        return Ok(url);
    }
    Err(ConfigError {
        variable: "DATABASE_URL",
        problem: "does not name an SQLite file".to_owned(),
        example: "sqlite://db/finally.db",
    })
}

fn read_dotenv() -> Result<HashMap<String, String>, ConfigError> {
    let bad = |error: dotenvy::Error| ConfigError {
        variable: ".env",
        // The error's own text may quote the line, and the line may hold a key.
        problem: match error {
            dotenvy::Error::LineParse(..) => "has a line that is not NAME=value".to_owned(),
            _ => "cannot be read".to_owned(),
        },
        example: "SIM_TICK_MS=500",
    };
    match dotenvy::from_filename_iter(".env") {
        Err(error) if error.not_found() => Ok(HashMap::new()),
        Err(error) => Err(bad(error)),
        Ok(variables) => variables.collect::<Result<_, _>>().map_err(bad),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables: HashMap<_, _> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Config::from_lookup(|name| variables.get(name).cloned())
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let config = config(&[("LLM_MOCK", "")]).unwrap();
        assert_eq!((config.host.to_string().as_str(), config.port), ("127.0.0.1", 8000));
        assert_eq!(config.database_url, "sqlite://db/finally.db");
        assert_eq!(config.simulator.tick, Duration::from_millis(500));
        assert!(!config.copilot.mock && config.copilot.api_key.is_none());
    }

    #[rstest]
    #[case::port("PORT", "70000")]
    #[case::host("HOST", "not a host")]
    #[case::database("DATABASE_URL", "postgres://x")]
    #[case::database_in_memory("DATABASE_URL", "sqlite::memory:")]
    #[case::tick("SIM_TICK_MS", "0")]
    #[case::tick_text("SIM_TICK_MS", "fast")]
    #[case::seed("SIM_SEED", "-1")]
    #[case::mock("LLM_MOCK", "maybe")]
    fn a_bad_value_names_its_variable_and_an_example(#[case] variable: &str, #[case] value: &str) {
        let message = config(&[(variable, value)]).unwrap_err().to_string();
        assert!(message.starts_with(variable) && message.contains(&format!("{variable}=")), "{message}");
        assert!(!message.contains('\n'));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let config = config(&[("OPENROUTER_API_KEY", "canary-key")]).unwrap();
        assert!(!format!("{config:?}").contains("canary"));
        assert_eq!(config.copilot.api_key.unwrap().reveal(), "canary-key");
    }
}
