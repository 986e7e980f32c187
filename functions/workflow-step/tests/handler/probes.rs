//! Probing agents.

use tdev_domain::{
    ArtifactDigest, ErrorName, ExampleResult, FailureKind, ManifestDraft, Outcome, Probe,
    StepRequest, StepResponse, Tool,
};
use workflow_step::{Event, handle};

use crate::function::{Function, tenant};

#[tokio::test]
async fn a_probe_wants_a_manifest() {
    let function = Function::new();
    let odd = "def get_capabilities():\n    return {'tools': 3}\n";
    let artifact = function.store(odd).await;
    let StepResponse::Probe(Outcome::Failed(failure)) = function.probe(artifact).await else {
        panic!("admitted");
    };
    assert_eq!(failure.kind, FailureKind::InvalidManifest);
    assert!(failure.message.contains("no manifest"), "{failure}");
}

#[tokio::test]
async fn examples_are_run_twice_in_a_world_that_stands_still() {
    let function = Function::new();
    let source = "def get_capabilities():\n    return {'description': 'Tells the time.', \
                  'capabilities': ['test.time'], 'tools': ['now', 'emit'], \
                  'examples': [{'input': 1}, {'input': 2}]}\n\n\n\
                  def execute(input):\n    if input == 2:\n        emit('x')\n    return now()\n";
    let artifact = function.store(source).await;
    let StepResponse::Probe(Outcome::Completed(report)) = function.probe(artifact).await else {
        panic!("not admitted");
    };
    let results: Vec<_> = report.examples.iter().map(|run| &run.result).collect();
    assert!(
        matches!(
            results[..],
            [
                ExampleResult::Ended {
                    deterministic: true,
                    ..
                },
                ExampleResult::Stopped {
                    stopped_at: Tool::Emit
                }
            ]
        ),
        "{results:?}"
    );
    assert!(function.aws.requests_of("Events.PutEvents").is_empty());
}

#[tokio::test]
async fn what_is_not_stored_cannot_be_probed() {
    let function = Function::new();
    let request = StepRequest::Probe(Box::new(Probe {
        tenant: tenant(),
        agent: "agent".parse().unwrap(),
        artifact: ArtifactDigest::of(b"nothing"),
        submitted: ManifestDraft::default(),
    }));
    let error = handle(&function.deps, Event::Request(Box::new(request)))
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
}
