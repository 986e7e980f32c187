//! The environment of the function.

use std::num::NonZeroU32;

use tdev_lambda::env::Env;

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `ARTIFACTS_BUCKET`: the bucket agents are stored in.
    pub artifacts_bucket: String,
    /// `DEAD_LETTER_QUEUE_URL`: where messages go that cannot be handled.
    pub dead_letter_queue_url: String,
    /// `MAX_RECEIVES`: after how many receives a failure that passes counts as final. Not above
    /// the queue's own `maxReceiveCount`.
    pub max_receives: NonZeroU32,
    /// `WORKFLOW_STEP_FUNCTION`: the name or ARN of the function that runs agents.
    pub workflow_step_function: String,
    /// `TRAIN_QUEUE_URL`: where it is said whose routing model may be out of date.
    pub train_queue_url: String,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let artifacts_bucket = env.var("ARTIFACTS_BUCKET");
        let dead_letter_queue_url = env.var("DEAD_LETTER_QUEUE_URL");
        let max_receives = env.var("MAX_RECEIVES");
        let workflow_step_function = env.var("WORKFLOW_STEP_FUNCTION");
        let train_queue_url = env.var("TRAIN_QUEUE_URL");
        Some(Self {
            table: table?,
            artifacts_bucket: artifacts_bucket?,
            dead_letter_queue_url: dead_letter_queue_url?,
            max_receives: max_receives?,
            workflow_step_function: workflow_step_function?,
            train_queue_url: train_queue_url?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_environment() {
        let config = Env::of([
            ("TABLE_NAME", "platform"),
            ("ARTIFACTS_BUCKET", "artifacts"),
            ("DEAD_LETTER_QUEUE_URL", "https://sqs/dead-letters"),
            ("MAX_RECEIVES", "5"),
            ("WORKFLOW_STEP_FUNCTION", "workflow-step"),
            ("TRAIN_QUEUE_URL", "https://sqs/train"),
        ])
        .load(Config::read)
        .unwrap();
        assert_eq!(config.max_receives.get(), 5);
        assert_eq!(config.workflow_step_function, "workflow-step");
    }

    #[test]
    fn names_everything_that_is_missing_or_bad() {
        let env = Env::of([("TABLE_NAME", "platform"), ("MAX_RECEIVES", "0")]);
        let error = env.load(Config::read).unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(
            names,
            [
                "ARTIFACTS_BUCKET",
                "DEAD_LETTER_QUEUE_URL",
                "MAX_RECEIVES",
                "WORKFLOW_STEP_FUNCTION",
                "TRAIN_QUEUE_URL"
            ]
        );
    }
}
