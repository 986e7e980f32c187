//! The environment of the function.

use std::num::NonZeroU32;

use tdev_lambda::env::Env;

use crate::http::PrivateAddresses;

/// What the function is configured with. Every variable but `HTTP_PRIVATE_ADDRESSES` is required.
#[derive(Debug, Clone)]
pub struct Config {
    /// `TABLE_NAME`, `ARTIFACTS_BUCKET`, `KEY_ARN`, `STEP_QUEUE_URL`: where invocations are, the
    /// key that their snapshots are sealed under, and the queue that calls for workers.
    pub journal: tdev_journal::Config,
    /// `TASK_QUEUE_URL`: where a task is told that its invocation has ended.
    pub task_queue_url: String,
    /// `EVENT_BUS`: the name of the bus that agents' events go to.
    pub event_bus: String,
    /// `DEAD_LETTER_QUEUE_URL`: where messages go that cannot be handled.
    pub dead_letter_queue_url: String,
    /// `MAX_RECEIVES`: after how many receives a failure that passes counts as final. Not above
    /// the queue's own `maxReceiveCount`.
    pub max_receives: NonZeroU32,
    /// `HTTP_PRIVATE_ADDRESSES`: whether agents' requests may go to private addresses, `refused`
    /// (the default) or `allowed`.
    pub private_addresses: PrivateAddresses,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let bucket = env.var("ARTIFACTS_BUCKET");
        let key_arn = env.var("KEY_ARN");
        let step_queue_url = env.var("STEP_QUEUE_URL");
        let task_queue_url = env.var("TASK_QUEUE_URL");
        let event_bus = env.var("EVENT_BUS");
        let dead_letter_queue_url = env.var("DEAD_LETTER_QUEUE_URL");
        let max_receives = env.var("MAX_RECEIVES");
        let private_addresses = env.var_or("HTTP_PRIVATE_ADDRESSES", PrivateAddresses::Refused);
        Some(Self {
            journal: tdev_journal::Config {
                table: table?,
                bucket: bucket?,
                key: Some(key_arn?),
                step_queue_url: step_queue_url?,
            },
            task_queue_url: task_queue_url?,
            event_bus: event_bus?,
            dead_letter_queue_url: dead_letter_queue_url?,
            max_receives: max_receives?,
            private_addresses: private_addresses?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_environment() {
        let all = [
            ("TABLE_NAME", "platform"),
            ("ARTIFACTS_BUCKET", "artifacts"),
            ("KEY_ARN", "arn:aws:kms:eu-central-1:1:key/k"),
            ("STEP_QUEUE_URL", "https://sqs/step"),
            ("TASK_QUEUE_URL", "https://sqs/task"),
            ("EVENT_BUS", "tdev-dev"),
            ("DEAD_LETTER_QUEUE_URL", "https://sqs/dead-letters"),
            ("MAX_RECEIVES", "5"),
        ];
        let config = Env::of(all).load(Config::read).unwrap();
        assert_eq!(config.journal.bucket, "artifacts");
        assert_eq!(config.private_addresses, PrivateAddresses::Refused);
        let error = Env::of([("HTTP_PRIVATE_ADDRESSES", "some")])
            .load(Config::read)
            .unwrap_err();
        let mut names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(names.pop(), Some("HTTP_PRIVATE_ADDRESSES"));
        assert_eq!(names, all.map(|(name, _)| name));
    }
}
