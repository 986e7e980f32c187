//! Logs and metrics, both as JSON lines on standard output.
//!
//! Metrics go through the macros of the [`metrics`] crate and leave in CloudWatch's Embedded
//! Metric Format, in the namespace [`NAMESPACE`] with the function's name as the dimension
//! `Function`. Without [`init`], as in tests, the macros do nothing.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The CloudWatch namespace of all metrics.
pub const NAMESPACE: &str = "T-Developer";

/// The names of the metrics; alarms and dashboards refer to them.
pub mod names {
    /// Invocations that started a new execution environment.
    pub const COLD_START: &str = "ColdStart";
    /// What the handler took, in milliseconds.
    pub const HANDLER_LATENCY: &str = "HandlerLatency";
    /// Invocations that ended in an error, by `ErrorName`.
    pub const INVOCATIONS_FAILED: &str = "InvocationsFailed";
    /// Messages that were done with.
    pub const MESSAGES_SUCCEEDED: &str = "MessagesSucceeded";
    /// Messages that were handed back to the queue, to be delivered again.
    pub const MESSAGES_RETRIED: &str = "MessagesRetried";
    /// Messages that were put on the dead-letter queue, by `ErrorName`.
    pub const MESSAGES_DEAD_LETTERED: &str = "MessagesDeadLettered";
    /// Registrations that reached their end, by `State`.
    pub const REGISTRATIONS_SETTLED: &str = "RegistrationsSettled";
    /// What a decision on a task took once all was at hand, in microseconds.
    pub const ROUTING_LATENCY: &str = "RoutingLatency";
    /// How likely decisions were right, as far as the model could tell: from 0 to 1.
    pub const DECISION_CONFIDENCE: &str = "DecisionConfidence";
    /// Tasks that were decided on, by `Outcome`.
    pub const TASKS_ROUTED: &str = "TasksRouted";
    /// Tasks that were turned away, by `Reason`.
    pub const TASKS_REJECTED: &str = "TasksRejected";
    /// Tasks whose agent ended, by the `State` they came to.
    pub const TASKS_SETTLED: &str = "TasksSettled";
    /// For each attempt of an agent at a task that ended, 1 if it failed and 0 if not: the average
    /// is the rate of failures.
    pub const ATTEMPT_FAILED: &str = "AttemptFailed";
    /// How long the head of the queue had been in it, in milliseconds.
    pub const QUEUE_AGE: &str = "QueueAge";
    /// The share of its capacity that the chosen agent had in use: from 0 to 1.
    pub const AGENT_UTILISATION: &str = "AgentUtilisation";
    /// Models that were trained, by `Outcome`.
    pub const MODELS_TRAINED: &str = "ModelsTrained";
    /// What training a model took, in milliseconds.
    pub const TRAINING_TIME: &str = "TrainingTime";
    /// Invocations and tasks that the keeper sent for, by `Kind`.
    pub const KEPT: &str = "Kept";
}

/// The dimension by which failures are told apart.
pub const ERROR_NAME: &str = "ErrorName";

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// The function's name, as Lambda gives it.
pub(crate) fn function_name() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "local".to_owned())
}

/// Starts logging and metrics; [`start`](crate::start) does so first thing.
///
/// The level is `info` unless `RUST_LOG` says otherwise.
pub fn init() {
    tracing::subscriber::set_global_default(subscriber(io::stdout, filter()))
        .unwrap_or_else(|error| tracing::warn!(%error, "logging was started already"));
    let started = Builder::new()
        .cloudwatch_namespace(NAMESPACE)
        .with_dimension("Function", function_name())
        .init();
    match started {
        Ok(collector) => {
            describe();
            COLLECTOR.get_or_init(|| collector);
        }
        Err(error) => tracing::warn!(error, "metrics were started already"),
    }
}

/// Writes the metrics recorded since the last call. [`run`](crate::run) does so after every
/// invocation; only a function with a runtime of its own has to.
pub fn flush_metrics() {
    if let Err(error) = write_metrics(&mut io::stdout().lock()) {
        tracing::warn!(%error, "metrics were not written");
    }
}

/// Writes to `writer` what [`flush_metrics`] would write to standard output.
pub fn write_metrics(writer: &mut impl Write) -> io::Result<()> {
    let Some(collector) = COLLECTOR.get() else {
        return Ok(());
    };
    // One write for the whole, so that no log line falls between.
    let mut lines = Vec::new();
    collector.flush(&mut lines)?;
    writer.write_all(&lines)
}

/// Records how long a handler took.
pub fn record_latency(latency: Duration) {
    metrics::histogram!(names::HANDLER_LATENCY).record(latency.as_secs_f64() * 1_000.0);
}

/// Counts the start of an execution environment: on the first call, not on later ones.
pub fn record_cold_start() {
    static COUNTED: OnceLock<()> = OnceLock::new();
    COUNTED.get_or_init(|| metrics::counter!(names::COLD_START).increment(1));
}

fn describe() {
    for counter in [
        names::COLD_START,
        names::INVOCATIONS_FAILED,
        names::MESSAGES_SUCCEEDED,
        names::MESSAGES_RETRIED,
        names::MESSAGES_DEAD_LETTERED,
        names::REGISTRATIONS_SETTLED,
        names::TASKS_ROUTED,
        names::TASKS_REJECTED,
        names::TASKS_SETTLED,
        names::MODELS_TRAINED,
        names::KEPT,
    ] {
        metrics::describe_counter!(counter, Unit::Count, "");
    }
    for (histogram, unit) in [
        (names::HANDLER_LATENCY, Unit::Milliseconds),
        (names::ROUTING_LATENCY, Unit::Microseconds),
        (names::DECISION_CONFIDENCE, Unit::Count),
        (names::ATTEMPT_FAILED, Unit::Count),
        (names::QUEUE_AGE, Unit::Milliseconds),
        (names::AGENT_UTILISATION, Unit::Count),
        (names::TRAINING_TIME, Unit::Milliseconds),
    ] {
        metrics::describe_histogram!(histogram, unit, "");
    }
}

/// What holds whatever `RUST_LOG` says. The runtime repeats every error of a handler without its
/// span, and `run` has logged it; below this level the SDK logs the bodies of its answers, which are
/// tenants' data.
const FIXED: [&str; 2] = [
    "lambda_runtime::layers::panic=off",
    "aws_smithy_runtime=info",
];

fn filter() -> EnvFilter {
    let asked = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    fixed(asked)
}

fn fixed(asked: EnvFilter) -> EnvFilter {
    let directives = FIXED.iter().filter_map(|directive| directive.parse().ok());
    directives.fold(asked, EnvFilter::add_directive)
}

/// JSON lines with the fields of every span around an event, the outermost first.
fn subscriber<W>(writer: W, filter: EnvFilter) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Buffer {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn no_level_shows_what_the_sdk_received() {
        let buffer = Buffer::default();
        let subscriber = subscriber(buffer.clone(), fixed(EnvFilter::new("trace")));
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!("shown");
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", "a body");
            tracing::error!(target: "lambda_runtime::layers::panic", "repeated");
        });
        let log = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("shown"), "{log}");
        assert!(!log.contains("body") && !log.contains("repeated"), "{log}");
    }

    #[test]
    fn a_log_line_is_json_with_the_fields_of_its_spans() {
        let buffer = Buffer::default();
        let subscriber = subscriber(buffer.clone(), EnvFilter::new("info"));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!(
                "invocation",
                request_id = "r-1",
                tenant = tracing::field::Empty
            );
            span.record("tenant", "acme");
            let _outer = span.entered();
            let _inner = tracing::info_span!("message", message_id = "m-1").entered();
            tracing::info!(state = "active", "settled");
            tracing::debug!("not shown");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        insta::assert_json_snapshot!(lines, {"[].timestamp" => "[time]"});
    }
}
