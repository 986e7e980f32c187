//! Giving a task to an agent.
//!
//! # Without a transaction
//!
//! An attempt at a task has a run whose identifier follows from the attempt, so whoever gives the
//! same attempt to whichever agent starts the same run. Giving is three writes and a message:
//!
//! 1. the run is added to the set of those that its agent is doing;
//! 2. the run is put, on condition that there is none of this name. It names the task, and is on
//!    the agenda itself until it has ended and the task knows;
//! 3. the task becomes `running` with it, on condition of the revision that was read;
//! 4. a worker is called.
//!
//! *A task is given to one agent at a time.* Of an attempt there is one run, since the second put
//! of the same name is refused, and a task is given anew only by an attempt that follows on the
//! end of the one before. Who is refused at 2 takes the run as it is, with the agent that it has,
//! and makes the task `running` with that.
//!
//! *None is lost.* Whoever is lost after 2 leaves a run for a task that is queued, or waits
//! meanwhile. The task is still on the agenda, and whoever takes it next finds the run. If it has
//! ended by then, it is settled at once; and the message of its end, too, makes a task that does
//! not know its run take it, and settles it.
//!
//! *None is done that was called off.* Who is refused at 3 reads the task again. If it is final,
//! the run is called off. Whoever calls a task off looks for such a run, too; and the keeper,
//! before it calls the first worker for a run that nobody came for, looks whether its task still
//! wants it.
//!
//! *Loads do not drift.* A run is counted before it exists, so its end always finds it there, and
//! is counted exactly where it is removed. What a worker that is lost between 1 and 2 leaves
//! behind is a run too many, until the attempt is made after all, by the same agent; else until
//! the run is looked for, which is done when its agent is passed over as busy, and was not found
//! for ten minutes. So in-flight counts are too high by at most the runs of the batches that were
//! lost in that time, never too low, and no agent exceeds its capacity.
//!
//! How an agent's run ended may, in one case, be counted by nobody: when two workers give the same
//! attempt at the same time and it has ended before the slower one has found out. It is never
//! counted twice.

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::{
    AgentName, ErrorName, Invocation, InvocationChange, InvocationId, Routed, RunOutcome, Task,
    TaskState, TaskStatus, TenantId,
};
use tdev_invocation::{Cancellation, CommitError, Journal, WakeUp};
use tdev_lambda::Error;

use crate::batch::{Batch, Permit};
use crate::handler::ATTEMPTS;
use crate::loads::Change;
use crate::queue::log_unsent;
use crate::tenants::View;

/// A task that is to be given to an agent.
#[derive(Debug)]
pub(crate) struct Planned {
    /// By which permit.
    pub(crate) permit: Permit,
    /// The task, queued.
    pub(crate) task: Task,
    /// The agent.
    pub(crate) agent: AgentName,
    /// The run that the agent is to do.
    pub(crate) run: Invocation,
    /// The decision, as it is kept.
    pub(crate) decision: Value,
}

/// What came of an attempt to give a task to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// It was moved on.
    Moved,
    /// Another worker has moved it.
    Lost,
}

/// What there is to do for a task and a run that was put for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The task does not know the run yet, and takes it.
    Open,
    /// The task has it.
    Taken,
    /// The task had it; the attempt is over.
    Over,
    /// The task does not want it any more.
    Unwanted,
}

/// How `task` stands to `run`, which was put for one of its attempts.
pub(crate) fn claim(task: &Task, run: &InvocationId) -> Claim {
    match &task.status {
        TaskStatus::Running { invocation } if invocation == run => Claim::Taken,
        _ if task.attempts.iter().any(|made| made.invocation == *run) => Claim::Over,
        TaskStatus::Queued | TaskStatus::Waiting { .. }
            if InvocationId::attempted_by(&task.next_attempt()) == *run =>
        {
            Claim::Open
        }
        _ => Claim::Unwanted,
    }
}

/// The run that `agent` is to do for the next attempt at `task`; `None` if the agent is not known.
pub(crate) fn run_for(
    task: &Task,
    agent: &AgentName,
    view: &View,
    now: Timestamp,
) -> Option<Invocation> {
    let callee = view.agents.get(agent)?.callee();
    let id = InvocationId::attempted_by(&task.next_attempt());
    let (tenant, input) = (task.tenant.clone(), task.input.clone());
    Some(Invocation {
        task: Some(task.id.clone()),
        ..tdev_invocation::accept(id, tenant, callee, input, now)
    })
}

impl Batch<'_> {
    /// Puts the run, moves the task on and calls a worker.
    pub(crate) async fn give(&mut self, planned: Planned) -> Result<Given, Error> {
        let Planned {
            permit,
            mut task,
            agent,
            run,
            decision,
        } = planned;
        let message = permit.message;
        let run = self.put(run).await?;
        if run.callee.agent != agent {
            self.release(message, &task.tenant, &agent, &run.id).await?;
        }
        for _ in 0..ATTEMPTS {
            match self.adopt(&task, &run, &decision).await {
                Ok(next) => {
                    self.begin(message, &next, &run).await?;
                    return Ok(Given::Moved);
                }
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::debug!(task = %task.id, error = error.chain(), "another was first");
                }
                Err(error) => return Err(error),
            }
            let found = self.deps.table.task(&task.tenant, &task.id).await?;
            task = found.ok_or_else(|| Error::internal("a queued task is gone"))?;
            match claim(&task, &run.id) {
                Claim::Open => {}
                Claim::Taken => return Ok(Given::Lost),
                Claim::Over => {
                    self.release(message, &task.tenant, &agent, &run.id).await?;
                    return Ok(Given::Lost);
                }
                Claim::Unwanted => {
                    self.call_off(message, &run).await?;
                    return Ok(Given::Lost);
                }
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the task is being changed by others all the time",
        ))
    }

    /// Puts the run, and returns it as it is stored: it may have been there already.
    async fn put(&self, run: Invocation) -> Result<Invocation, Error> {
        let journal = self.deps.journals.of(&run.tenant);
        match journal.commit(&[InvocationChange::to(run.clone())]).await {
            Ok(()) => Ok(run),
            Err(CommitError::Conflict) => {
                let found = journal.load(&run.id).await.map_err(unavailable)?;
                found.ok_or_else(|| Error::internal("a run that was there is gone"))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Makes the task `running` with the run that was put for it, whoever decided on that.
    pub(crate) async fn adopt(
        &self,
        task: &Task,
        run: &Invocation,
        decision: &Value,
    ) -> Result<Task, Error> {
        let agent = &run.callee.agent;
        let decision = if decision["chosen"] == agent.as_str() {
            decision.clone()
        } else {
            json!({"chosen": agent, "reason": "adopted"})
        };
        let routed = Routed {
            agent: agent.clone(),
            version: run.callee.version,
            invocation: run.id.clone(),
        };
        let next = task
            .started(routed, decision, Timestamp::now())
            .map_err(Error::internal)?;
        self.deps.table.write_task(&next).await?;
        tracing::info!(task = %task.id, %agent, invocation = %run.id, "given to an agent");
        Ok(next)
    }

    /// Calls a worker for a run that its task has just taken, or settles the task if the run has
    /// ended already.
    pub(crate) async fn begin(
        &mut self,
        message: usize,
        task: &Task,
        run: &Invocation,
    ) -> Result<(), Error> {
        if run.status.is_final() {
            return Box::pin(self.settle(message, &task.tenant, &task.id)).await;
        }
        let now = Timestamp::now();
        let wake = WakeUp {
            invocation: run.id.clone(),
            at: now,
        };
        if let Err(error) = self.deps.journals.wake(&task.tenant, &wake, now).await {
            log_unsent(error);
        }
        Ok(())
    }

    /// Calls off a run that its task does not want.
    pub(crate) async fn call_off(&mut self, message: usize, run: &Invocation) -> Result<(), Error> {
        let journal = self.deps.journals.of(&run.tenant);
        let called_off = tdev_invocation::cancel(&run.id, &journal, Timestamp::now()).await;
        let called_off =
            called_off.map_err(|error| Error::caused_by(ErrorName::Transient, error))?;
        tracing::info!(invocation = %run.id, ?called_off, "called off: its task has ended");
        if matches!(called_off, Cancellation::Requested) {
            return Ok(());
        }
        let agent = &run.callee.agent;
        self.release(message, &run.tenant, agent, &run.id).await
    }

    /// Counts a run no longer, without judging the agent by it.
    pub(crate) async fn release(
        &mut self,
        message: usize,
        tenant: &TenantId,
        agent: &AgentName,
        run: &InvocationId,
    ) -> Result<(), Error> {
        let change = Change::Ended(run.clone(), RunOutcome::Released);
        self.change(message, tenant, agent, change).await
    }

    /// Changes the load of an agent; it is written with all others of the batch.
    pub(crate) async fn change(
        &mut self,
        message: usize,
        tenant: &TenantId,
        agent: &AgentName,
        change: Change,
    ) -> Result<(), Error> {
        let policy = self.deps.tenants.view(tenant).await?.routing.breaker;
        let of = (tenant, agent);
        let by = (message, Timestamp::now());
        let table = &self.deps.table;
        self.loads.change(table, of, change, policy, by).await
    }
}

/// A failure of the store of invocations.
pub(crate) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::caused_by(ErrorName::Transient, error)
}

/// Whether an agent may still be started on a task that stands so.
pub(crate) const fn is_open(state: TaskState) -> bool {
    matches!(state, TaskState::Queued | TaskState::Waiting)
}
