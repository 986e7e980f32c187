//! The end of an attempt: what its task, and its agent's record, come to.

use std::time::Duration;

use jiff::Timestamp;
use tdev_domain::retry::Failure;
use tdev_domain::{
    AgentLoad, AttemptFailure, ErrorName, IllegalTaskTransition, Invocation, InvocationFailure,
    InvocationStatus, Task, TaskId, TaskMessage, TaskStatus, TenantId,
};
use tdev_lambda::Error;
use tdev_lambda::telemetry::names;
use tdev_routing::breaker::BreakerPolicy;

use crate::handler::{ATTEMPTS, Deps};
use crate::queue::log_unsent;

/// The confidence from which on a decision that turned out well teaches nothing new.
const SURE: f64 = 0.9;

/// After how many tasks of a tenant its model may be trained anew on what was learned since.
const TRAIN_EVERY: u64 = 64;

/// The longest that SQS holds a message back, in seconds.
const MAX_DELAY: u16 = 900;

impl Deps {
    /// Settles a task whose agent has ended, and sees to what follows.
    pub(crate) async fn settle(&self, tenant: &TenantId, id: &TaskId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let Some(task) = self.table.task(tenant, id).await? else {
                return Err(unknown(tenant, id));
            };
            let TaskStatus::Running { invocation } = &task.status else {
                // Settled already, though perhaps not all that follows was done.
                return self.follow_up(&task).await;
            };
            let found = self.journals.invocation(tenant, invocation).await?;
            let found = found.ok_or_else(|| Error::internal("a task's invocation is gone"))?;
            match self.settle_by(&task, &found).await {
                Ok(Some(settled)) => return self.follow_up(&settled).await,
                Ok(None) => return Ok(()),
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::debug!(task = %id, error = error.chain(), "another was first");
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the task or its agent's load is being changed by others all the time",
        ))
    }

    /// Settles `task` by what became of its invocation; `None` if that is still under way.
    async fn settle_by(&self, task: &Task, run: &Invocation) -> Result<Option<Task>, Error> {
        let now = Timestamp::now();
        if !run.status.is_final() {
            if let Some(next) = task.looked_after(now) {
                self.table.write_task(&next, None, None).await?;
            }
            return Ok(None);
        }
        let agent = &run.callee.agent;
        let load = self.table.agent_load(&task.tenant, agent).await?;
        let breaker = self.tenants.view(&task.tenant).await?.routing.breaker;
        let (next, load) = settled(task, run, &load, &breaker, now).map_err(Error::internal)?;
        self.learn(&next, now).await?;
        self.table.write_task(&next, Some(&load), None).await?;
        let state = next.status.state().as_str();
        tracing::info!(task = %task.id, %agent, state, "settled");
        metrics::counter!(names::TASKS_SETTLED, "State" => state).increment(1);
        let failed = matches!(run.status, InvocationStatus::Failed { .. });
        metrics::histogram!(names::ATTEMPT_FAILED).record(f64::from(u8::from(failed)));
        self.report_dead(&next).await;
        if matches!(next.status, TaskStatus::Completed { .. }) && next.turn % TRAIN_EVERY == 0 {
            self.train(&next.tenant).await;
        }
        Ok(Some(next))
    }

    /// Keeps what the completion of a task teaches, unless the model was sure of it.
    async fn learn(&self, task: &Task, now: Timestamp) -> Result<(), Error> {
        if let Some(lesson) = task.outcome(now)
            && confidence(task) < SURE
        {
            self.table.put_lesson(&lesson).await?;
        }
        Ok(())
    }

    /// Does what a task that stands so needs done.
    async fn follow_up(&self, task: &Task) -> Result<(), Error> {
        match task.status {
            TaskStatus::Queued => self.take_head(&task.tenant, &task.id).await,
            TaskStatus::Waiting { .. } => {
                self.call_back(task, Timestamp::now()).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Puts a waiting task whose time has come in the queue again, and takes the head.
    pub(crate) async fn retry(&self, tenant: &TenantId, id: &TaskId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let now = Timestamp::now();
            let Some(task) = self.table.task(tenant, id).await? else {
                return Err(unknown(tenant, id));
            };
            let next = match task.status {
                TaskStatus::Waiting { until } if until <= now => {
                    task.requeued(now).map_err(Error::internal)?
                }
                _ => return self.follow_up(&task).await,
            };
            match self.table.write_task(&next, None, None).await {
                Ok(()) => return self.take_head(tenant, id).await,
                Err(tdev_aws::Error::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the task is being changed by others all the time",
        ))
    }

    /// Sends for a waiting task, for when its time has come.
    pub(crate) async fn call_back(&self, task: &Task, now: Timestamp) {
        let TaskStatus::Waiting { until } = task.status else {
            return;
        };
        let message = TaskMessage::Retry {
            tenant: task.tenant.clone(),
            task: task.id.clone(),
        };
        let delay = delay(until, now);
        if let Err(error) = self.task_queue.send_after(&message, delay, &[]).await {
            log_unsent(error);
        }
    }

    /// Leaves word of a task that was given up on the dead-letter queue. The dead letter itself is
    /// in the table.
    pub(crate) async fn report_dead(&self, task: &Task) {
        let Some(letter) = task.dead_letter() else {
            return;
        };
        let reason = letter.reason.as_str();
        tracing::warn!(task = %task.id, reason, error = letter.message, "given up");
        let attributes = [("Reason", reason)];
        let message = TaskMessage::Ended {
            tenant: letter.tenant,
            task: letter.task,
        };
        if let Err(error) = self.dead_letters.send(&message, &attributes).await {
            log_unsent(error);
        }
    }
}

/// How many seconds a message is held back, rounded up. What is further off is called for early,
/// and then again.
fn delay(until: Timestamp, now: Timestamp) -> u16 {
    let milliseconds = until.duration_since(now).as_millis().max(0);
    let seconds = milliseconds / 1_000 + i128::from(milliseconds % 1_000 > 0);
    u16::try_from(seconds).map_or(MAX_DELAY, |seconds| seconds.min(MAX_DELAY))
}

fn unknown(tenant: &TenantId, id: &TaskId) -> Error {
    Error::invalid_input(format!("unknown task: {tenant} has no {id}"))
}

/// How likely the decision was right by which the task was given away.
fn confidence(task: &Task) -> f64 {
    let decision = task.decision.as_ref();
    decision
        .and_then(|decision| decision["confidence"].as_f64())
        .unwrap_or_default()
}

/// What a task and its agent's load come to when the run has ended.
fn settled(
    task: &Task,
    run: &Invocation,
    load: &AgentLoad,
    breaker: &BreakerPolicy,
    now: Timestamp,
) -> Result<(Task, AgentLoad), IllegalTaskTransition> {
    Ok(match &run.status {
        InvocationStatus::Completed { .. } => {
            let took = run.updated_at.duration_since(run.created_at);
            let took = Duration::try_from(took).unwrap_or_default();
            (task.completed(now)?, load.succeeded(took, now))
        }
        InvocationStatus::Failed { failure } => {
            let failure = attempt_failure(failure);
            let load = match failure.failure {
                Failure::Agent => load.failed(breaker, now),
                Failure::Platform(_) => load.released(now),
            };
            (task.attempt_failed(failure, now)?, load)
        }
        _ => (task.attempt_cancelled(now)?, load.released(now)),
    })
}

/// By whose fault a run failed. What has had effects and cannot go on is not to be repeated, by
/// whomever.
fn attempt_failure(failure: &InvocationFailure) -> AttemptFailure {
    let (failure, message) = match failure {
        InvocationFailure::Agent(failure) => (Failure::Agent, failure.message.clone()),
        InvocationFailure::Stalled { workers } => (
            Failure::Agent,
            format!("{workers} workers in a row were lost while they ran it"),
        ),
        InvocationFailure::Unresumable { message } => (
            Failure::Platform(ErrorName::Internal),
            format!("it has had effects and cannot be resumed: {message}"),
        ),
    };
    AttemptFailure { failure, message }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn messages_are_held_back_by_whole_seconds() {
        let now = Timestamp::UNIX_EPOCH;
        for (milliseconds, seconds) in [
            (-5, 0),
            (0, 0),
            (1, 1),
            (1_000, 1),
            (1_001, 2),
            (900_001, 900),
            (i64::from(u16::MAX) * 2_000, 900),
        ] {
            assert_eq!(delay(now + milliseconds.milliseconds(), now), seconds);
        }
    }
}
