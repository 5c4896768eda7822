//! Reading and checking of variables from any source.

use std::{collections::HashMap, fmt, num::NonZeroU32, str::FromStr, time::Duration};

/// A value that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, only for the call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A variable has an unusable value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}; an example is {variable}={example}")]
pub struct ConfigError {
    pub variable: &'static str,
    pub problem: String,
    pub example: &'static str,
}

/// The environment, or its replacement in a test.
pub struct Variables<'a> {
    pub lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Variables<'_> {
    pub fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
    }

    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).map(Secret)
    }

    /// Parses a variable.
    ///
    /// # Errors
    /// If the value is malformed; `problem` describes that.
    pub fn parse<T: FromStr>(
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

    /// A number; zero means unlimited.
    pub fn limit(
        &self,
        variable: &'static str,
        default: u32,
        example: &'static str,
    ) -> Result<Option<NonZeroU32>, ConfigError> {
        self.parse(variable, default, "is not a whole number (0 means no limit)", example).map(NonZeroU32::new)
    }

    /// A duration in seconds, possibly with a fraction.
    pub fn seconds(
        &self,
        variable: &'static str,
        default: f64,
        min: f64,
        max: f64,
        example: &'static str,
    ) -> Result<Duration, ConfigError> {
        let seconds: f64 = self.parse(variable, default, "is not a number of seconds", example)?;
        if !(min..=max).contains(&seconds) {
            let problem = format!("is {seconds}, and has to be from {min} to {max} seconds");
            return Err(ConfigError { variable, problem, example });
        }
        Ok(Duration::from_secs_f64(seconds))
    }

    /// An address, without a trailing slash.
    pub fn address(&self, variable: &'static str, default: &'static str) -> Result<String, ConfigError> {
        let address = self.get(variable).unwrap_or_else(|| default.to_owned());
        if !address.starts_with("http://") && !address.starts_with("https://") {
            let problem = "is not an http or https address".to_owned();
            return Err(ConfigError { variable, problem, example: default });
        }
        Ok(address.trim_end_matches('/').to_owned())
    }

    pub fn flag(&self, variable: &'static str) -> Result<bool, ConfigError> {
        match self.get(variable).map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false" | "0" | "no") => Ok(false),
            Some("true" | "1" | "yes") => Ok(true),
            Some(text) => {
                Err(ConfigError { variable, problem: format!("is neither true nor false: {text:?}"), example: "true" })
            }
        }
    }
}

/// A trimmed value, without the quotes that `docker --env-file` and some panels leave in place; `None` if empty.
pub fn plain_value(value: &str) -> Option<String> {
    let value = value.trim();
    let inside = ['"', '\''].iter().find_map(|quote| {
        let inside = value.strip_prefix(*quote)?.strip_suffix(*quote)?;
        // Inner quotes belong to the value.
        (!inside.contains(*quote)).then_some(inside)
    });
    let value = inside.unwrap_or(value).trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Variables of `.env` in the working directory; empty if there is no such file.
///
/// # Errors
/// If the file cannot be read.
pub fn read_dotenv() -> Result<HashMap<String, String>, ConfigError> {
    let bad = |error: dotenvy::Error| ConfigError {
        variable: ".env",
        // The error's own text may quote the line, which may contain a key.
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
