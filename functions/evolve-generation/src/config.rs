//! The environment of the function.

use std::num::NonZeroU32;
use std::str::FromStr;

use tdev_lambda::env::Env;

/// Whether the cases that are held out can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOut {
    /// They can: winners are examined here.
    Readable,
    /// They cannot: generations are made here.
    Withheld,
}

impl FromStr for HeldOut {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "readable" => Ok(Self::Readable),
            "withheld" => Ok(Self::Withheld),
            _ => Err("expected readable or withheld"),
        }
    }
}

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `ARTIFACTS_BUCKET`: the bucket of problems, checkpoints and winners.
    pub artifacts_bucket: String,
    /// `TIME_BUDGET_SECONDS`: for how long generations are made in one call.
    pub time_budget_seconds: NonZeroU32,
    /// `HELD_OUT`: whether the cases that are held out can be read, `readable` or `withheld`.
    pub held_out: HeldOut,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`: the function's memory in megabytes, by which its time is
    /// priced.
    pub memory_mb: NonZeroU32,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let artifacts_bucket = env.var("ARTIFACTS_BUCKET");
        let time_budget_seconds = env.var("TIME_BUDGET_SECONDS");
        let held_out = env.var("HELD_OUT");
        let memory_mb = env.var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        Some(Self {
            table: table?,
            artifacts_bucket: artifacts_bucket?,
            time_budget_seconds: time_budget_seconds?,
            held_out: held_out?,
            memory_mb: memory_mb?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_everything_that_is_missing_or_bad() {
        let all = [
            ("TABLE_NAME", "platform"),
            ("ARTIFACTS_BUCKET", "artifacts"),
            ("TIME_BUDGET_SECONDS", "200"),
            ("HELD_OUT", "withheld"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
        ];
        let config = Env::of(all).load(Config::read).unwrap();
        assert_eq!(config.held_out, HeldOut::Withheld);
        let bad = [("TIME_BUDGET_SECONDS", "0"), ("HELD_OUT", "some")];
        let error = Env::of(bad).load(Config::read).unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(names, all.map(|(name, _)| name));
    }
}
