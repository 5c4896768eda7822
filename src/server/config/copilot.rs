//! Settings of the copilot: its model, autonomy and limits.

use std::{str::FromStr, time::Duration};

use reqwest::Url;

use super::variables::{ConfigError, Secret, Variables};
use crate::{
    domain::{
        copilot::CopilotLimits,
        fixed_point::{DecimalError, parse_decimal},
        money::Money,
    },
    server::https,
};

/// Default model server, and the default model.
pub const OPENROUTER_URL: &str = "https://openrouter.ai/api/v1";
pub const OPENROUTER_MODEL: &str = "openai/gpt-oss-120b";

/// Settings of the copilot.
#[derive(Debug, Clone)]
pub struct CopilotConfig {
    pub model: ModelConfig,
    /// Request settings for a model that a person connects in the page.
    pub asking: LlmConfig,
    /// Ports that are searched for models on this machine, with the programs that use them. Set by tests only, not by a
    /// variable.
    pub model_ports: Vec<(&'static str, u16)>,
    pub limits: CopilotLimits,
}

/// Model that answers.
#[derive(Debug, Clone)]
pub enum ModelConfig {
    /// A few rules, without a network: for tests.
    Mock,
    Remote(LlmConfig),
    /// No model is set: uses the model that a person connects in the page, or else the built-in copilot.
    Unset,
    Off,
}

/// A language model behind an OpenAI-compatible server.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    pub api_key: Option<Secret>,
    /// Without a trailing slash.
    pub base_url: String,
    pub model: String,
    /// Time limit of one reply, retries included.
    pub timeout: Duration,
    /// Whether the timeout was set; otherwise it depends on the server's location.
    is_timeout_set: bool,
    /// Method of requesting a reply's format; `None` means that it is detected.
    pub response_format: Option<ResponseFormat>,
    /// Most tokens of a prompt.
    pub context_tokens: usize,
    /// Most tokens of a reply, its reasoning included.
    pub reply_tokens_max: u32,
}

impl LlmConfig {
    /// Whether the server is on this machine or its network, where a model may have to be loaded first.
    pub fn is_nearby(&self) -> bool {
        Url::parse(&self.base_url).is_ok_and(|url| https::is_nearby(&url))
    }

    /// The same settings for another server, without this one's key.
    pub fn at(&self, base_url: String, model: String, api_key: Option<Secret>) -> Self {
        let other = Self { api_key, base_url, model, ..self.clone() };
        if self.is_timeout_set { other } else { other.with_default_patience() }
    }
}

/// Method of requesting replies in a certain format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// OpenAI's strict schema.
    JsonSchema,
    /// A JSON object with a separate schema, as llama-cpp-python accepts it.
    JsonObject,
}

/// Default ports of common programs that run models.
const MODEL_PORTS: [(&str, u16); 4] = [("Ollama", 11434), ("LM Studio", 1234), ("llama.cpp", 8080), ("vLLM", 8000)];

const LLM_SECONDS_MIN: f64 = 0.05;
/// Less than [`Patience::answer`](super::Patience::answer), so that the copilot itself reports a timeout.
const LLM_SECONDS_MAX: f64 = 110.0;

impl CopilotConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// The first variable with a bad value.
    pub fn read(vars: &Variables<'_>) -> Result<Self, ConfigError> {
        let asking = asking(vars)?;
        Ok(Self { model: model(vars, &asking)?, asking, model_ports: MODEL_PORTS.to_vec(), limits: limits(vars)? })
    }
}

/// All variables are checked, whichever copilot is chosen, so that a mistake shows at once.
fn asking(vars: &Variables<'_>) -> Result<LlmConfig, ConfigError> {
    let reply_tokens_max = vars.parse("LLM_MAX_TOKENS", 4_096, "is not a whole number of tokens", "4096")?;
    if reply_tokens_max == 0 {
        let problem = "is 0, and a model that may write nothing answers nothing".to_owned();
        return Err(ConfigError { variable: "LLM_MAX_TOKENS", problem, example: "4096" });
    }
    let config = LlmConfig {
        api_key: vars.secret("OPENROUTER_API_KEY"),
        base_url: vars.address("LLM_BASE_URL", OPENROUTER_URL)?,
        model: vars.get("LLM_MODEL").unwrap_or_else(|| OPENROUTER_MODEL.to_owned()),
        timeout: vars.seconds("LLM_TIMEOUT_SECONDS", 30.0, LLM_SECONDS_MIN, LLM_SECONDS_MAX, "30")?,
        is_timeout_set: vars.get("LLM_TIMEOUT_SECONDS").is_some(),
        response_format: response_format(vars)?,
        context_tokens: vars.parse("LLM_CONTEXT_TOKENS", 16_000, "is not a whole number of tokens", "16000")?,
        reply_tokens_max,
    };
    Ok(if config.is_timeout_set { config } else { config.with_default_patience() })
}

impl LlmConfig {
    /// Sets a default timeout that suits the server: a nearby one may have to load its model first.
    fn with_default_patience(self) -> Self {
        let seconds = if self.is_nearby() { LLM_SECONDS_MAX } else { 30.0 };
        Self { timeout: Duration::from_secs_f64(seconds), ..self }
    }
}

fn model(vars: &Variables<'_>, asking: &LlmConfig) -> Result<ModelConfig, ConfigError> {
    let is_off = match vars.get("COPILOT").map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("auto") => false,
        Some("off") => true,
        Some(text) => {
            let problem = format!("is neither auto nor off: {text:?}");
            return Err(ConfigError { variable: "COPILOT", problem, example: "auto" });
        }
    };
    let is_mock = vars.flag("LLM_MOCK")?;
    // A custom address needs no key: a local model has none.
    let is_set = asking.api_key.is_some() || vars.get("LLM_BASE_URL").is_some();
    Ok(match (is_off, is_mock, is_set) {
        (true, _, _) => ModelConfig::Off,
        (false, true, _) => ModelConfig::Mock,
        (false, false, true) => ModelConfig::Remote(asking.clone()),
        (false, false, false) => ModelConfig::Unset,
    })
}

fn response_format(vars: &Variables<'_>) -> Result<Option<ResponseFormat>, ConfigError> {
    match vars.get("LLM_RESPONSE_FORMAT").as_deref() {
        None | Some("auto") => Ok(None),
        Some("json_schema") => Ok(Some(ResponseFormat::JsonSchema)),
        Some("json_object") => Ok(Some(ResponseFormat::JsonObject)),
        Some(text) => Err(ConfigError {
            variable: "LLM_RESPONSE_FORMAT",
            problem: format!("is none of auto, json_schema and json_object: {text:?}"),
            example: "auto",
        }),
    }
}

fn limits(vars: &Variables<'_>) -> Result<CopilotLimits, ConfigError> {
    let CopilotLimits { actions_max, trade_percent_max, notional_per_minute_max } = CopilotLimits::default();
    let trade_percent_max =
        vars.parse("COPILOT_TRADE_PERCENT_MAX", trade_percent_max, "is not a whole number of percent", "50")?;
    if trade_percent_max > 100 {
        let problem = format!("is {trade_percent_max}, and has to be from 0 to 100 percent");
        return Err(ConfigError { variable: "COPILOT_TRADE_PERCENT_MAX", problem, example: "50" });
    }
    let notional_problem = "is not an amount of dollars";
    let notional: Dollars =
        vars.parse("COPILOT_NOTIONAL_PER_MINUTE", Dollars(notional_per_minute_max), notional_problem, "20000")?;
    Ok(CopilotLimits {
        actions_max: vars.parse("COPILOT_ACTIONS_MAX", actions_max, "is not a whole number of actions", "10")?,
        trade_percent_max,
        notional_per_minute_max: notional.0,
    })
}

/// An amount of money in a setting: `20000`, `20000.50`.
struct Dollars(Money);

impl FromStr for Dollars {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        match parse_decimal(text, 2)? {
            cents @ 0.. => Ok(Self(Money::from_cents(cents))),
            _ => Err(DecimalError::NotANumber),
        }
    }
}
