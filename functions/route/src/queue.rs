//! The queue: finding the head, and moving it on.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::{AgendaTask, PageRequest};
use tdev_domain::{
    AgentName, ErrorName, Invocation, InvocationChange, InvocationId, Rejection, Routed, Task,
    TaskId, TaskState, TenantId, TrainMessage,
};
use tdev_invocation::WakeUp;
use tdev_lambda::Error;
use tdev_lambda::telemetry::names;
use tdev_routing::select::Decision;

use crate::decide::{Outcome, Subject, decide, outcome};
use crate::handler::{ATTEMPTS, Deps};
use crate::tenants::View;

/// How many of the first tasks are read at a time.
const HEADS: u32 = 8;
/// How often that is done, before the rest is left to other permits.
const READS: u32 = 32;
/// How many candidates and how many of the others are kept of a decision beside its task.
const DECISION_KEPT: usize = 3;

/// What came of an attempt to move a task on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It was moved on.
    Moved,
    /// It is not there any more: another worker has it.
    Gone,
}

impl Deps {
    /// Takes the head of the queue, whichever task that is, and moves it on. `hint` is a task that
    /// may be in the queue without its index showing it yet.
    pub(crate) async fn take_head(&self, tenant: &TenantId, hint: &TaskId) -> Result<(), Error> {
        let mut hinted = Some(AgendaTask {
            at: String::new(),
            tenant: tenant.clone(),
            id: hint.clone(),
        });
        let mut page = PageRequest {
            limit: HEADS,
            after: None,
        };
        for _ in 0..READS {
            let heads = self.table.queued_tasks(&page).await?;
            let mut heads_in_order = heads.items;
            if let Some(hint) = hinted.take()
                && let Some(place) = self.unseen(&hint, &heads_in_order).await?
            {
                heads_in_order.push(place);
                heads_in_order.sort();
            }
            for head in heads_in_order {
                if self.take(&head).await? == Taken::Moved {
                    return Ok(());
                }
            }
            page.after = heads.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The place of a task that is queued and not among `heads`.
    async fn unseen(
        &self,
        hint: &AgendaTask,
        heads: &[AgendaTask],
    ) -> Result<Option<AgendaTask>, Error> {
        let is_it = |head: &AgendaTask| head.id == hint.id && head.tenant == hint.tenant;
        if heads.iter().any(is_it) {
            return Ok(None);
        }
        let task = self.table.task(&hint.tenant, &hint.id).await?;
        let queued = task.filter(|task| task.status.state() == TaskState::Queued);
        Ok(queued.map(|task| place(&task)))
    }

    /// Moves the task at this place on, if it still is there. One that cannot be decided on, for
    /// whatever reason, is put off: the head must not block the queue.
    async fn take(&self, head: &AgendaTask) -> Result<Taken, Error> {
        for _ in 0..ATTEMPTS {
            let found = match self.table.task(&head.tenant, &head.id).await {
                Err(error @ tdev_aws::Error::Corrupt { .. }) => {
                    let error = Error::from(error).chain();
                    tracing::error!(task = %head.id, error, "a task cannot be read");
                    return Ok(Taken::Gone);
                }
                found => found?,
            };
            // The index may be behind.
            let is_there =
                |task: &Task| task.status.state() == TaskState::Queued && place(task).at == head.at;
            let Some(task) = found.filter(is_there) else {
                return Ok(Taken::Gone);
            };
            let moved = match self.route(&task).await {
                Err(error) if error.name() != ErrorName::Conflict => {
                    tracing::error!(task = %task.id, error = error.chain(), "cannot be decided on");
                    let undecided = json!({"chosen": null, "reason": "undecided"});
                    self.put_off(&task, undecided, Timestamp::now()).await
                }
                moved => moved,
            };
            match moved {
                Ok(()) => return Ok(Taken::Moved),
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::debug!(task = %task.id, error = error.chain(), "another was first");
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the agents' loads are being changed by others all the time",
        ))
    }

    /// Decides on a queued task, and moves it on accordingly.
    async fn route(&self, task: &Task) -> Result<(), Error> {
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
        let mut view = View::clone(&*self.tenants.view(&task.tenant).await?);
        let (mut decision, mut outcome) = self.settle_on(&subject, &mut view, now).await?;
        if matches!(outcome, Outcome::TurnAway(_)) {
            // It is final, and what was known may lack an agent that has just been admitted.
            view = View::clone(&*self.tenants.read(&task.tenant).await?);
            (decision, outcome) = self.settle_on(&subject, &mut view, now).await?;
        }
        measure(task, &decision, &outcome, now);
        let shown = shown(decision)?;
        match outcome {
            Outcome::Give(agent) => self.give(task, &agent, &view, shown, now).await,
            Outcome::Busy => self.put_off(task, shown, now).await,
            Outcome::NoModel => {
                self.put_off(task, shown, now).await?;
                self.train(&task.tenant).await;
                Ok(())
            }
            Outcome::TurnAway(reason) => self.turn_away(task, reason, shown, now).await,
        }
    }

    /// Decides until the decision stands with the load of the chosen agent as it is now. What is
    /// known of loads may be seconds old: the chosen one may have become busy, and if all were,
    /// one may have become free.
    async fn settle_on(
        &self,
        subject: &Subject<'_>,
        view: &mut View,
        now: Timestamp,
    ) -> Result<(Decision, Outcome), Error> {
        let mut fresh = BTreeSet::new();
        loop {
            let started = Instant::now();
            let decision = decide(subject, view, now);
            metrics::histogram!(names::ROUTING_LATENCY)
                .record(started.elapsed().as_secs_f64() * 1e6);
            let outcome = outcome(subject, view, &decision);
            match &outcome {
                Outcome::Give(agent) if !fresh.contains(agent) => {
                    let load = self.table.agent_load(subject.tenant, agent).await?;
                    if load == view.load(agent) {
                        return Ok((decision, outcome));
                    }
                    view.loads.insert(agent.clone(), load);
                    fresh.insert(agent.clone());
                }
                Outcome::Busy if fresh.len() < view.agents.len() => {
                    view.loads = self.tenants.loads(subject.tenant).await?;
                    fresh = view.agents.keys().cloned().collect();
                }
                _ => return Ok((decision, outcome)),
            }
        }
    }

    /// Gives the task to an agent: all at once or not at all, the task is moved, the agent's
    /// invocation accepted and its load counted.
    async fn give(
        &self,
        task: &Task,
        agent: &AgentName,
        view: &View,
        decision: Value,
        now: Timestamp,
    ) -> Result<(), Error> {
        let routable = view.agents.get(agent);
        let routable = routable.ok_or_else(|| Error::internal("the chosen agent is not known"))?;
        let load = view.load(agent);
        let capacity = view.routing.policy.capacity_of(agent);
        let routed = Routed {
            agent: agent.clone(),
            version: routable.version.version,
            invocation: InvocationId::generate(),
        };
        let id = routed.invocation.clone();
        let accepted = tdev_invocation::accept(
            id.clone(),
            task.tenant.clone(),
            routable.callee(),
            task.input.clone(),
            now,
        );
        let record = Invocation {
            task: Some(task.id.clone()),
            ..accepted
        };
        let next = task
            .started(routed, decision, now)
            .map_err(Error::internal)?;
        let load = load.started(&view.routing.breaker, now);
        let invocation = self
            .journals
            .prepare(&[InvocationChange::to(record)])
            .await?;
        self.table
            .write_task(&next, Some(&load), Some(invocation))
            .await?;
        tracing::info!(task = %task.id, %agent, invocation = %id, "given to an agent");
        metrics::histogram!(names::AGENT_UTILISATION)
            .record(f64::from(load.in_flight) / f64::from(capacity.max(1)));
        let wake = WakeUp {
            invocation: id,
            at: now,
        };
        if let Err(error) = self.journals.wake(&task.tenant, &wake, now).await {
            log_unsent(error);
        }
        Ok(())
    }

    async fn put_off(&self, task: &Task, decision: Value, now: Timestamp) -> Result<(), Error> {
        let next = task.put_off(decision, now).map_err(Error::internal)?;
        self.table.write_task(&next, None, None).await?;
        tracing::info!(task = %task.id, "put off");
        self.call_back(&next, now).await;
        Ok(())
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
        self.table.write_task(&next, None, None).await?;
        tracing::info!(task = %task.id, reason = reason.as_str(), "turned away");
        metrics::counter!(names::TASKS_REJECTED, "Reason" => reason.as_str()).increment(1);
        self.report_dead(&next).await;
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

fn place(task: &Task) -> AgendaTask {
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
