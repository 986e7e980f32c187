//! The environment of the function.

use std::num::NonZeroU32;

use tdev_lambda::env::Env;

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `ARTIFACTS_BUCKET`: the bucket of models, and of inputs too large for the table.
    pub artifacts_bucket: String,
    /// `STEP_QUEUE_URL`: where the worker is called that runs an agent.
    pub step_queue_url: String,
    /// `TASK_QUEUE_URL`: the function's own queue, for tasks whose time is yet to come.
    pub task_queue_url: String,
    /// `TRAIN_QUEUE_URL`: where it is said whose model may be out of date.
    pub train_queue_url: String,
    /// `DEAD_LETTER_QUEUE_URL`: where messages go that cannot be handled, and word of tasks that
    /// were given up.
    pub dead_letter_queue_url: String,
    /// `MAX_RECEIVES`: after how many receives a failure that passes counts as final. Not above
    /// the queue's own `maxReceiveCount`.
    pub max_receives: NonZeroU32,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let artifacts_bucket = env.var("ARTIFACTS_BUCKET");
        let step_queue_url = env.var("STEP_QUEUE_URL");
        let task_queue_url = env.var("TASK_QUEUE_URL");
        let train_queue_url = env.var("TRAIN_QUEUE_URL");
        let dead_letter_queue_url = env.var("DEAD_LETTER_QUEUE_URL");
        let max_receives = env.var("MAX_RECEIVES");
        Some(Self {
            table: table?,
            artifacts_bucket: artifacts_bucket?,
            step_queue_url: step_queue_url?,
            task_queue_url: task_queue_url?,
            train_queue_url: train_queue_url?,
            dead_letter_queue_url: dead_letter_queue_url?,
            max_receives: max_receives?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_everything_that_is_missing_or_bad() {
        let env = Env::of([("TABLE_NAME", "platform"), ("MAX_RECEIVES", "0")]);
        let error = env.load(Config::read).unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(
            names,
            [
                "ARTIFACTS_BUCKET",
                "STEP_QUEUE_URL",
                "TASK_QUEUE_URL",
                "TRAIN_QUEUE_URL",
                "DEAD_LETTER_QUEUE_URL",
                "MAX_RECEIVES"
            ]
        );
    }
}
