//! The environment of the function.

use tdev_lambda::env::Env;

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `EVOLUTION_STATE_MACHINE_ARN`: the state machine that has evolutions go on.
    pub state_machine: String,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let state_machine = env.var("EVOLUTION_STATE_MACHINE_ARN");
        Some(Self {
            table: table?,
            state_machine: state_machine?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_everything_that_is_missing() {
        let error = Env::of([]).load(Config::read).unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(names, ["TABLE_NAME", "EVOLUTION_STATE_MACHINE_ARN"]);
    }
}
