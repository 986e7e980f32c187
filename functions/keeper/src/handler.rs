//! Agenda → messages.

use std::ops::Add;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tdev_aws::{AgendaTask, PageRequest, Queue, SdkConfig, Table};
use tdev_domain::{Task, TaskMessage, TaskStatus};
use tdev_invocation::limits::WAKE_GRACE;
use tdev_journal::Journals;
use tdev_lambda::Error;
use tdev_lambda::telemetry::names;

use crate::Config;
use crate::invocations::Done;

/// How many records are seen to at once.
const AT_ONCE: usize = 16;
/// How many entries of the agenda are read at once.
const PAGE: u32 = 200;
/// The most pages of one part of the agenda that one sweep sees to. The rest is still there a
/// minute later.
const MAX_PAGES: usize = 20;

/// What the handler works with.
#[derive(Debug)]
pub struct Deps {
    pub(crate) table: Table,
    pub(crate) journals: Journals,
    pub(crate) tasks: Queue,
    pub(crate) done: Done,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: &Config) -> Self {
        Self {
            table: Table::new(sdk, &config.journal.table),
            journals: Journals::new(sdk, &config.journal),
            tasks: Queue::new(sdk, &config.task_queue_url),
            done: Done::default(),
        }
    }
}

/// What one sweep came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Invocations that were sent for.
    pub invocations: usize,
    /// Tasks that were sent for.
    pub tasks: usize,
    /// Runs of workflows, and steps of them, that were sent for.
    pub runs: usize,
}

impl Add for Sweep {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            invocations: self.invocations + other.invocations,
            tasks: self.tasks + other.tasks,
            runs: self.runs + other.runs,
        }
    }
}

/// Sends for everything that is due. Of the invocations, what is not seen to within about `budget`
/// is left to the next time.
pub async fn handle(deps: &Deps, budget: Duration) -> Result<Sweep, Error> {
    let now = Timestamp::now();
    let mut sweep = deps.invocations(now, budget).await?;
    sweep.tasks += deps.due_tasks(now).await?;
    sweep.tasks += deps.queued_tasks(now).await?;
    metrics::counter!(names::KEPT, "Kind" => "invocation").increment(count(sweep.invocations));
    metrics::counter!(names::KEPT, "Kind" => "task").increment(count(sweep.tasks));
    metrics::counter!(names::KEPT, "Kind" => "run").increment(count(sweep.runs));
    tracing::info!(sweep.invocations, sweep.tasks, sweep.runs, "swept");
    Ok(sweep)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn page(after: Option<String>) -> PageRequest {
    PageRequest { limit: PAGE, after }
}

impl Deps {
    /// Sends for the tasks whose time has come.
    async fn due_tasks(&self, now: Timestamp) -> Result<usize, Error> {
        let mut sent = 0;
        let mut after = None;
        for _ in 0..MAX_PAGES {
            let found = self.table.due_tasks(now, &page(after)).await?;
            sent += self.send_for(found.items, now).await?;
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        Ok(sent)
    }

    /// Gives permits for the tasks at the head of the queue that should have been taken. The head
    /// is enough: every permit is for whatever is then the head.
    async fn queued_tasks(&self, now: Timestamp) -> Result<usize, Error> {
        let found = self.table.queued_tasks(&page(None)).await?;
        self.send_for(found.items, now).await
    }

    async fn send_for(&self, found: Vec<AgendaTask>, now: Timestamp) -> Result<usize, Error> {
        stream::iter(found)
            .map(|entry| self.task(entry, now))
            .buffer_unordered(AT_ONCE)
            .try_fold(0, async |sum, was_sent| Ok(sum + usize::from(was_sent)))
            .await
    }

    async fn task(&self, entry: AgendaTask, now: Timestamp) -> Result<bool, Error> {
        let AgendaTask { tenant, id, .. } = entry;
        let task = self.table.task(&tenant, &id).await?;
        let Some(message) = task.as_ref().and_then(|task| message(task, now)) else {
            return Ok(false);
        };
        self.tasks.send(&message, &[]).await?;
        tracing::info!(%tenant, task = %id, ?message, "sent for");
        Ok(true)
    }
}

/// The message that a task should have had by `now`, if there is one.
fn message(task: &Task, now: Timestamp) -> Option<TaskMessage> {
    let (tenant, id) = (task.tenant.clone(), task.id.clone());
    let is_due = task.due_at.is_some_and(|due| due <= now);
    match task.status {
        TaskStatus::Queued => {
            let waited: SignedDuration = now.duration_since(task.updated_at);
            (waited >= WAKE_GRACE).then_some(TaskMessage::Permit { tenant, task: id })
        }
        TaskStatus::Waiting { .. } if is_due => Some(TaskMessage::Retry { tenant, task: id }),
        _ => None,
    }
}
