//! The sample events of `events/register`, and the pipeline over a fake AWS.

mod failures;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tdev_agents::HOSTILE;
use tdev_aws::PageRequest;
use tdev_domain::{ApiKeyId, ManifestDraft, Release, Source, TenantId};
use tdev_lambda::env::Env;
use tdev_testing::{FakeAws, Response};

use super::*;

const AGENT: &str = r#""""Counts words."""


def get_capabilities():
    """What this agent can do."""
    return {}


def execute(input):
    """Counts the words of a text."""
    return len(input.split())
"#;

fn event(case: &str) -> SqsEvent {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/register/{case}.json"));
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A fake AWS whose `workflow-step` answers every probe well.
fn aws() -> FakeAws {
    let aws = FakeAws::in_memory();
    aws.on("Lambda.Invoke", |_| Response::json(&probed(&json!({}))));
    aws
}

/// The answer to a probe of an agent that declares this beside what it must.
fn probed(fields: &Value) -> Value {
    let mut declared = json!({"description": "Counts words.", "capabilities": ["text.count"]});
    for (name, value) in fields.as_object().unwrap() {
        declared[name] = value.clone();
    }
    json!({
        "action": "probe",
        "outcome": "completed",
        "declared": declared,
        "compile_us": 230,
        "describe_us": 5,
        "compiled_bytes": 45_000,
        "examples": [],
    })
}

fn deps(aws: &FakeAws) -> Deps {
    let config = Env::of([
        ("TABLE_NAME", "platform"),
        ("ARTIFACTS_BUCKET", "artifacts"),
        (
            "DEAD_LETTER_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/dead-letters",
        ),
        ("MAX_RECEIVES", "5"),
        ("WORKFLOW_STEP_FUNCTION", "workflow-step"),
        (
            "TRAIN_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/train",
        ),
    ])
    .load(Config::read);
    Deps::new(&aws.config(), config.unwrap())
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

/// Stores a registration of `source` as `word-count`, as the gateway does.
async fn accept(deps: &Deps, source: &str) -> Registration {
    let source = Source::from_bytes(source.as_bytes()).unwrap();
    let artifact = deps.artifacts.put(&source).await.unwrap();
    let registration = Registration::accept(
        tenant(),
        "word-count".parse().unwrap(),
        artifact,
        u32::try_from(source.len()).unwrap(),
        ManifestDraft::default(),
        Timestamp::now(),
    );
    deps.table.put_registration(&registration).await.unwrap();
    registration
}

/// Stores the registration that the sample events name.
async fn accept_sample(deps: &Deps) -> Registration {
    let mut registration = accept(deps, AGENT).await;
    registration.id = "reg_01980000000070008000000000000001".parse().unwrap();
    deps.table.put_registration(&registration).await.unwrap();
    registration
}

fn batch(registration: &Registration, receives: u32) -> SqsEvent {
    let body = json!({"tenant": registration.tenant, "registration": registration.id});
    serde_json::from_value(json!({"Records": [{
        "messageId": "m-1",
        "body": body.to_string(),
        "attributes": {"ApproximateReceiveCount": receives.to_string()},
    }]}))
    .unwrap()
}

/// Delivers the registration's message; whether it shall come again.
async fn deliver(deps: &Deps, registration: &Registration, receives: u32) -> bool {
    let response = handle(deps, batch(registration, receives)).await;
    !response.batch_item_failures.is_empty()
}

async fn stored(deps: &Deps, registration: &Registration) -> Registration {
    let stored = deps
        .table
        .registration(&registration.tenant, &registration.id)
        .await;
    stored.unwrap().unwrap()
}

fn path(registration: &Registration) -> Vec<&'static str> {
    registration
        .history
        .iter()
        .map(|step| step.state.as_str())
        .collect()
}

async fn versions(deps: &Deps) -> usize {
    let all = PageRequest {
        limit: 100,
        after: None,
    };
    let name = "word-count".parse().unwrap();
    deps.table
        .versions(&tenant(), &name, &all)
        .await
        .unwrap()
        .items
        .len()
}

/// The messages sent to the queue of this name.
fn sent_to(aws: &FakeAws, queue: &str) -> Vec<Value> {
    let sent = aws.requests_of("SQS.SendMessage");
    sent.iter()
        .map(tdev_testing::Request::json)
        .filter(|sent| {
            sent["QueueUrl"]
                .as_str()
                .unwrap_or_default()
                .ends_with(queue)
        })
        .collect()
}

/// Body, error name and reason of each dead letter.
fn dead_letters(aws: &FakeAws) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    sent_to(aws, "dead-letters")
        .iter()
        .map(|sent| {
            let attributes = &sent["MessageAttributes"];
            [
                text(&sent["MessageBody"]),
                text(&attributes["ErrorName"]["StringValue"]),
                text(&attributes["Reason"]["StringValue"]),
            ]
        })
        .collect()
}

#[tokio::test]
async fn a_good_agent_is_admitted_step_by_step() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept_sample(&deps).await;
    assert!(
        handle(&deps, event("ok"))
            .await
            .batch_item_failures
            .is_empty()
    );
    let settled = stored(&deps, &accepted).await;
    assert_eq!(
        path(&settled),
        ["accepted", "analysing", "probing", "active"]
    );
    insta::assert_json_snapshot!(settled, {
        ".id" => "[id]",
        ".**.at" => "[time]",
        ".created_at" => "[time]",
        ".updated_at" => "[time]",
    });
    let agent = deps
        .table
        .agent(&tenant(), &accepted.agent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((agent.latest.get(), agent.status), (1, AgentStatus::Active));
    let probe = aws.requests_of("Lambda.Invoke")[0].json();
    assert_eq!(probe["action"], "probe");
    assert_eq!(probe["artifact"], accepted.artifact.as_str());
    let training = sent_to(&aws, "train");
    assert_eq!(training.len(), 1);
    assert_eq!(training[0]["MessageBody"], r#"{"tenant":"acme"}"#);
}

#[tokio::test]
async fn word_of_a_new_version_is_sent_again_if_it_was_lost() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept_sample(&deps).await;
    aws.on("SQS.SendMessage", |_| {
        Response::error(503, "ServiceUnavailable", "later")
    });
    assert!(deliver(&deps, &accepted, 1).await, "it comes again");
    assert_eq!(
        stored(&deps, &accepted).await.state.name(),
        StateName::Active
    );
    aws.restore("SQS.SendMessage").forget_requests();
    assert!(!deliver(&deps, &accepted, 2).await);
    assert_eq!(sent_to(&aws, "train").len(), 1);
    assert_eq!(versions(&deps).await, 1);
}

#[tokio::test]
async fn a_duplicate_changes_nothing() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept_sample(&deps).await;
    assert!(
        handle(&deps, event("duplicate"))
            .await
            .batch_item_failures
            .is_empty()
    );
    let settled = stored(&deps, &accepted).await;
    assert!(!deliver(&deps, &accepted, 1).await);
    assert_eq!(stored(&deps, &accepted).await, settled);
    assert_eq!(versions(&deps).await, 1);
    assert_eq!(
        aws.requests_of("Lambda.Invoke").len(),
        1,
        "it was probed once"
    );
    assert!(dead_letters(&aws).is_empty());
}

#[tokio::test]
async fn the_same_agent_again_makes_no_new_version() {
    let aws = aws();
    let deps = deps(&aws);
    for _ in 0..2 {
        let accepted = accept(&deps, AGENT).await;
        assert!(!deliver(&deps, &accepted, 1).await);
        let settled = stored(&deps, &accepted).await;
        assert_eq!(
            settled.state,
            State::Active {
                version: tdev_domain::VersionNumber::FIRST
            }
        );
    }
    assert_eq!(versions(&deps).await, 1);

    // Another manifest for the same bytes is another agent.
    aws.on("Lambda.Invoke", |_| {
        Response::json(&probed(&json!({"capabilities": ["text.other"]})))
    });
    let accepted = accept(&deps, AGENT).await;
    assert!(!deliver(&deps, &accepted, 1).await);
    assert_eq!(versions(&deps).await, 2);
}

#[tokio::test]
async fn a_hostile_agent_is_held_back_unrun_and_a_release_lets_it_be_run() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept(&deps, HOSTILE.source).await;
    assert!(!deliver(&deps, &accepted, 1).await);
    let held = stored(&deps, &accepted).await;
    assert_eq!(path(&held), ["accepted", "analysing", "quarantined"]);
    assert!(aws.requests_of("Lambda.Invoke").is_empty());

    let release = Release {
        by: ApiKeyId::generate(),
        at: Timestamp::now(),
        reason: None,
    };
    deps.table
        .put_registration(&held.released(release).unwrap())
        .await
        .unwrap();
    assert!(!deliver(&deps, &accepted, 1).await);
    assert_eq!(
        path(&stored(&deps, &accepted).await)[2..],
        ["quarantined", "analysing", "probing", "active"]
    );
}

#[tokio::test]
async fn two_agents_of_one_name_become_two_versions() {
    let aws = aws();
    let deps = deps(&aws);
    let first = accept(&deps, AGENT).await;
    let second = accept(&deps, &AGENT.replace("input.split()", "input")).await;
    let (one, other) = tokio::join!(deliver(&deps, &first, 1), deliver(&deps, &second, 1));
    assert!(!one && !other);
    assert_eq!(versions(&deps).await, 2);
    assert_ne!(
        stored(&deps, &first).await.state,
        stored(&deps, &second).await.state
    );
}
