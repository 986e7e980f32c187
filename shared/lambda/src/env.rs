//! The typed environment of a function.

use std::fmt::{self, Display};
use std::str::FromStr;

/// Reads environment variables and remembers every one that is missing or bad, so that a
/// misconfigured function says all that is wrong with it at its first start.
///
/// ```
/// # use tdev_lambda::env::{self, Env};
/// struct Config {
///     table: String,
///     receives: u32,
/// }
///
/// let config = Env::of([("TABLE_NAME", "platform"), ("MAX_RECEIVES", "5")]).load(|env| {
///     let table = env.var("TABLE_NAME");
///     let receives = env.var("MAX_RECEIVES");
///     Some(Config { table: table?, receives: receives? })
/// })?;
/// assert_eq!((config.table.as_str(), config.receives), ("platform", 5));
/// # Ok::<_, env::Error>(())
/// ```
pub struct Env {
    lookup: Lookup,
    problems: Vec<Problem>,
}

type Lookup = Box<dyn Fn(&str) -> Option<String>>;

/// The variables that kept a function from starting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not usable: {}", list(.problems))]
pub struct Error {
    /// What is wrong, in the order of reading.
    pub problems: Vec<Problem>,
}

/// One variable that is missing or bad. Its value is not repeated, since it may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.reason)
    }
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl Env {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        Self {
            lookup: Box::new(|name| std::env::var(name).ok()),
            problems: Vec::new(),
        }
    }

    /// An environment of these variables and no others.
    #[must_use]
    pub fn of<const N: usize>(variables: [(&'static str, &'static str); N]) -> Self {
        Self {
            lookup: Box::new(move |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            }),
            problems: Vec::new(),
        }
    }

    /// The variable `name`; absent if it is missing, empty or not a `T`, which is then reported
    /// by [`Env::load`].
    pub fn var<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(value) = (self.lookup)(name).filter(|value| !value.is_empty()) else {
            self.report(name, "is not set");
            return None;
        };
        match value.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(name, format!("is not valid: {error}"));
                None
            }
        }
    }

    /// The variable `name`, or `default` if it is missing or empty. A bad value is reported all
    /// the same.
    pub fn var_or<T>(&mut self, name: &'static str, default: T) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        match (self.lookup)(name) {
            Some(value) if !value.is_empty() => self.var(name),
            _ => Some(default),
        }
    }

    /// Builds a configuration with `read`, which returns `None` once a variable was absent.
    pub fn load<C>(mut self, read: impl FnOnce(&mut Self) -> Option<C>) -> Result<C, Error> {
        let config = read(&mut self);
        match config {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(Error {
                problems: self.problems,
            }),
        }
    }

    fn report(&mut self, name: &'static str, reason: impl Into<String>) {
        self.problems.push(Problem {
            name,
            reason: reason.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &mut Env) -> Option<(String, u32, u16)> {
        let table = env.var("TABLE_NAME");
        let receives = env.var("MAX_RECEIVES");
        let port = env.var_or("PORT", 80);
        Some((table?, receives?, port?))
    }

    #[test]
    fn reads_what_is_there() {
        let env = Env::of([("TABLE_NAME", "platform"), ("MAX_RECEIVES", "5")]);
        assert_eq!(env.load(read).unwrap(), ("platform".to_owned(), 5, 80));
    }

    #[test]
    fn reports_everything_at_once_by_name_without_the_value() {
        let env = Env::of([
            ("TABLE_NAME", ""),
            ("MAX_RECEIVES", "s3cret"),
            ("PORT", "-1"),
        ]);
        let error = env.load(read).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not usable: TABLE_NAME is not set; \
             MAX_RECEIVES is not valid: invalid digit found in string; \
             PORT is not valid: invalid digit found in string"
        );
    }

    #[test]
    fn the_process_environment_is_read() {
        let load = |name| Env::process().load(|env| env.var::<String>(name));
        assert!(load("CARGO_PKG_NAME").is_ok() || load("PATH").is_ok());
        assert!(load("TDEV_NO_SUCH_VARIABLE").is_err());
    }
}
