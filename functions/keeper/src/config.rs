//! The environment of the function.

use tdev_lambda::env::Env;

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone)]
pub struct Config {
    /// `TABLE_NAME`, `ARTIFACTS_BUCKET`, `STEP_QUEUE_URL`: where invocations are, and the queue
    /// that calls for workers.
    pub journal: tdev_journal::Config,
    /// `TASK_QUEUE_URL`: the queue that calls for routing.
    pub task_queue_url: String,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let bucket = env.var("ARTIFACTS_BUCKET");
        let step_queue_url = env.var("STEP_QUEUE_URL");
        let task_queue_url = env.var("TASK_QUEUE_URL");
        Some(Self {
            journal: tdev_journal::Config {
                table: table?,
                bucket: bucket?,
                key: None,
                step_queue_url: step_queue_url?,
            },
            task_queue_url: task_queue_url?,
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
            ["ARTIFACTS_BUCKET", "STEP_QUEUE_URL", "TASK_QUEUE_URL"]
        );
    }
}
