//! The sample events are the ones the functions take: every file parses as its function's input.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::SqsEvent;
use serde_json::Value;
use tdev_domain::{RouteRequest, StepRequest};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

fn files(function: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(root().join("events").join(function))
        .unwrap_or_else(|e| panic!("events/{function}: {e}"))
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let case = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (case, fs::read_to_string(path).expect("UTF-8"))
        })
        .collect();
    files.sort();
    files
}

/// A batch of messages, or else a `T`.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Either<T> {
    #[expect(dead_code, reason = "that it parses is all that is asked")]
    Batch(SqsEvent),
    #[expect(dead_code, reason = "that it parses is all that is asked")]
    Request(T),
}

fn either_parses<T: serde::de::DeserializeOwned>(function: &str) {
    all_parse::<Either<T>>(function);
}

/// Every file but those named `malformed…` must parse as `T`, and there must be such files.
fn all_parse<T: serde::de::DeserializeOwned>(function: &str) {
    let mut parsed = 0;
    for (case, text) in files(function) {
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{function}/{case}: {e}"));
        if !case.starts_with("malformed") {
            serde_json::from_value::<T>(json).unwrap_or_else(|e| panic!("{function}/{case}: {e}"));
            parsed += 1;
        }
    }
    assert!(parsed > 0, "events/{function} has no well-formed event");
}

#[test]
fn gateway_events_are_http_api_requests() {
    all_parse::<ApiGatewayV2httpRequest>("gateway");
}

#[test]
fn register_events_are_sqs_batches() {
    all_parse::<SqsEvent>("register");
}

#[test]
fn workflow_step_events_are_sqs_batches_or_requests() {
    either_parses::<StepRequest>("workflow-step");
}

#[test]
fn route_events_are_sqs_batches_or_requests() {
    either_parses::<RouteRequest>("route");
}

#[test]
fn train_router_events_are_sqs_batches() {
    all_parse::<SqsEvent>("train-router");
}

#[test]
fn keeper_events_are_those_of_a_schedule() {
    all_parse::<EventBridgeEvent>("keeper");
}

#[test]
fn every_function_has_sample_events_for_the_good_and_the_bad_case() {
    for entry in fs::read_dir(root().join("functions")).expect("functions/") {
        let function = entry
            .expect("readable")
            .file_name()
            .to_string_lossy()
            .into_owned();
        let cases: Vec<_> = files(&function).into_iter().map(|(case, _)| case).collect();
        for kind in ["ok", "malformed", "duplicate"] {
            assert!(
                cases.iter().any(|case| case.contains(kind)),
                "events/{function} has no case named {kind}: {cases:?}"
            );
        }
    }
}
