//! The environment of the function.

use std::fmt;
use std::str::FromStr;

use tdev_lambda::env::Env;
use tdev_security::{ApiKey, ApiKeyError};

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `ENVIRONMENT`: `dev`, `staging`, `prod`, …, as it stands in every key.
    pub environment: Environment,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let environment = env.var("ENVIRONMENT");
        Some(Self {
            table: table?,
            environment: environment?,
        })
    }
}

/// An environment's name that can be part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment(String);

impl Environment {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Environment {
    type Err = ApiKeyError;

    /// Makes a key and throws it away: what a key can contain is for the key to say.
    fn from_str(text: &str) -> Result<Self, ApiKeyError> {
        ApiKey::generate(text).map(|_| Self(text.to_owned()))
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_environment() {
        let env = Env::of([("TABLE_NAME", "platform"), ("ENVIRONMENT", "dev")]);
        let config = env.load(Config::read).unwrap();
        assert_eq!(
            (config.table.as_str(), config.environment.as_str()),
            ("platform", "dev")
        );
    }

    #[test]
    fn an_environment_no_key_can_name_is_refused_at_start() {
        let error = Env::of([("ENVIRONMENT", "Dev_1")])
            .load(Config::read)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not usable: TABLE_NAME is not set; ENVIRONMENT is not valid: \
             an environment is 1 to 16 lower-case letters and digits"
        );
    }
}
