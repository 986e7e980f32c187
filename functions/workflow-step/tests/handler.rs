//! The function as a whole, over a fake S3 and with a worker process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tdev_agents::SAMPLES;
use tdev_aws::Artifacts;
use tdev_domain::{
    AgentFailure, ArtifactDigest, ErrorName, Execute, ExecuteResult, FailureKind, Limits,
    ManifestDraft, Outcome, Probe, Source, StepRequest, StepResponse,
};
use tdev_testing::{FakeAws, Response};
use workflow_step::{Config, Deps, SANDBOX_WORKER, handle};

fn deps(aws: &FakeAws) -> Deps {
    let config = Config {
        bucket: "artifacts".to_owned(),
    };
    Deps::new(&aws.config(), &config, || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workflow-step"));
        command.arg(SANDBOX_WORKER);
        command
    })
}

async fn stored(aws: &FakeAws, source: &str) -> ArtifactDigest {
    let source = Source::from_bytes(source.as_bytes()).unwrap();
    Artifacts::new(&aws.config(), "artifacts")
        .put(&source)
        .await
        .unwrap()
}

fn event(case: &str) -> StepRequest {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/workflow-step")
        .join(case)
        .with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn execute_request(artifact: ArtifactDigest, input: Value) -> StepRequest {
    StepRequest::Execute(Execute {
        tenant: "acme".parse().unwrap(),
        agent: "agent".parse().unwrap(),
        version: tdev_domain::VersionNumber::FIRST,
        artifact,
        tools: BTreeSet::new(),
        limits: Limits::default(),
        input,
    })
}

fn probe_request(artifact: ArtifactDigest) -> StepRequest {
    StepRequest::Probe(Probe {
        tenant: "acme".parse().unwrap(),
        agent: "agent".parse().unwrap(),
        artifact,
        submitted: ManifestDraft::default(),
    })
}

fn failure(response: StepResponse) -> AgentFailure {
    match response {
        StepResponse::Execute(ExecuteResult {
            outcome: Outcome::Failed(failure),
            ..
        })
        | StepResponse::Probe(Outcome::Failed(failure)) => failure,
        other => panic!("not a failure: {other:?}"),
    }
}

#[tokio::test]
async fn the_sample_events_run_the_sample_agent() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let sample = SAMPLES
        .iter()
        .find(|sample| sample.name == "text-statistics")
        .unwrap();
    let digest = stored(&aws, sample.source).await;
    for (case, is_cached) in [("ok-execute", false), ("duplicate-execute", true)] {
        let request = event(case);
        let StepRequest::Execute(Execute { artifact, .. }) = &request else {
            panic!("{case} is no execution");
        };
        assert_eq!(*artifact, digest, "{case} names another artifact");
        let StepResponse::Execute(result) = handle(&deps, request).await.unwrap() else {
            panic!("{case} was not answered as an execution");
        };
        assert_eq!(result.timing.compile_us == 0, is_cached);
        assert!(
            matches!(result.outcome, Outcome::Completed(_)),
            "{result:?}"
        );
    }
    let response = handle(&deps, event("ok-probe")).await.unwrap();
    let StepResponse::Probe(Outcome::Completed(report)) = response else {
        panic!("the probe failed: {response:?}");
    };
    assert!(!report.examples.is_empty());
    for run in report.examples {
        assert!(run.deterministic, "{run:?}");
        let Outcome::Completed(completed) = run.outcome else {
            panic!("an example failed: {:?}", run.outcome);
        };
        assert_eq!(run.example.output, Some(completed.output));
    }
}

#[tokio::test]
async fn an_answer_is_json_with_its_outcome() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let source = "def get_capabilities():\n    return {}\n\n\n\
                  def execute(input):\n    print('hello')\n    return [1 / input]\n";
    let digest = stored(&aws, source).await;
    let mut answers = Vec::new();
    for input in [json!(2), json!(0)] {
        let request = execute_request(digest.clone(), input);
        answers.push(handle(&deps, request).await.unwrap());
    }
    insta::assert_json_snapshot!(answers, {
        "[].timing.compile_us" => "[us]",
        "[].timing.run_us" => "[us]",
    });
}

#[tokio::test]
async fn an_agent_that_does_not_compile_is_an_answer() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let digest = stored(&aws, "def execute(input)\n    pass\n").await;
    for request in [
        execute_request(digest.clone(), json!(1)),
        probe_request(digest),
    ] {
        let failure = failure(handle(&deps, request).await.unwrap());
        assert_eq!(failure.kind, FailureKind::InvalidSource);
        assert_eq!(failure.line, Some(1));
    }
}

#[tokio::test]
async fn a_probe_wants_a_manifest() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let odd = "def get_capabilities():\n    return {'tools': 3}\n";
    let digest = stored(&aws, odd).await;
    let failure = failure(handle(&deps, probe_request(digest)).await.unwrap());
    assert_eq!(failure.kind, FailureKind::InvalidManifest);
    assert!(failure.message.contains("no manifest"), "{failure}");
}

#[tokio::test]
async fn the_clock_stands_still_while_examples_are_compared() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let source = "def get_capabilities():\n    return {'description': 'Tells the time.', \
                  'capabilities': ['test.time'], 'tools': ['now'], \
                  'examples': [{'input': 1}]}\n\n\n\
                  def execute(input):\n    return now()\n";
    let digest = stored(&aws, source).await;
    let response = handle(&deps, probe_request(digest)).await.unwrap();
    let StepResponse::Probe(Outcome::Completed(report)) = response else {
        panic!("the probe failed: {response:?}");
    };
    assert!(report.examples[0].deterministic);
}

#[tokio::test]
async fn what_is_not_stored_cannot_be_run() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let absent = ArtifactDigest::of(b"nothing");
    let error = handle(&deps, probe_request(absent)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
}

#[tokio::test]
async fn an_unreachable_bucket_is_worth_another_try() {
    let aws = FakeAws::in_memory();
    aws.on("S3.GetObject", |_| {
        Response::error(503, "SlowDown", "reduce your request rate")
    });
    let request = execute_request(ArtifactDigest::of(b"x"), json!(1));
    let error = handle(&deps(&aws), request).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
}

#[tokio::test]
async fn an_agent_that_takes_its_worker_with_it_leaves_the_next_one_well() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    // The interpreter compares two structures that share without end, and looks at no clock.
    let source = "def get_capabilities():\n    return {}\n\n\n\
                  def execute(input):\n    a, b = [1], [1]\n    \
                  for _ in range(60):\n        a, b = [a, a], [b, b]\n    return a == b\n";
    let digest = stored(&aws, source).await;
    let failure = failure(
        handle(&deps, execute_request(digest, json!(1)))
            .await
            .unwrap(),
    );
    assert_eq!(failure.kind, FailureKind::TimedOut);
    let good = stored(
        &aws,
        "def get_capabilities():\n    return {}\n\n\ndef execute(input):\n    return input\n",
    )
    .await;
    let response = handle(&deps, execute_request(good, json!(7)))
        .await
        .unwrap();
    let StepResponse::Execute(result) = response else {
        panic!("not answered as an execution");
    };
    assert!(matches!(result.outcome, Outcome::Completed(completed) if completed.output == 7));
}
