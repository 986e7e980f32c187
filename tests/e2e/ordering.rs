//! The order in which waiting tasks are taken, and that each is taken once: over the deployed
//! `route` function and the table's real index.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_aws::{PageRequest, Table};
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{Task, TaskDraft, TaskId, TaskStatus, TenantId};
use tdev_tests::{Stack, output, variable};

/// The queue of tasks, as the table has it.
struct Queue {
    runtime: tokio::runtime::Runtime,
    table: Table,
}

impl Queue {
    fn open() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let endpoint = variable("TDEV_E2E_ENDPOINT")?;
        let name = output("TableName")?;
        let table = runtime.block_on(async {
            let config = tdev_aws::load_config().await;
            let config = config.into_builder().endpoint_url(endpoint).build();
            Table::new(&config, name)
        });
        Ok(Self { runtime, table })
    }

    fn admit(&self, tenant: &TenantId, priority: u64, at: Timestamp) -> Result<Task> {
        let draft = TaskDraft {
            tenant: tenant.clone(),
            text: "there is no agent that could do this".to_owned(),
            input: Value::Null,
            capability: Some("nobody.has-this".parse()?),
            priority: Priority::try_from(priority)?,
            deadline: None,
            retry: RetryPolicy::default(),
        };
        let share = FairShare::default();
        Ok(self
            .runtime
            .block_on(self.table.admit_task(&draft, &share, at))?)
    }

    /// The tasks of `tenants` in the queue, in order.
    fn waiting(&self, tenants: &[TenantId]) -> Result<Vec<TaskId>> {
        let page = PageRequest {
            limit: 1_000,
            after: None,
        };
        let found = self.runtime.block_on(self.table.queued_tasks(&page))?;
        let ours = found
            .items
            .into_iter()
            .filter(|entry| tenants.contains(&entry.tenant));
        Ok(ours.map(|entry| entry.id).collect())
    }

    fn task(&self, tenant: &TenantId, id: &TaskId) -> Result<Task> {
        let task = self.runtime.block_on(self.table.task(tenant, id))?;
        task.context("the task is gone")
    }
}

/// A delivery of permits, as SQS makes it.
fn permits(task: &Task, times: usize) -> Value {
    let body = json!({"kind": "permit", "tenant": task.tenant, "task": task.id}).to_string();
    let records: Vec<_> = (0..times)
        .map(|n| json!({"messageId": format!("m{n}"), "body": body, "eventSource": "aws:sqs"}))
        .collect();
    json!({ "Records": records })
}

/// The queue is one for all: these tests do not run side by side.
static ALONE: Mutex<()> = Mutex::new(());

fn tenant(name: &str) -> TenantId {
    let unique = Timestamp::now().as_microsecond() % 1_000_000_000;
    format!("{name}-{unique}").parse().unwrap()
}

/// Tasks are admitted in the past, so that they come before those of other tests.
fn start() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24)
}

#[test]
fn every_permit_takes_the_head_whichever_task_it_was_given_for() -> Result<()> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let stack = Stack::from_env()?;
    let queue = Queue::open()?;
    let tenants = [tenant("order-a"), tenant("order-b")];
    let start = start();
    let mut tasks = Vec::new();
    for n in 0_i64..40 {
        let at = start + SignedDuration::from_millis(n * 1_500);
        let priority = u64::try_from(n * 7 % 10)? + 1;
        let owner = &tenants[usize::try_from(n % 2)?];
        tasks.push(queue.admit(owner, priority, at)?);
    }
    let mut expected = tasks.clone();
    expected.sort_by_key(|task| task.virtual_deadline.sort_key(task.id.as_str()));
    let waiting = queue.waiting(&tenants)?;
    let expected: Vec<_> = expected
        .into_iter()
        .map(|task| task.id)
        .filter(|id| waiting.contains(id))
        .collect();
    assert_eq!(waiting, expected, "the index is the queue");
    assert!(expected.len() > tasks.len() / 2, "others took too many");

    let route = output("RouteFunction")?;
    // The permits of tasks that were admitted last come first, and whoever else has a permit may
    // use it here: what is left is the end of the queue at any time.
    let mut left = expected.len();
    for task in tasks.iter().rev() {
        let answer = stack.invoke(&route, &permits(task, 1))?;
        assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
        let waiting = queue.waiting(&tenants)?;
        assert!(waiting.len() < left || left == 0, "nothing was taken");
        left = waiting.len();
        assert_eq!(waiting, expected[expected.len() - left..]);
    }
    assert_eq!(left, 0);
    Ok(())
}

#[test]
fn many_workers_take_each_task_once() -> Result<()> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let stack = Stack::from_env()?;
    let queue = Queue::open()?;
    let owner = tenant("crowd");
    let start = start() - SignedDuration::from_hours(24);
    let tasks: Vec<_> = (0..48)
        .map(|n| queue.admit(&owner, 5, start + SignedDuration::from_secs(n)))
        .collect::<Result<_>>()?;
    let route = output("RouteFunction")?;
    let answers: Vec<Result<Value>> = thread::scope(|scope| {
        let workers: Vec<_> = tasks
            .chunks(12)
            .map(|chunk| {
                let event = permits(&chunk[0], chunk.len() + 3);
                let (stack, route) = (&stack, &route);
                scope.spawn(move || stack.invoke(route, &event))
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    for answer in answers {
        let answer = answer?;
        ensure!(answer["batchItemFailures"] == json!([]), "{answer}");
    }
    let mut revisions = BTreeMap::new();
    for task in &tasks {
        let found = queue.task(&owner, &task.id)?;
        let rejected = matches!(found.status, TaskStatus::Rejected { .. });
        ensure!(rejected, "{found:?}");
        *revisions.entry(found.revision - task.revision).or_insert(0) += 1;
    }
    // One write took it, and nobody took it again.
    assert_eq!(revisions, BTreeMap::from([(1, tasks.len())]));
    Ok(())
}

#[test]
fn a_flood_of_one_tenant_delays_another_by_its_share_at_most() -> Result<()> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let queue = Queue::open()?;
    let (flood, other) = (tenant("flood"), tenant("other"));
    let start = start() - SignedDuration::from_hours(48);
    for _ in 0..120 {
        queue.admit(&flood, 10, start)?;
    }
    let later = start + SignedDuration::from_millis(500);
    let task = queue.admit(&other, 10, later)?;
    let order = queue.waiting(&[flood.clone(), other])?;
    let ahead = order.iter().position(|id| *id == task.id).unwrap();
    let most = FairShare::default().most_ahead(start, task.virtual_deadline);
    ensure!(u64::try_from(ahead)? <= most, "{ahead} of at most {most}");
    ensure!(ahead < 120, "the flood is served out of its share");
    // They are not to be in the way of other tests.
    let stack = Stack::from_env()?;
    let route = output("RouteFunction")?;
    while !queue.waiting(std::slice::from_ref(&flood))?.is_empty() {
        stack.invoke(&route, &permits(&task, 40))?;
    }
    Ok(())
}
