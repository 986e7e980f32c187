//! The queue: finding its heads, deciding on them, and moving on those that go to no agent.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::{AgendaTask, PageRequest};
use tdev_domain::{
    AgentName, ErrorName, Rejection, Task, TaskId, TaskState, TenantId, TrainMessage,
};
use tdev_lambda::Error;
use tdev_lambda::telemetry::names;
use tdev_routing::select::Decision;

use crate::batch::{Batch, Permit};
use crate::decide::{Outcome, Subject, decide, outcome};
use crate::give::{Planned, run_for};
use crate::handler::{ATTEMPTS, Deps};
use crate::loads::Change;
use crate::tenants::View;

/// How many more of the first tasks are read than there are permits: others may be taking some.
const SPARE_HEADS: usize = 4;
/// How many pages of them are read, before the rest is left to other permits.
const READS: u32 = 32;
/// How many candidates and how many of the others are kept of a decision beside its task.
const DECISION_KEPT: usize = 3;

/// What came of an attempt to take a task.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is to be given to an agent.
    Planned(Box<Planned>),
    /// It was moved on otherwise.
    Moved,
    /// It is not there any more: another worker has it.
    Gone,
}

/// The first tasks of the queue, as a batch sees them: read once, and further only as it takes
/// them.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// Tasks that may be queued without their index showing it yet.
    hints: Vec<(TenantId, TaskId)>,
    /// Places of such as are.
    unseen: BTreeSet<AgendaTask>,
    /// What the index showed and was not taken.
    seen: VecDeque<AgendaTask>,
    /// Where the index goes on; `None` at its end.
    after: Option<String>,
    reads: u32,
    /// What was taken.
    taken: BTreeSet<(TenantId, TaskId)>,
}

impl Heads {
    /// Adds a task that may be queued.
    pub(crate) fn hint(&mut self, tenant: &TenantId, task: &TaskId) {
        self.hints.push((tenant.clone(), task.clone()));
    }

    /// Adds the place of one that is.
    pub(crate) fn place(&mut self, place: AgendaTask) {
        self.unseen.insert(place);
    }

    /// The next one that was not taken before.
    fn pop(&mut self) -> Option<AgendaTask> {
        loop {
            let unseen_first = match (self.unseen.first(), self.seen.front()) {
                (Some(unseen), Some(seen)) => unseen <= seen,
                (unseen, _) => unseen.is_some(),
            };
            let head = if unseen_first {
                self.unseen.pop_first()
            } else {
                self.seen.pop_front()
            }?;
            if self.taken.insert((head.tenant.clone(), head.id.clone())) {
                return Some(head);
            }
        }
    }

    /// Whether the index must be read to tell which is next.
    const fn is_to_be_read(&self, empty: bool) -> bool {
        self.reads == 0 || (empty && self.after.is_some() && self.reads < READS)
    }
}

impl Batch<'_> {
    /// The head of the queue, whichever task that is, without those taken before.
    pub(crate) async fn next_head(&mut self) -> Result<Option<AgendaTask>, Error> {
        while self.heads.is_to_be_read(self.heads.seen.is_empty()) {
            let limit = self.permits.len() + 1 + SPARE_HEADS;
            let page = PageRequest {
                limit: u32::try_from(limit).unwrap_or(u32::MAX),
                after: self.heads.after.take(),
            };
            let found = self.deps.table.queued_tasks(&page).await?;
            self.heads.reads += 1;
            self.heads.seen.extend(found.items);
            self.heads.after = found.next;
            self.look_up_hints().await?;
        }
        Ok(self.heads.pop())
    }

    /// Finds the places of the tasks that may be queued and that the index does not show.
    async fn look_up_hints(&mut self) -> Result<(), Error> {
        for (tenant, id) in std::mem::take(&mut self.heads.hints) {
            let is_it = |head: &AgendaTask| head.id == id && head.tenant == tenant;
            if self.heads.seen.iter().any(is_it) {
                continue;
            }
            let table = &self.deps.table;
            let task = match table.glance_at_task(&tenant, &id).await? {
                Some(task) => Some(task),
                None => table.task(&tenant, &id).await?,
            };
            let queued = task.filter(|task| task.status.state() == TaskState::Queued);
            self.heads.unseen.extend(queued.as_ref().map(place));
        }
        Ok(())
    }

    /// Takes the task at this place, if it still is there.
    pub(crate) async fn take(&mut self, head: &AgendaTask, permit: Permit) -> Result<Taken, Error> {
        let is_there =
            |task: &Task| task.status.state() == TaskState::Queued && place(task).at == head.at;
        let table = &self.deps.table;
        let mut found = table.glance_at_task(&head.tenant, &head.id).await;
        for attempt in 0..ATTEMPTS {
            // What is seen at a glance may be too old, and so may be the index.
            if attempt > 0 || !matches!(&found, Ok(Some(task)) if is_there(task)) {
                found = self.deps.table.task(&head.tenant, &head.id).await;
            }
            let task = match found {
                Err(error @ tdev_aws::Error::Corrupt { .. }) => {
                    let error = Error::from(error).chain();
                    tracing::error!(task = %head.id, error, "a task cannot be read");
                    return Ok(Taken::Gone);
                }
                ref mut found => match std::mem::replace(found, Ok(None))? {
                    Some(task) if is_there(&task) => task,
                    _ => return Ok(Taken::Gone),
                },
            };
            match self.route(task, permit).await {
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::debug!(task = %head.id, error = error.chain(), "another was first");
                }
                taken => return taken,
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the task is being changed by others all the time",
        ))
    }

    /// Decides on a queued task. One that cannot be decided on, for whatever reason, is put off:
    /// the head must not block the queue.
    ///
    /// # Errors
    /// A conflict if the task has changed since it was read.
    pub(crate) async fn route(&mut self, task: Task, permit: Permit) -> Result<Taken, Error> {
        match self.decide_on(&task, permit).await {
            Err(error) if error.name() != ErrorName::Conflict => {
                tracing::error!(task = %task.id, error = error.chain(), "cannot be decided on");
                let undecided = json!({"chosen": null, "reason": "undecided"});
                let deps = self.deps;
                deps.put_off(&task, undecided, Timestamp::now()).await?;
                Ok(Taken::Moved)
            }
            taken => taken,
        }
    }

    async fn decide_on(&mut self, task: &Task, permit: Permit) -> Result<Taken, Error> {
        let deps = self.deps;
        let now = Timestamp::now();
        let tried: Vec<AgentName> = task.tried().cloned().collect();
        let subject = Subject {
            tenant: &task.tenant,
            text: &task.text,
            input: &task.input,
            capability: task.capability.as_ref(),
            tried: &tried,
            turn: task.turn,
        };
        let mut view = View::clone(&*deps.tenants.view(&task.tenant).await?);
        let (mut decision, mut outcome) = self.settle_on(&subject, &mut view, now).await?;
        if matches!(outcome, Outcome::TurnAway(_)) {
            // It is final, and what was known may lack an agent that has just been admitted.
            view = View::clone(&*deps.tenants.read(&task.tenant).await?);
            (decision, outcome) = self.settle_on(&subject, &mut view, now).await?;
        }
        measure(task, &decision, &outcome, now);
        let awaited = std::mem::take(&mut decision.unavailable);
        let shown = shown(decision)?;
        match outcome {
            Outcome::Give(agent) => self.plan_for(task, agent, &view, shown, permit).await,
            Outcome::Busy => {
                self.audit(permit.message, &task.tenant, &view, now).await?;
                let waiting = deps.put_off(task, shown, now).await?;
                self.remember(permit.message, &waiting, &awaited).await;
                Ok(Taken::Moved)
            }
            Outcome::NoModel => {
                deps.put_off(task, shown, now).await?;
                deps.train(&task.tenant).await;
                Ok(Taken::Moved)
            }
            Outcome::TurnAway(reason) => {
                deps.turn_away(task, reason, shown, now).await?;
                Ok(Taken::Moved)
            }
        }
    }

    /// Decides until the decision stands with the load of the chosen agent as this batch has read
    /// and changed it. What is known of loads otherwise may be seconds old: the chosen one may
    /// have become busy, and if all were, one may have become free.
    async fn settle_on(
        &mut self,
        subject: &Subject<'_>,
        view: &mut View,
        now: Timestamp,
    ) -> Result<(Decision, Outcome), Error> {
        let (tenant, table) = (subject.tenant, &self.deps.table);
        self.loads.show_in(tenant, view);
        loop {
            let started = Instant::now();
            let decision = decide(subject, view, now);
            metrics::histogram!(names::ROUTING_LATENCY)
                .record(started.elapsed().as_secs_f64() * 1e6);
            let outcome = outcome(subject, view, &decision);
            match &outcome {
                Outcome::Give(agent) if !self.loads.has(tenant, agent) => {
                    let load = self.loads.read(table, tenant, agent).await?;
                    if load == view.load(agent) {
                        return Ok((decision, outcome));
                    }
                    view.loads.insert(agent.clone(), load);
                }
                Outcome::Busy if !self.loads.has_all(tenant) => {
                    self.loads.read_all(table, tenant).await?;
                    self.loads.show_in(tenant, view);
                }
                _ => return Ok((decision, outcome)),
            }
        }
    }

    /// Notes that the task is to go to `agent`.
    async fn plan_for(
        &mut self,
        task: &Task,
        agent: AgentName,
        view: &View,
        decision: Value,
        permit: Permit,
    ) -> Result<Taken, Error> {
        let run = run_for(task, &agent, view, Timestamp::now());
        let run = run.ok_or_else(|| Error::internal("the chosen agent is not known"))?;
        let started = Change::Started(run.id.clone());
        self.change(permit.message, &task.tenant, &agent, started)
            .await?;
        let load = self
            .loads
            .read(&self.deps.table, &task.tenant, &agent)
            .await?;
        let capacity = view.routing.policy.capacity_of(&agent);
        metrics::histogram!(names::AGENT_UTILISATION)
            .record(f64::from(load.tasks()) / f64::from(capacity.max(1)));
        Ok(Taken::Planned(Box::new(Planned {
            permit,
            task: task.clone(),
            agent,
            run,
            decision,
        })))
    }
}

impl Deps {
    async fn put_off(&self, task: &Task, decision: Value, now: Timestamp) -> Result<Task, Error> {
        let next = task.put_off(decision, now).map_err(Error::internal)?;
        self.table.write_task(&next).await?;
        tracing::info!(task = %task.id, "put off");
        self.call_back(&next, now).await;
        Ok(next)
    }

    async fn turn_away(
        &self,
        task: &Task,
        reason: Rejection,
        decision: Value,
        now: Timestamp,
    ) -> Result<(), Error> {
        let next = task
            .turned_away(reason, decision, now)
            .map_err(Error::internal)?;
        self.table.write_task(&next).await?;
        tracing::info!(task = %task.id, reason = reason.as_str(), "turned away");
        metrics::counter!(names::TASKS_REJECTED, "Reason" => reason.as_str()).increment(1);
        self.report_dead(&next).await;
        self.tell_step(&next).await;
        Ok(())
    }

    /// Says that the tenant's model may be out of date. What is lost is said again.
    pub(crate) async fn train(&self, tenant: &TenantId) {
        let message = TrainMessage {
            tenant: tenant.clone(),
        };
        if let Err(error) = self.train_queue.send(&message, &[]).await {
            log_unsent(error);
        }
    }
}

/// Where a queued task stands.
pub(crate) fn place(task: &Task) -> AgendaTask {
    AgendaTask {
        at: task.virtual_deadline.sort_key(task.id.as_str()),
        tenant: task.tenant.clone(),
        id: task.id.clone(),
    }
}

/// A decision as it is kept beside its task.
fn shown(decision: Decision) -> Result<Value, Error> {
    serde_json::to_value(decision.abridged(DECISION_KEPT)).map_err(Error::internal)
}

fn measure(task: &Task, decision: &Decision, outcome: &Outcome, now: Timestamp) {
    let outcome = match outcome {
        Outcome::Give(_) => "given",
        Outcome::Busy => "busy",
        Outcome::NoModel => "no_model",
        Outcome::TurnAway(_) => "turned_away",
    };
    metrics::counter!(names::TASKS_ROUTED, "Outcome" => outcome).increment(1);
    metrics::histogram!(names::DECISION_CONFIDENCE).record(decision.confidence);
    let age = now.duration_since(task.updated_at).as_secs_f64() * 1_000.0;
    metrics::histogram!(names::QUEUE_AGE).record(age.max(0.0));
}

/// A message that was not sent is no loss: what it says stands in the table. A task that it was
/// to move is found by the keeper, by its due time.
pub(crate) fn log_unsent(error: tdev_aws::Error) {
    let error = Error::from(error).chain();
    tracing::warn!(error, "a message was not sent");
}
