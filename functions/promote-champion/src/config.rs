//! The environment of the function.

use tdev_lambda::env::Env;

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `ARTIFACTS_BUCKET`: the bucket of winners, and of artifacts.
    pub artifacts_bucket: String,
    /// `REGISTER_QUEUE_URL`: the queue that calls for registrations to be worked on.
    pub register_queue_url: String,
    /// `EVENT_BUS`: the name of the bus that is told how evolutions end.
    pub event_bus: String,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let artifacts_bucket = env.var("ARTIFACTS_BUCKET");
        let register_queue_url = env.var("REGISTER_QUEUE_URL");
        let event_bus = env.var("EVENT_BUS");
        Some(Self {
            table: table?,
            artifacts_bucket: artifacts_bucket?,
            register_queue_url: register_queue_url?,
            event_bus: event_bus?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_everything_that_is_missing() {
        let error = Env::of([("TABLE_NAME", "platform")])
            .load(Config::read)
            .unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(
            names,
            ["ARTIFACTS_BUCKET", "REGISTER_QUEUE_URL", "EVENT_BUS"]
        );
    }
}
