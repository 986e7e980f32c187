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
use serde::de::DeserializeOwned;
use serde_json::Value;
use tdev_domain::evolution::{EvolveRequest, PromoteRequest, TriggerRequest};
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

type Parsed = serde_json::Result<()>;

fn parses<T: DeserializeOwned>(event: Value) -> Parsed {
    serde_json::from_value::<T>(event).map(|_| ())
}

/// A batch of messages, or else a `T`.
fn either_parses<T: DeserializeOwned>(event: Value) -> Parsed {
    if event.get("Records").is_some() {
        parses::<SqsEvent>(event)
    } else {
        parses::<T>(event)
    }
}

/// Every file but those named `malformed…` must parse, and there must be such files.
fn all_parse(function: &str, parse: fn(Value) -> Parsed) {
    let mut parsed = 0;
    for (case, text) in files(function) {
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{function}/{case}: {e}"));
        if !case.starts_with("malformed") {
            parse(json).unwrap_or_else(|e| panic!("{function}/{case}: {e}"));
            parsed += 1;
        }
    }
    assert!(parsed > 0, "events/{function} has no well-formed event");
}

#[test]
fn gateway_events_are_http_api_requests() {
    all_parse("gateway", parses::<ApiGatewayV2httpRequest>);
}

#[test]
fn register_events_are_sqs_batches() {
    all_parse("register", parses::<SqsEvent>);
}

#[test]
fn workflow_step_events_are_sqs_batches_or_requests() {
    all_parse("workflow-step", either_parses::<StepRequest>);
}

#[test]
fn route_events_are_sqs_batches_or_requests() {
    all_parse("route", either_parses::<RouteRequest>);
}

#[test]
fn train_router_events_are_sqs_batches() {
    all_parse("train-router", parses::<SqsEvent>);
}

#[test]
fn keeper_events_are_those_of_a_schedule() {
    all_parse("keeper", parses::<EventBridgeEvent>);
}

#[test]
fn events_of_evolutions_are_requests() {
    all_parse("evolve-generation", parses::<EvolveRequest>);
    all_parse("promote-champion", parses::<PromoteRequest>);
    all_parse("trigger-evolution", parses::<TriggerRequest>);
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
