//! Which copilot there is, and what it may do.

use std::{str::FromStr, time::Duration};

use super::variables::{ConfigError, Secret, Variables};
use crate::domain::{
    copilot::CopilotLimits,
    fixed_point::{DecimalError, parse_decimal},
    money::Money,
};

/// Which copilot there is, and what it may do.
#[derive(Debug, Clone)]
pub struct CopilotConfig {
    pub model: ModelConfig,
    pub limits: CopilotLimits,
}

/// Who answers.
#[derive(Debug, Clone)]
pub enum ModelConfig {
    /// Rules, without a network.
    Mock,
    Remote(LlmConfig),
    NotConfigured,
}

/// A language model behind an OpenAI-compatible server.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    pub api_key: Option<Secret>,
    /// Without a slash at its end.
    pub base_url: String,
    pub model: String,
    /// For one reply, retries included.
    pub timeout: Duration,
    /// How the form of replies is asked for; nothing means that it is found out.
    pub response_format: Option<ResponseFormat>,
    /// The most that a prompt may take.
    pub context_tokens: usize,
}

/// How a server is asked for replies of a certain form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// OpenAI's strict schema.
    JsonSchema,
    /// A JSON object with a schema beside it, which llama-cpp-python takes.
    JsonObject,
}

const LLM_SECONDS_MIN: f64 = 0.05;
/// Less than [`Patience::answer`](super::Patience::answer), so that the copilot says itself that it was too slow.
const LLM_SECONDS_MAX: f64 = 110.0;

impl CopilotConfig {
    /// # Errors
    /// The first variable with a bad value.
    pub fn read(vars: &Variables<'_>) -> Result<Self, ConfigError> {
        Ok(Self { model: model(vars)?, limits: limits(vars)? })
    }
}

fn model(vars: &Variables<'_>) -> Result<ModelConfig, ConfigError> {
    let api_key = vars.secret("OPENROUTER_API_KEY");
    // An address of one's own needs no key: a model on this machine has none.
    let is_configured = api_key.is_some() || vars.get("LLM_BASE_URL").is_some();
    // All are checked, whichever copilot there is, so that a mistake shows at once.
    let config = LlmConfig {
        api_key,
        base_url: vars.address("LLM_BASE_URL", "https://openrouter.ai/api/v1")?,
        model: vars.get("LLM_MODEL").unwrap_or_else(|| "openai/gpt-oss-120b".to_owned()),
        timeout: vars.seconds("LLM_TIMEOUT_SECONDS", 30.0, LLM_SECONDS_MIN, LLM_SECONDS_MAX, "30")?,
        response_format: response_format(vars)?,
        context_tokens: vars.parse("LLM_CONTEXT_TOKENS", 16_384, "is not a whole number of tokens", "16384")?,
    };
    if vars.flag("LLM_MOCK")? {
        return Ok(ModelConfig::Mock);
    }
    Ok(if is_configured { ModelConfig::Remote(config) } else { ModelConfig::NotConfigured })
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

/// An amount of money as it is written in a setting: `20000`, `20000.50`.
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
