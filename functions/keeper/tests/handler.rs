//! The function as a whole, over a fake AWS.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keeper::{Config, Deps, Sweep, handle};
use serde_json::{Value, json};
use tdev_aws::Table;
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{
    ArtifactDigest, Callee, Cancelling, Invocation, InvocationChange, InvocationId,
    InvocationStatus, Limits, Routed, Task, TaskDraft, TenantId, VersionNumber,
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

/// More time than a sweep needs here.
const AMPLE: Duration = Duration::from_hours(1);

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn config() -> Config {
    Config {
        journal: tdev_journal::Config {
            table: "platform".to_owned(),
            bucket: "artifacts".to_owned(),
            key: None,
            step_queue_url: "https://sqs/step".to_owned(),
        },
        task_queue_url: "https://sqs/task".to_owned(),
    }
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(seconds)
}

impl Function {
    fn new() -> Self {
        let aws = FakeAws::in_memory();
        let config = config();
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

    /// A task that an agent has, and the agent's run, which has ended.
    async fn running_task(&self) -> (Task, InvocationId) {
        let task = self.task(1).await;
        let id = self
            .invocation(600, |record| {
                record.task = Some(task.id.clone());
                record.status = InvocationStatus::Cancelled;
            })
            .await;
        (self.given(&task, id.clone()).await, id)
    }

    /// The task once an agent has it, whose run this is.
    async fn given(&self, task: &Task, invocation: InvocationId) -> Task {
        let routed = Routed {
            agent: "agent".parse().unwrap(),
            version: VersionNumber::FIRST,
            invocation,
        };
        let task = task.started(routed, json!({}), Timestamp::now()).unwrap();
        self.table.write_task(&task).await.unwrap();
        task
    }

    /// Another process takes the place of this one.
    fn replace(&mut self) {
        self.deps = Deps::new(&self.aws.config(), &config());
    }

    /// A task as it was admitted so many seconds ago.
    async fn task(&self, seconds: i64) -> Task {
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
        let task = self.table.admit_task(&draft, &share, ago(seconds)).await;
        task.unwrap()
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
    assert_eq!(
        handle(&function.deps, AMPLE).await.unwrap(),
        Sweep::default()
    );
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
    let swept = handle(&function.deps, AMPLE).await.unwrap();
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
    assert_eq!(
        handle(&function.deps, AMPLE).await.unwrap(),
        Sweep::default()
    );
}

#[tokio::test]
async fn a_task_whose_permit_was_lost_is_given_another() {
    let function = Function::new();
    let mut ids = Vec::new();
    for seconds in [600, 1] {
        ids.push(function.task(seconds).await.id);
    }
    assert_eq!(handle(&function.deps, AMPLE).await.unwrap().tasks, 1);
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
    assert!(handle(&function.deps, AMPLE).await.is_err());
}

/// How many records of invocations a sweep has read.
fn looks(function: &Function) -> usize {
    let is_record = |key: &Value| key["PK"]["S"].to_string().contains("#INVOCATION#");
    let reads = function.aws.requests_of("DynamoDB.GetItem");
    let alone = reads.iter().filter(|read| is_record(&read.json()["Key"]));
    let batches = function.aws.requests_of("DynamoDB.BatchGetItem");
    let together = batches.iter().flat_map(|batch| {
        let keys = batch.json()["RequestItems"]["platform"]["Keys"].clone();
        keys.as_array().cloned().unwrap()
    });
    alone.count() + together.filter(is_record).count()
}

async fn swept(function: &Function, budget: Duration) -> usize {
    function.aws.forget_requests();
    handle(&function.deps, budget).await.unwrap();
    looks(function)
}

#[tokio::test]
async fn what_has_ended_is_looked_at_once_by_a_process_that_goes_on() {
    let mut function = Function::new();
    let ended = |record: &mut Invocation| record.status = InvocationStatus::Cancelled;
    for seconds in [3_600, 300, 90] {
        function.invocation(seconds, ended).await;
    }
    assert_eq!(swept(&function, AMPLE).await, 3);
    assert_eq!(swept(&function, AMPLE).await, 0);
    // Another one looks again at what is so new that it may have been found too early.
    function.replace();
    assert_eq!(swept(&function, AMPLE).await, 1);
    assert_eq!(function.sent(), []);
}

#[tokio::test]
async fn what_has_ended_is_read_a_hundred_at_a_time() {
    let function = Function::new();
    for _ in 0..300 {
        let ended = |record: &mut Invocation| record.status = InvocationStatus::Cancelled;
        function.invocation(3_600, ended).await;
    }
    assert_eq!(swept(&function, AMPLE).await, 300);
    let batches = function.aws.requests_of("DynamoDB.BatchGetItem").len();
    // Each of the four shards has some seventy.
    assert!((4..=8).contains(&batches), "{batches}");
    assert_eq!(function.sent(), []);
}

#[tokio::test]
async fn a_run_that_its_task_does_not_have_yet_is_looked_at_again() {
    let function = Function::new();
    let task = function.task(1).await;
    let id = function
        .invocation(90, |record| {
            record.task = Some(task.id.clone());
            record.status = InvocationStatus::Cancelled;
        })
        .await;
    handle(&function.deps, AMPLE).await.unwrap();
    assert_eq!(function.sent(), []);
    function.given(&task, id).await;
    handle(&function.deps, AMPLE).await.unwrap();
    let message = json!({"kind": "ended", "tenant": "acme", "task": task.id});
    assert_eq!(function.sent(), [("https://sqs/task".to_owned(), message)]);
}

#[tokio::test]
async fn a_sweep_without_time_goes_on_where_the_last_one_stopped() {
    let function = Function::new();
    let ended = |record: &mut Invocation| record.status = InvocationStatus::Cancelled;
    // More than a page of each shard, and behind them one that needs somebody.
    for _ in 0..1_500 {
        function.invocation(3_600, ended).await;
    }
    function.invocation(1_800, |_| {}).await;
    let mut looked = Vec::new();
    while function.sent().is_empty() {
        assert!(looked.len() < 5, "{looked:?}");
        looked.push(swept(&function, Duration::ZERO).await);
    }
    assert!(looked.len() >= 2 && looked[0] == 4 * 200, "{looked:?}");
}

#[tokio::test]
async fn a_task_that_was_not_told_of_the_end_is_told_until_it_knows() {
    let function = Function::new();
    let (task, _) = function.running_task().await;
    let message = json!({"kind": "ended", "tenant": "acme", "task": task.id});
    let swept = handle(&function.deps, AMPLE).await.unwrap();
    assert!(swept.tasks >= 1);
    let expected = [("https://sqs/task".to_owned(), message)];
    assert_eq!(function.sent(), expected);

    let function = Function::new();
    let (task, _) = function.running_task().await;
    let done = task.completed(Timestamp::now()).unwrap();
    function.table.write_task(&done).await.unwrap();
    assert_eq!(
        handle(&function.deps, AMPLE).await.unwrap(),
        Sweep::default()
    );
    assert_eq!(function.sent(), []);
}

#[tokio::test]
async fn what_is_damaged_does_not_stand_in_the_way() {
    let function = Function::new();
    let large = |record: &mut Invocation| record.input = json!("x".repeat(10_000));
    function.invocation(700, large).await;
    function.aws.on("S3.GetObject", |_| {
        Response::error(404, "NoSuchKey", "there is no such object")
    });
    let after = function.invocation(600, |_| {}).await;
    handle(&function.deps, AMPLE).await.unwrap();
    let body = json!({"tenant": "acme", "invocation": after});
    assert_eq!(function.sent(), [("https://sqs/step".to_owned(), body)]);
}

#[tokio::test]
async fn what_a_failed_sweep_left_is_found_by_the_next() {
    let function = Function::new();
    let (task, _) = function.running_task().await;
    function.aws.on("SQS.SendMessage", |_| {
        Response::error(503, "ServiceUnavailable", "later")
    });
    assert!(handle(&function.deps, AMPLE).await.is_err());
    function.aws.restore("SQS.SendMessage");
    function.aws.forget_requests();
    handle(&function.deps, AMPLE).await.unwrap();
    let message = json!({"kind": "ended", "tenant": "acme", "task": task.id});
    assert_eq!(function.sent(), [("https://sqs/task".to_owned(), message)]);
}

#[tokio::test]
async fn no_worker_is_called_for_a_run_whose_task_was_called_off_before_it_knew() {
    let function = Function::new();
    let mut runs = Vec::new();
    for called_off in [true, false] {
        let task = function.task(1).await;
        let id = task.id.clone();
        let run = function
            .invocation(600, |record| record.task = Some(id))
            .await;
        let next = match task.cancel(Timestamp::now()) {
            Cancelling::Cancelled(next) if called_off => *next,
            _ => task.put_off(json!({}), Timestamp::now()).unwrap(),
        };
        function.table.write_task(&next).await.unwrap();
        runs.push((task, run));
    }
    handle(&function.deps, AMPLE).await.unwrap();
    let (called_off, wanted) = (&runs[0], &runs[1]);
    let mut sent = function.sent();
    sent.sort_by_key(|(queue, _)| queue.clone());
    let step = json!({"tenant": "acme", "invocation": wanted.1});
    let ended = json!({"kind": "ended", "tenant": "acme", "task": called_off.0.id});
    let expected = [("step", step), ("task", ended)]
        .map(|(queue, body)| (format!("https://sqs/{queue}"), body));
    assert_eq!(sent, expected);
    let journal = function.journals.of(&tenant());
    let run = journal.load(&called_off.1).await.unwrap().unwrap();
    assert_eq!(run.status, InvocationStatus::Cancelled);
}
