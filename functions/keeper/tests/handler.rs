//! The function as a whole, over a fake AWS.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use keeper::{Config, Deps, Sweep, handle};
use serde_json::{Value, json};
use tdev_aws::Table;
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{
    ArtifactDigest, Callee, Invocation, InvocationChange, InvocationId, InvocationStatus, Limits,
    TaskDraft, TenantId, VersionNumber,
};
use tdev_invocation::{Journal, accept};
use tdev_journal::Journals;
use tdev_testing::{FakeAws, Response};

struct Function {
    aws: FakeAws,
    deps: Deps,
    journals: Journals,
    table: Table,
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(seconds)
}

impl Function {
    fn new() -> Self {
        let aws = FakeAws::in_memory();
        let config = Config {
            journal: tdev_journal::Config {
                table: "platform".to_owned(),
                bucket: "artifacts".to_owned(),
                key: None,
                step_queue_url: "https://sqs/step".to_owned(),
            },
            task_queue_url: "https://sqs/task".to_owned(),
        };
        Self {
            deps: Deps::new(&aws.config(), &config),
            journals: Journals::new(&aws.config(), &config.journal),
            table: Table::new(&aws.config(), "platform"),
            aws,
        }
    }

    /// An invocation as it was accepted so many seconds ago, with what `change` makes of it.
    async fn invocation(&self, seconds: i64, change: impl FnOnce(&mut Invocation)) -> InvocationId {
        let callee = Callee {
            agent: "agent".parse().unwrap(),
            version: VersionNumber::FIRST,
            artifact: ArtifactDigest::of(b"x"),
            tools: BTreeSet::new(),
            limits: Limits::default(),
        };
        let id = InvocationId::generate();
        let mut record = accept(id.clone(), tenant(), callee, Value::Null, ago(seconds));
        change(&mut record);
        let journal = self.journals.of(&tenant());
        journal
            .commit(&[InvocationChange::to(record)])
            .await
            .unwrap();
        id
    }

    /// What was sent, as queue and body.
    fn sent(&self) -> Vec<(String, Value)> {
        let sent = self.aws.requests_of("SQS.SendMessage");
        sent.iter()
            .map(|request| {
                let request = request.json();
                let body = request["MessageBody"].as_str().unwrap();
                let queue = request["QueueUrl"].as_str().unwrap().to_owned();
                (queue, serde_json::from_str(body).unwrap())
            })
            .collect()
    }
}

#[tokio::test]
async fn nothing_is_sent_where_nothing_is_due() {
    let function = Function::new();
    function.invocation(1, |_| {}).await;
    let until = Timestamp::now() + SignedDuration::from_secs(30);
    function
        .invocation(600, |record| {
            record.status = InvocationStatus::Running { lease_until: until };
            record.due_at = Some(until);
        })
        .await;
    assert_eq!(handle(&function.deps).await.unwrap(), Sweep::default());
    assert_eq!(function.sent(), []);
}

#[tokio::test]
async fn a_lost_message_and_a_lost_worker_are_made_up_for_once() {
    let function = Function::new();
    let queued = function.invocation(600, |_| {}).await;
    let expired = ago(60);
    let leased = function
        .invocation(600, |record| {
            record.status = InvocationStatus::Running {
                lease_until: expired,
            };
            record.due_at = Some(expired);
        })
        .await;
    let swept = handle(&function.deps).await.unwrap();
    assert_eq!(swept.invocations, 2);
    let mut sent = function.sent();
    sent.sort_by_key(|(_, body)| body.to_string());
    let mut expected = [queued, leased].map(|id| {
        let body = json!({"tenant": "acme", "invocation": id});
        ("https://sqs/step".to_owned(), body)
    });
    expected.sort_by_key(|(_, body)| body.to_string());
    assert_eq!(sent, expected);
    // The messages are on their way.
    assert_eq!(handle(&function.deps).await.unwrap(), Sweep::default());
}

#[tokio::test]
async fn a_task_whose_permit_was_lost_is_given_another() {
    let function = Function::new();
    let mut ids = Vec::new();
    for seconds in [600, 1] {
        let draft = TaskDraft {
            tenant: tenant(),
            text: "hello".to_owned(),
            input: json!({"text": "hello"}),
            capability: None,
            priority: Priority::NORMAL,
            deadline: None,
            retry: RetryPolicy::default(),
        };
        let share = FairShare::default();
        let task = function
            .table
            .admit_task(&draft, &share, ago(seconds))
            .await;
        ids.push(task.unwrap().id);
    }
    assert_eq!(handle(&function.deps).await.unwrap().tasks, 1);
    let permit = json!({"kind": "permit", "tenant": "acme", "task": ids[0]});
    assert_eq!(function.sent(), [("https://sqs/task".to_owned(), permit)]);
}

#[tokio::test]
async fn a_queue_that_does_not_take_messages_fails_the_sweep() {
    let function = Function::new();
    function.invocation(600, |_| {}).await;
    function.aws.on("SQS.SendMessage", |_| {
        Response::error(503, "ServiceUnavailable", "later")
    });
    assert!(handle(&function.deps).await.is_err());
}
