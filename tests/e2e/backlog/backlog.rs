//! A queue of waiting tasks in a table of its own, placed as the gateway places them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_aws::{PageRequest, Table};
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{ArrivalBlock, ArtifactDigest, Routing, Task, TaskDraft, TaskId, TenantId};
use tdev_tests::process::{Stage, Worker, admit};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::watch::Watch;

/// How many tasks are written at a time.
pub(crate) const AT_ONCE: usize = 16;
/// How many tenants there are. The first floods.
const TENANTS: usize = 8;
/// How long after each other tasks arrive: those that are written at once, within the time for
/// which places are held.
const PACE: SignedDuration = SignedDuration::from_millis(4);
/// What all tasks ask for, and each tenant has one agent for.
const CAPABILITY: &str = "work.do";

/// A queue of waiting tasks.
pub(crate) struct Backlog {
    stage: Stage,
    runtime: Runtime,
    table: Table,
    tenants: Vec<TenantId>,
    /// When the first arrived.
    start: Timestamp,
    /// The tasks as they were stored, in the order in which they are to be taken.
    pub(crate) order: Vec<Task>,
}

impl Backlog {
    /// Has so many tasks wait.
    pub(crate) fn place(number: usize) -> Result<Self> {
        let stage = Stage::set()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let table = Table::new(&runtime.block_on(stage.sdk()), &stage.journal.table);
        let names = (0..TENANTS).map(|_| stage.name().parse());
        let mut backlog = Self {
            tenants: names.collect::<Result<_, _>>()?,
            start: Timestamp::now() - SignedDuration::from_hours(1),
            order: Vec::new(),
            stage,
            table,
            runtime,
        };
        let mut tasks = backlog.runtime.block_on(async {
            for tenant in &backlog.tenants {
                backlog.admit_agent(tenant).await?;
            }
            backlog.place_tasks(number).await
        })?;
        tasks.sort_by_key(|task| (task.virtual_deadline, task.id.clone()));
        backlog.order = tasks;
        backlog.check_left(&[])?;
        Ok(backlog)
    }

    /// A worker that routes tasks, every call of its seen by `watch`. What it prints goes to a log
    /// called like this.
    pub(crate) fn worker(&self, log: &str, watch: &Watch) -> Result<Worker> {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("backlog-{log}.log"));
        drop(std::fs::remove_file(&log));
        let mut worker = Worker::new("route", self.stage.router.clone(), log);
        worker.configure(self.stage.environment(watch.start(&self.stage.endpoint)?));
        worker.configure([("TRAIN_QUEUE_URL", self.stage.train_queue_url.clone())]);
        Ok(worker)
    }

    /// How many tasks the flood has.
    pub(crate) fn flood(&self) -> usize {
        let of_flood = self.order.iter().filter(|task| self.is_of_flood(task));
        of_flood.count()
    }

    /// Whether the task is of the tenant that floods.
    pub(crate) fn is_of_flood(&self, task: &Task) -> bool {
        task.tenant == self.tenants[0]
    }

    /// How many tasks of the flood may be ahead of this one, at most.
    pub(crate) fn most_ahead(&self, task: &Task) -> usize {
        let since = self.start - ArrivalBlock::HOLD;
        let most = FairShare::default().most_ahead(since, task.virtual_deadline);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// How many tenants sent these; each has one agent.
    pub(crate) fn senders(&self, tasks: &[TaskId]) -> usize {
        let sent = self.order.iter().filter(|task| tasks.contains(&task.id));
        sent.map(|task| &task.tenant).collect::<BTreeSet<_>>().len()
    }

    /// Fails unless the queue is what was placed without what was `taken`, and the agents have
    /// just that to do.
    pub(crate) fn check_left(&self, taken: &[TaskId]) -> Result<()> {
        let left = self.runtime.block_on(self.waiting())?;
        let expected = self.order.iter().skip(taken.len()).map(|task| &task.id);
        ensure!(left.iter().eq(expected), "the index is not the queue");
        let doing = self.runtime.block_on(self.in_flight())?;
        ensure!(
            doing == taken.len(),
            "agents have {doing} of {}",
            taken.len()
        );
        Ok(())
    }

    async fn waiting(&self) -> Result<Vec<TaskId>> {
        let mut found = Vec::new();
        let mut page = PageRequest {
            limit: 1_000,
            after: None,
        };
        loop {
            let read = self.table.queued_tasks(&page).await?;
            found.extend(read.items.into_iter().map(|task| task.id));
            match read.next {
                Some(next) => page.after = Some(next),
                None => return Ok(found),
            }
        }
    }

    async fn in_flight(&self) -> Result<usize> {
        let mut number = 0;
        for tenant in &self.tenants {
            let loads = self.table.agent_loads(tenant).await?;
            number += loads.iter().map(|load| load.in_flight.len()).sum::<usize>();
        }
        Ok(number)
    }

    async fn place_tasks(&self, number: usize) -> Result<Vec<Task>> {
        let share = FairShare::default();
        let mut tasks = Vec::with_capacity(number);
        for first in (0..number).step_by(AT_ONCE) {
            let last = number.min(first + AT_ONCE);
            let mut blocks: BTreeMap<usize, ArrivalBlock> = BTreeMap::new();
            let mut writes = JoinSet::new();
            for n in first..last {
                let at = self.start + PACE * i32::try_from(n)?;
                let sender = sender(n);
                let tenant = &self.tenants[sender];
                let held = blocks.get_mut(&sender).and_then(|block| block.take(at));
                let place = if let Some(place) = held {
                    place
                } else {
                    let more = (n + 1..last).filter(|n| self::sender(*n) == sender).count();
                    let more = u32::try_from(more)?;
                    let reserved = self
                        .table
                        .reserve_arrivals(tenant, &share, more, at)
                        .await?;
                    blocks.insert(sender, reserved.1);
                    reserved.0
                };
                let task = draft(tenant, n)?.admit(TaskId::generate(), place, at);
                let (table, written) = (self.table.clone(), task.clone());
                writes.spawn(async move { table.write_task(&written).await });
                tasks.push(task);
            }
            while let Some(written) = writes.join_next().await {
                written??;
            }
        }
        Ok(tasks)
    }

    /// Gives the tenant an agent that can do what its tasks ask for, all of them at once.
    async fn admit_agent(&self, tenant: &TenantId) -> Result<()> {
        let routing = Routing {
            policy: json!({"capacity": 16_384}),
            revision: 1,
            ..Routing::<Value>::default()
        };
        self.table.put_routing(tenant, &routing).await?;
        let artifact = ArtifactDigest::of(b"never called");
        let (name, capability) = ("worker".parse()?, CAPABILITY.parse()?);
        admit(&self.table, tenant, name, artifact, capability).await
    }
}

/// Which tenant sends the task of this number: nine in ten are of the first.
const fn sender(n: usize) -> usize {
    if n % 10 == 9 {
        1 + n / 10 % (TENANTS - 1)
    } else {
        0
    }
}

/// The task of this number: of the flood all are critical, of the others some of each priority.
fn draft(tenant: &TenantId, n: usize) -> Result<TaskDraft> {
    let priority = if sender(n) == 0 {
        Priority::CRITICAL
    } else {
        Priority::try_from(u64::try_from(1 + n / 10 % 10)?)?
    };
    Ok(TaskDraft {
        tenant: tenant.clone(),
        text: format!("the task of number {n}"),
        input: json!({ "number": n }),
        capability: Some(CAPABILITY.parse()?),
        priority,
        deadline: None,
        retry: RetryPolicy::default(),
    })
}
