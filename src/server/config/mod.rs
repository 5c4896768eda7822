//! Settings: read once at start-up, checked, and passed on.
//!
//! They come from the process environment and from `.env` in the working directory; the environment wins. A bad value
//! stops the start with one line: the variable, the problem and an example. Secrets never appear in that line or in
//! `Debug`.

pub mod copilot;
pub mod edge;
mod fills;
pub mod hosts;
pub mod library;
mod misspelt;
pub mod variables;

use std::{cell::RefCell, collections::BTreeSet, env, net::IpAddr, num::NonZeroU32, time::Duration};

use self::{
    copilot::CopilotConfig,
    edge::EdgeConfig,
    library::LibraryConfig,
    variables::{ConfigError, Secret, Variables, plain_value, read_dotenv},
};
use super::{
    clock::{Clock, system_clock},
    market::hours::Hours,
};
use crate::domain::{orders::rules::FillRules, ticker::Ticker};

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    pub host: IpAddr,
    /// `0` takes any free port.
    pub port: u16,
    pub database_url: String,
    pub simulator: SimulatorConfig,
    /// Real market data instead of the simulator.
    pub massive: Option<MassiveConfig>,
    pub limits: LimitsConfig,
    pub patience: Patience,
    /// The clock. Set by tests only, not by a variable.
    pub clock: Clock,
    pub edge: EdgeConfig,
    /// Fill model, slippage and commission.
    pub fills: FillRules,
    pub copilot: CopilotConfig,
    pub library: LibraryConfig,
    /// The ticker that performance is compared with.
    pub benchmark: Ticker,
    /// The log filter, in the syntax of `tracing`.
    pub log_filter: Option<String>,
    /// Warnings about the settings that do not prevent the start, one line each.
    pub warnings: Vec<String>,
}

/// Known variables that are not read at every start.
const SOMETIMES_READ: [&str; 2] = ["MASSIVE_BASE_URL", "MASSIVE_POLL_SECONDS"];

#[derive(Debug, Clone)]
pub struct MassiveConfig {
    pub api_key: Secret,
    /// Without a trailing slash.
    pub base_url: String,
    pub poll: Duration,
}

/// Limits per client and in total; `None` means unlimited.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    pub streams_per_client: Option<NonZeroU32>,
    pub streams_in_all: Option<NonZeroU32>,
    /// Per second, with bursts of twice that.
    pub requests_per_client: Option<NonZeroU32>,
}

/// Time limits for clients and for the server itself. Shortened by tests only, not by a variable.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a whole request head, so also for the next request on a kept connection.
    pub head: Duration,
    /// For a whole request body.
    pub body: Duration,
    /// For a response to begin; longer than a copilot's reply may take.
    pub answer: Duration,
    /// For a peer to accept any of the bytes sent to it.
    pub progress: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(120),
            progress: Duration::from_secs(60),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct SimulatorConfig {
    /// Seed of the market; `None` uses the one stored in the database.
    pub seed: Option<u64>,
    pub tick: Duration,
    pub hours: Hours,
}

const TICK_MS_MIN: u64 = 10;
const TICK_MS_MAX: u64 = 60_000;

const POLL_SECONDS_MIN: f64 = 0.05;
const POLL_SECONDS_MAX: f64 = 3_600.0;

impl Config {
    /// Reads the process environment and `.env`.
    ///
    /// # Errors
    /// The first variable with a bad value, or a `.env` that cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        let from_file = read_dotenv()?;
        let asked = RefCell::new(BTreeSet::from(SOMETIMES_READ.map(str::to_owned)));
        let config = Self::from_lookup(|name| {
            asked.borrow_mut().insert(name.to_owned());
            env::var(name).ok().or_else(|| from_file.get(name).cloned())
        })?;
        let from_process = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let names: BTreeSet<String> = from_process.chain(from_file.into_keys()).collect();
        let warnings = misspelt::warnings(names.iter().map(String::as_str), &asked.into_inner());
        Ok(Self { warnings, ..config })
    }

    /// Reads variables through `lookup`; an empty value counts as not set.
    ///
    /// # Errors
    /// The first variable with a bad value.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = Variables { lookup: &|name| lookup(name).and_then(|value| plain_value(&value)) };
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
                    None => None,
                    Some(_) => Some(vars.parse("SIM_SEED", 0, "is not a whole number from 0 to 2^64 - 1", "42")?),
                },
                tick: Duration::from_millis(tick_ms),
                hours: match vars.get("SIM_HOURS").map(|text| text.to_ascii_lowercase()).as_deref() {
                    None | Some("continuous") => Hours::Continuous,
                    Some("nyse") => Hours::Exchange,
                    Some(text) => {
                        let problem = format!("is neither continuous nor nyse: {text:?}");
                        return Err(ConfigError { variable: "SIM_HOURS", problem, example: "nyse" });
                    }
                },
            },
            massive: massive(&vars)?,
            limits: LimitsConfig {
                streams_per_client: vars.limit("SSE_MAX_PER_CLIENT", 6, "6")?,
                streams_in_all: vars.limit("SSE_MAX_TOTAL", 10_000, "10000")?,
                requests_per_client: vars.limit("RATE_LIMIT", 50, "50")?,
            },
            patience: Patience::default(),
            clock: system_clock,
            edge: EdgeConfig::read(&vars)?,
            fills: fills::read(&vars)?,
            copilot: CopilotConfig::read(&vars)?,
            library: LibraryConfig::read(&vars)?,
            benchmark: vars.parse("BENCHMARK", benchmark(), "is not a ticker", "SPY")?,
            log_filter: vars.get("RUST_LOG"),
            warnings: Vec::new(),
        })
    }
}

/// The largest fund that follows the S&P 500.
fn benchmark() -> Ticker {
    // Invariant: it is a ticker.
    "SPY".parse().expect("a ticker")
}

fn massive(vars: &Variables<'_>) -> Result<Option<MassiveConfig>, ConfigError> {
    let Some(api_key) = vars.secret("MASSIVE_API_KEY") else {
        return Ok(None);
    };
    let base_url = vars.address("MASSIVE_BASE_URL", "https://api.massive.com")?;
    let poll = vars.seconds("MASSIVE_POLL_SECONDS", 15.0, POLL_SECONDS_MIN, POLL_SECONDS_MAX, "15")?;
    Ok(Some(MassiveConfig { api_key, base_url, poll }))
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
    // A database in memory would lose acknowledged trades; a read-only one cannot store them.
    let is_unfit = [":memory:", "mode=memory", "mode=ro"].iter().any(|unfit| url.contains(unfit));
    if url.starts_with("sqlite:") && !is_unfit {
        return Ok(url);
    }
    Err(ConfigError {
        variable: "DATABASE_URL",
        problem: "does not name an SQLite file that can be written".to_owned(),
        example: "sqlite://db/finally.db",
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rstest::rstest;

    use super::{copilot::ModelConfig, *};
    use crate::domain::{
        copilot::CopilotLimits,
        money::Money,
        orders::{costs::Commission, rules::FillModel},
    };

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
        assert!(matches!(config.copilot.model, ModelConfig::Unset));
        assert_eq!(config.copilot.limits, CopilotLimits::default());
    }

    #[rstest]
    #[case::port("PORT", "70000")]
    #[case::host("HOST", "not a host")]
    #[case::database("DATABASE_URL", "postgres://x")]
    #[case::database_in_memory("DATABASE_URL", "sqlite::memory:")]
    #[case::database_that_is_only_read("DATABASE_URL", "sqlite://db/finally.db?mode=ro")]
    #[case::tick("SIM_TICK_MS", "0")]
    #[case::tick_text("SIM_TICK_MS", "fast")]
    #[case::seed("SIM_SEED", "-1")]
    #[case::hours("SIM_HOURS", "lse")]
    #[case::fill_model("FILL_MODEL", "lenient")]
    #[case::slippage("SLIPPAGE_BPS", "1001")]
    #[case::commission("COMMISSION_PER_ORDER", "-1")]
    #[case::commission_per_share("COMMISSION_PER_SHARE", "0.00001")]
    #[case::commission_percent("COMMISSION_PERCENT", "11")]
    #[case::mock("LLM_MOCK", "maybe")]
    #[case::rate("RATE_LIMIT", "-1")]
    #[case::llm_address("LLM_BASE_URL", "localhost:8080")]
    #[case::llm_timeout("LLM_TIMEOUT_SECONDS", "600")]
    #[case::llm_format("LLM_RESPONSE_FORMAT", "xml")]
    #[case::llm_context("LLM_CONTEXT_TOKENS", "many")]
    #[case::llm_room("LLM_MAX_TOKENS", "0")]
    #[case::copilot("COPILOT", "maybe")]
    #[case::copilot_actions("COPILOT_ACTIONS_MAX", "-1")]
    #[case::copilot_percent("COPILOT_TRADE_PERCENT_MAX", "101")]
    #[case::copilot_notional("COPILOT_NOTIONAL_PER_MINUTE", "-1")]
    #[case::streams("SSE_MAX_TOTAL", "many")]
    fn a_bad_value_names_its_variable_and_an_example(#[case] variable: &str, #[case] value: &str) {
        let message = config(&[(variable, value)]).unwrap_err().to_string();
        assert!(message.starts_with(variable) && message.contains(&format!("{variable}=")), "{message}");
        assert!(!message.contains('\n'));
    }

    #[rstest]
    #[case::double("\"1.5\"", Some("1.5"))]
    #[case::single("'1.5'", Some("1.5"))]
    #[case::blanks_around_and_inside(" \" 1.5 \" ", Some("1.5"))]
    #[case::none("1.5", Some("1.5"))]
    #[case::empty("\"\"", None)]
    #[case::one_alone("\"", Some("\""))]
    #[case::not_a_pair("\"1.5'", Some("\"1.5'"))]
    #[case::two_pairs("\"a\",\"b\"", Some("\"a\",\"b\""))]
    fn quotes_around_a_value_are_taken_off(#[case] value: &str, #[case] meant: Option<&str>) {
        assert_eq!(plain_value(value).as_deref(), meant);
    }

    #[test]
    fn every_setting_is_read_without_its_quotes() {
        let config = config(&[
            ("HOST", "\"127.0.0.1\""),
            ("PORT", "'8001'"),
            ("DATABASE_URL", "\"sqlite://x.db\""),
            ("SIM_SEED", "\"42\""),
            ("RATE_LIMIT", "'7'"),
            ("LLM_MOCK", "\"false\""),
            ("OPENROUTER_API_KEY", "\"canary-key\""),
            ("LLM_MODEL", "'a/b'"),
            ("RUST_LOG", "\"warn\""),
        ])
        .unwrap();
        assert_eq!((config.port, config.database_url.as_str()), (8001, "sqlite://x.db"));
        assert_eq!((config.simulator.seed, config.limits.requests_per_client), (Some(42), NonZeroU32::new(7)));
        let ModelConfig::Remote(llm) = config.copilot.model else { panic!("the key turns the copilot on") };
        assert_eq!((llm.api_key.unwrap().reveal(), llm.model.as_str()), ("canary-key", "a/b"));
        assert_eq!(config.log_filter.as_deref(), Some("warn"));
    }

    #[test]
    fn the_simulator_keeps_the_hours_that_are_set() {
        let hours = |variables: &[_]| config(variables).unwrap().simulator.hours;
        assert_eq!(hours(&[]), Hours::Continuous);
        assert_eq!(hours(&[("SIM_HOURS", "NYSE")]), Hours::Exchange);
    }

    #[test]
    fn fills_are_free_and_plain_unless_settings_say_else() {
        assert_eq!(config(&[]).unwrap().fills, FillRules::default());
        let fills = config(&[
            ("FILL_MODEL", "strict"),
            ("SLIPPAGE_BPS", "5"),
            ("COMMISSION_PER_ORDER", "1.50"),
            ("COMMISSION_PER_SHARE", "0.005"),
            ("COMMISSION_PERCENT", "0.1"),
        ]);
        let FillRules { model, slippage, commission } = fills.unwrap().fills;
        assert_eq!((model, slippage.bps()), (FillModel::Strict, 5));
        let expected = Commission { per_order: Money::from_cents(150), per_share_units: 50, percent_count: 1_000 };
        assert_eq!(commission, expected);
    }

    #[test]
    fn zero_means_no_limit() {
        let limits = config(&[("RATE_LIMIT", "0"), ("SSE_MAX_PER_CLIENT", "3")]).unwrap().limits;
        assert_eq!((limits.requests_per_client, limits.streams_per_client), (None, NonZeroU32::new(3)));
        assert_eq!(limits.streams_in_all, NonZeroU32::new(10_000));
    }

    #[test]
    fn a_key_turns_real_market_data_on() {
        assert!(config(&[("MASSIVE_API_KEY", " ")]).unwrap().massive.is_none());
        let key = ("MASSIVE_API_KEY", "canary-key");
        let massive = config(&[key, ("MASSIVE_BASE_URL", "http://localhost:1/")]).unwrap().massive.unwrap();
        assert_eq!((massive.base_url.as_str(), massive.poll), ("http://localhost:1", Duration::from_secs(15)));
        for bad in [("MASSIVE_BASE_URL", "ftp://x"), ("MASSIVE_POLL_SECONDS", "NaN")] {
            let message = config(&[key, bad]).unwrap_err().to_string();
            assert!(message.starts_with(bad.0) && !message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let config = config(&[("OPENROUTER_API_KEY", "canary-key")]).unwrap();
        assert!(!format!("{config:?}").contains("canary"));
        let ModelConfig::Remote(llm) = config.copilot.model else { panic!("a key turns the copilot on") };
        assert_eq!(llm.api_key.unwrap().reveal(), "canary-key");
        assert_eq!(llm.base_url, "https://openrouter.ai/api/v1");
    }

    #[test]
    fn a_model_on_this_machine_needs_no_key() {
        let model = |variables: &[_]| config(variables).unwrap().copilot.model;
        let local = ("LLM_BASE_URL", "http://localhost:8080/v1/");
        let ModelConfig::Remote(llm) = model(&[local]) else { panic!("an address is enough") };
        assert!(llm.api_key.is_none());
        assert_eq!((llm.base_url.as_str(), llm.response_format), ("http://localhost:8080/v1", None));
        assert!(matches!(model(&[local, ("LLM_MOCK", "true")]), ModelConfig::Mock), "the mock comes first");
        assert!(matches!(model(&[local, ("COPILOT", "off")]), ModelConfig::Off), "off is off");
    }

    #[test]
    fn a_model_nearby_has_time_to_be_loaded_unless_a_setting_says_else() {
        let seconds = |variables: &[_]| config(variables).unwrap().copilot.asking.timeout.as_secs();
        assert_eq!(seconds(&[]), 30);
        assert_eq!(seconds(&[("LLM_BASE_URL", "http://localhost:8080/v1")]), 110);
        assert_eq!(seconds(&[("LLM_BASE_URL", "http://localhost:8080/v1"), ("LLM_TIMEOUT_SECONDS", "20")]), 20);
    }
}
