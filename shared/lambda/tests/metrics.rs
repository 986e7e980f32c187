//! The one test of the process-wide metrics recorder, in a process of its own.

use std::time::Duration;

use serde_json::Value;
use tdev_lambda::telemetry::{self, names};

#[test]
fn metrics_leave_in_the_embedded_metric_format() {
    let written = || -> Vec<Value> {
        let mut lines = Vec::new();
        telemetry::write_metrics(&mut lines).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    assert!(written().is_empty(), "nothing is recorded before the start");
    telemetry::init();
    telemetry::record_cold_start();
    telemetry::record_cold_start();
    telemetry::record_latency(Duration::from_micros(1_500));
    metrics::counter!(names::MESSAGES_DEAD_LETTERED, telemetry::ERROR_NAME => "InvalidInput")
        .increment(2);
    insta::assert_json_snapshot!(written(), {
        "[]._aws.Timestamp" => "[milliseconds]",
        "[].Function" => "[function]",
    });
    assert!(written().is_empty(), "a count is written once");
}
