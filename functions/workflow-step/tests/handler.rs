//! The function as a whole, over a fake AWS and with a worker process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_agents::SAMPLES;
use tdev_aws::{Artifacts, Table};
use tdev_domain::{
    AgentFailure, ArtifactDigest, Callee, ErrorName, ExampleResult, FailureKind, Invocation,
    InvocationChange, InvocationFailure, InvocationId, InvocationStatus, Limits, ManifestDraft,
    Outcome, Probe, ReplayResult, Source, StepMessage, StepRequest, StepResponse, TenantId, Tool,
    VersionNumber,
};
use tdev_invocation::{Journal, accept};
use tdev_journal::Journals;
use tdev_testing::{FakeAws, Response as Answer};
use workflow_step::{Config, Deps, Event, PrivateAddresses, Response, SANDBOX_WORKER, handle};

/// The function, and what it works with.
struct Function {
    aws: FakeAws,
    deps: Deps,
    journals: Journals,
}

fn tenant() -> TenantId {
    "demo".parse().unwrap()
}

impl Function {
    fn new() -> Self {
        let aws = FakeAws::in_memory();
        let journal = tdev_journal::Config {
            table: "platform".to_owned(),
            bucket: "artifacts".to_owned(),
            key: Some("key".to_owned()),
            step_queue_url: "https://sqs/step".to_owned(),
        };
        let config = Config {
            journal: journal.clone(),
            task_queue_url: "https://sqs/task".to_owned(),
            event_bus: "bus".to_owned(),
            dead_letter_queue_url: "https://sqs/dead-letters".to_owned(),
            max_receives: 5.try_into().unwrap(),
            private_addresses: PrivateAddresses::Refused,
        };
        let deps = Deps::new(&aws.config(), &config, || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_workflow-step"));
            command.arg(SANDBOX_WORKER);
            command
        });
        let journals = Journals::new(&aws.config(), &journal);
        Self {
            aws,
            deps,
            journals,
        }
    }

    async fn store(&self, source: &str) -> ArtifactDigest {
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        Artifacts::new(&self.aws.config(), "artifacts")
            .put(&source)
            .await
            .unwrap()
    }

    /// An invocation of an agent whose `execute` has this body, accepted and not begun.
    async fn accepted(&self, body: &str, tools: &[Tool], input: Value) -> StepMessage {
        let source =
            format!("def get_capabilities():\n    return {{}}\n\n\ndef execute(input):\n{body}");
        let artifact = self.store(&source).await;
        self.accept(InvocationId::generate(), artifact, tools, input)
            .await
    }

    async fn accept(
        &self,
        id: InvocationId,
        artifact: ArtifactDigest,
        tools: &[Tool],
        input: Value,
    ) -> StepMessage {
        let callee = Callee {
            agent: "agent".parse().unwrap(),
            version: VersionNumber::FIRST,
            artifact,
            tools: tools.iter().copied().collect::<BTreeSet<_>>(),
            limits: Limits::default(),
        };
        let record = accept(id.clone(), tenant(), callee, input, Timestamp::now());
        self.write(record).await;
        StepMessage {
            tenant: tenant(),
            invocation: id,
        }
    }

    async fn write(&self, record: Invocation) {
        let journal = self.journals.of(&record.tenant.clone());
        journal
            .commit(&[InvocationChange::to(record)])
            .await
            .unwrap();
    }

    async fn record(&self, message: &StepMessage) -> Invocation {
        let journal = self.journals.of(&message.tenant);
        journal.load(&message.invocation).await.unwrap().unwrap()
    }

    async fn ask(&self, request: StepRequest) -> StepResponse {
        let event = Event::Request(Box::new(request));
        match handle(&self.deps, event).await.unwrap() {
            Response::Request(response) => *response,
            Response::Messages(batch) => panic!("answered as a batch: {batch:?}"),
        }
    }

    async fn drive(&self, message: &StepMessage) -> Invocation {
        match self.ask(StepRequest::Drive(message.clone())).await {
            StepResponse::Drive {
                invocation: Some(record),
            } => *record,
            other => panic!("not driven: {other:?}"),
        }
    }

    async fn probe(&self, artifact: ArtifactDigest) -> StepResponse {
        self.ask(StepRequest::Probe(Box::new(Probe {
            tenant: tenant(),
            agent: "agent".parse().unwrap(),
            artifact,
            submitted: ManifestDraft::default(),
        })))
        .await
    }
}

fn event(case: &str) -> Event {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/workflow-step")
        .join(case)
        .with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn output(record: Invocation) -> Value {
    match record.status {
        InvocationStatus::Completed { output } => output,
        other => panic!("not completed: {other:?}"),
    }
}

fn failure(record: Invocation) -> AgentFailure {
    match record.status {
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => failure,
        other => panic!("the agent has not failed: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_asked_of_a_run_that_is_not_there_changes_nothing() {
    let function = Function::new();
    for case in ["ok-run-message", "ok-hold-run", "ok-expire-run"] {
        match handle(&function.deps, event(case)).await.unwrap() {
            Response::Messages(batch) => assert!(batch.batch_item_failures.is_empty(), "{case}"),
            Response::Request(response) => {
                let (StepResponse::HoldRun { state } | StepResponse::ExpireRun { state }) =
                    *response
                else {
                    panic!("{case}: {response:?}");
                };
                assert_eq!(state, None, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn the_sample_events_run_the_sample_agent() {
    let function = Function::new();
    let sample = SAMPLES
        .iter()
        .find(|sample| sample.name == "text-statistics")
        .unwrap();
    let artifact = function.store(sample.source).await;
    let id: InvocationId = "inv_0199aa00000070008000000000000001".parse().unwrap();
    let input = json!({"text": "One two three. Four five."});
    let message = function.accept(id, artifact, &[], input).await;
    for case in [
        "ok-message",
        "duplicate-message",
        "ok-drive",
        "duplicate-drive",
    ] {
        match handle(&function.deps, event(case)).await.unwrap() {
            Response::Messages(batch) => assert!(batch.batch_item_failures.is_empty(), "{case}"),
            Response::Request(response) => {
                let StepResponse::Drive {
                    invocation: Some(record),
                } = *response
                else {
                    panic!("{case}: {response:?}");
                };
                assert!(record.status.is_final(), "{case}: {record:?}");
            }
        }
    }
    assert_eq!(function.record(&message).await.token, 1, "it ran once");
    let Response::Request(response) = handle(&function.deps, event("ok-replay")).await.unwrap()
    else {
        panic!("a replay was answered as a batch");
    };
    assert_eq!(*response, StepResponse::Replay(ReplayResult::Identical));
    let Response::Request(response) = handle(&function.deps, event("ok-probe")).await.unwrap()
    else {
        panic!("a probe was answered as a batch");
    };
    let StepResponse::Probe(Outcome::Completed(report)) = *response else {
        panic!("the probe failed: {response:?}");
    };
    assert!(!report.examples.is_empty());
}

#[tokio::test]
async fn what_no_function_could_take_is_dead_lettered_with_its_reason() {
    for case in ["malformed-message", "malformed-message-identifier"] {
        let function = Function::new();
        let answer = handle(&function.deps, event(case)).await.unwrap();
        let Response::Messages(batch) = answer else {
            panic!("{case} was not answered as a batch");
        };
        assert!(batch.batch_item_failures.is_empty(), "{case}");
        let sent = function.aws.requests_of("SQS.SendMessage");
        assert_eq!(sent.len(), 1, "{case}");
        assert_eq!(sent[0].json()["QueueUrl"], "https://sqs/dead-letters");
        let attributes = &sent[0].json()["MessageAttributes"];
        assert_eq!(attributes["ErrorName"]["StringValue"], "InvalidInput");
    }
}

#[tokio::test]
async fn a_run_leaves_its_output_logs_and_timing() {
    let function = Function::new();
    let body = "    print('hello')\n    log('seen', n=input)\n    return {'n': input}\n";
    let message = function.accepted(body, &[Tool::Log], json!(7)).await;
    let record = function.drive(&message).await;
    let report = record.report.clone();
    assert_eq!(output(record), json!({"n": 7}));
    let lines: Vec<_> = report.logs.iter().map(|line| &line.message).collect();
    assert_eq!(lines, ["hello", "seen"]);
    assert!(report.compile_us > 0);
}

#[tokio::test]
async fn a_failure_of_the_agent_is_its_outcome() {
    let function = Function::new();
    for (body, kind) in [
        ("    return 1 / input\n", FailureKind::Raised),
        ("    while True:\n        pass\n", FailureKind::TimedOut),
        ("    return (\n", FailureKind::InvalidSource),
    ] {
        let message = function.accepted(body, &[], json!(0)).await;
        assert_eq!(failure(function.drive(&message).await).kind, kind, "{body}");
    }
}

#[tokio::test]
async fn memory_is_kept_from_run_to_run() {
    let function = Function::new();
    let body =
        "    count = recall('visits', 0) + 1\n    remember('visits', count)\n    return count\n";
    let tools = [Tool::Recall, Tool::Remember];
    for expected in 1..=3 {
        let message = function.accepted(body, &tools, Value::Null).await;
        assert_eq!(output(function.drive(&message).await), json!(expected));
    }
}

#[tokio::test]
async fn an_event_carries_the_key_of_its_effect() {
    let function = Function::new();
    let body = "    emit('order.placed', {'total': input})\n    return 'done'\n";
    let message = function.accepted(body, &[Tool::Emit], json!(12.5)).await;
    assert_eq!(output(function.drive(&message).await), "done");
    let put = function.aws.requests_of("Events.PutEvents");
    assert_eq!(put.len(), 1);
    let entry = put[0].json()["Entries"][0].clone();
    assert_eq!(entry["DetailType"], "order.placed");
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["detail"], json!({"total": 12.5}));
    let key = format!("{}/1", message.invocation);
    assert_eq!(detail["idempotency_key"], json!(key));
}

#[tokio::test]
async fn a_tools_refusal_can_be_caught() {
    let function = Function::new();
    let body = "    try:\n        llm('hello')\n    except RuntimeError as error:\n        return str(error)\n";
    let message = function.accepted(body, &[Tool::Llm], Value::Null).await;
    let told = output(function.drive(&message).await);
    assert_eq!(told, "model_not_configured: no model is configured");
    let body = "    http_get('http://169.254.169.254/')\n";
    let message = function.accepted(body, &[Tool::HttpGet], Value::Null).await;
    let failure = failure(function.drive(&message).await);
    assert!(failure.message.contains("not_allowed: "), "{failure}");
}

#[tokio::test]
async fn a_run_that_sleeps_goes_on_in_another_process() {
    let function = Function::new();
    let body = "    kept = [input, now()]\n    sleep(0)\n    return kept[0]\n";
    let message = function
        .accepted(body, &[Tool::Now, Tool::Sleep], json!("x"))
        .await;
    let asleep = function.drive(&message).await;
    assert!(
        matches!(asleep.status, InvocationStatus::Suspended { .. }),
        "{asleep:?}"
    );
    let woken = function.aws.requests_of("SQS.SendMessage");
    assert_eq!(woken.len(), 1);
    assert_eq!(woken[0].json()["QueueUrl"], "https://sqs/step");
    assert_eq!(output(function.drive(&message).await), "x");
}

#[tokio::test]
async fn agents_call_each_other() {
    let function = Function::new();
    let body = "    try:\n        return call_agent('nobody', 1)\n    except RuntimeError as error:\n        return str(error)\n";
    let message = function
        .accepted(body, &[Tool::CallAgent], Value::Null)
        .await;
    let told = output(function.drive(&message).await);
    assert_eq!(told, "failed: there is no agent 'nobody'");
}

#[tokio::test]
async fn a_task_is_told_of_the_end_however_often_it_is_delivered() {
    let function = Function::new();
    let message = function.accepted("    return 1\n", &[], Value::Null).await;
    let other = StepMessage {
        invocation: InvocationId::generate(),
        ..message.clone()
    };
    let task = tdev_domain::TaskId::generate();
    let record = Invocation {
        id: other.invocation.clone(),
        task: Some(task.clone()),
        ..function.record(&message).await
    };
    function.write(record).await;
    for times in 1..=2 {
        function.drive(&other).await;
        let sent = function.aws.requests_of("SQS.SendMessage");
        assert_eq!(sent.len(), times);
        assert_eq!(sent[times - 1].json()["QueueUrl"], "https://sqs/task");
        let body = sent[times - 1].json()["MessageBody"].clone();
        assert!(body.as_str().unwrap().contains(task.as_str()));
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_driven() {
    let function = Function::new();
    let message = StepMessage {
        tenant: tenant(),
        invocation: InvocationId::generate(),
    };
    let driven = function.ask(StepRequest::Drive(message.clone())).await;
    assert_eq!(driven, StepResponse::Drive { invocation: None });
    let replayed = function.ask(StepRequest::Replay(message)).await;
    assert_eq!(replayed, StepResponse::Replay(ReplayResult::Unknown));
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_worth_another_try() {
    let function = Function::new();
    let message = function.accepted("    return 1\n", &[], Value::Null).await;
    function.aws.on("S3.GetObject", |_| {
        Answer::error(503, "SlowDown", "reduce your request rate")
    });
    let request = StepRequest::Drive(message.clone());
    let error = handle(&function.deps, Event::Request(Box::new(request)))
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    let record = function.record(&message).await;
    assert!(!record.status.is_final(), "{record:?}");
}

#[tokio::test]
async fn an_artifact_that_is_gone_ends_the_run() {
    let function = Function::new();
    let gone = ArtifactDigest::of(b"nothing");
    let id = InvocationId::generate();
    let message = function.accept(id, gone.clone(), &[], Value::Null).await;
    let record = function.drive(&message).await;
    let InvocationStatus::Failed {
        failure: InvocationFailure::Unresumable { message },
    } = record.status
    else {
        panic!("{record:?}");
    };
    assert!(message.contains(gone.as_str()), "{message}");
}

#[tokio::test]
async fn an_agent_that_takes_its_worker_with_it_leaves_the_next_one_well() {
    let function = Function::new();
    // The interpreter compares two structures that share without end, and looks at no clock.
    let body = "    a, b = [1], [1]\n    for _ in range(60):\n        a, b = [a, a], [b, b]\n    return a == b\n";
    let message = function.accepted(body, &[], json!(1)).await;
    assert_eq!(
        failure(function.drive(&message).await).kind,
        FailureKind::TimedOut
    );
    let message = function.accepted("    return input\n", &[], json!(7)).await;
    assert_eq!(output(function.drive(&message).await), 7);
}

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

#[tokio::test]
async fn settings_open_a_host_to_agents() {
    let function = Function::new();
    let table = Table::new(&function.aws.config(), "platform");
    let settings = serde_json::from_value(json!({"http_hosts": ["127.0.0.1:9"]})).unwrap();
    table.put_settings(&tenant(), &settings).await.unwrap();
    let body = "    http_get('http://127.0.0.1:9/')\n";
    let message = function.accepted(body, &[Tool::HttpGet], Value::Null).await;
    let failure = failure(function.drive(&message).await);
    // The tenant's list lets it pass; that the address is private does not.
    assert!(
        failure.message.contains("not of the public internet"),
        "{failure}"
    );
}

#[tokio::test]
async fn every_message_of_a_batch_is_seen_to() {
    let function = Function::new();
    let mut messages = Vec::new();
    let mut records = Vec::new();
    for n in 0..5 {
        let message = function
            .accepted("    return input * 2", &[], json!(n))
            .await;
        let body = serde_json::to_string(&message).unwrap();
        records.push(json!({"messageId": format!("m-{n}"), "body": body}));
        messages.push(message);
    }
    records.push(json!({"messageId": "m-5", "body": "{}"}));
    let event: Event = serde_json::from_value(json!({"Records": records})).unwrap();
    let Response::Messages(response) = handle(&function.deps, event).await.unwrap() else {
        panic!("not answered as a batch");
    };
    assert!(response.batch_item_failures.is_empty());
    // On a slow machine, some of them were sent again.
    let sent = function.aws.requests_of("SQS.SendMessage");
    let bodies: Vec<_> = sent
        .iter()
        .map(|sent| sent.json()["MessageBody"].to_string())
        .collect();
    let dead = bodies.iter().filter(|body| *body == "\"{}\"").count();
    assert_eq!(dead, 1);
    for (n, message) in messages.iter().enumerate() {
        let id = message.invocation.as_str();
        let again = bodies.iter().filter(|body| body.contains(id)).count();
        let record = function.record(message).await;
        if again == 0 {
            assert_eq!(output(record), json!(n * 2));
        } else {
            assert_eq!((again, record.status), (1, InvocationStatus::Queued));
        }
    }
}
