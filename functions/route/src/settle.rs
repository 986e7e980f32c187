//! The end of an attempt: what its task, and its agent's load, come to.
//!
//! The task is written first and the load, with all others of the batch, at the end. Whoever is
//! lost in between has not acknowledged the message: it comes again, and finds in the task how the
//! attempt ended, and in the load whether that was counted.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::retry::Failure;
use tdev_domain::{
    AttemptFailure, ErrorName, IllegalTaskTransition, Invocation, InvocationFailure, InvocationId,
    InvocationStatus, RunOutcome, Task, TaskId, TaskMessage, TaskState, TaskStatus, TenantId,
};
use tdev_invocation::Journal;
use tdev_lambda::Error;
use tdev_lambda::telemetry::names;

use crate::batch::Batch;
use crate::give::{is_open, unavailable};
use crate::handler::{ATTEMPTS, Deps};
use crate::loads::Change;
use crate::queue::{log_unsent, place};

/// The confidence from which on a decision that turned out well teaches nothing new.
const SURE: f64 = 0.9;

/// After how many tasks of a tenant its model may be trained anew on what was learned since.
const TRAIN_EVERY: u64 = 64;

/// The longest that SQS holds a message back, in seconds.
const MAX_DELAY: u16 = 900;

impl Batch<'_> {
    /// Settles a task whose agent has ended, and sees to what follows.
    pub(crate) async fn settle(
        &mut self,
        message: usize,
        tenant: &TenantId,
        id: &TaskId,
    ) -> Result<(), Error> {
        let table = &self.deps.table;
        let mut glance = table.glance_at_task(tenant, id).await?;
        for _ in 0..ATTEMPTS {
            let is_running = |task: &Task| matches!(task.status, TaskStatus::Running { .. });
            // What is seen at a glance may be too old.
            let found = match glance.take().filter(is_running) {
                Some(task) => Some(task),
                None => self.deps.table.task(tenant, id).await?,
            };
            let task = found.ok_or_else(|| unknown(tenant, id))?;
            let settled = match &task.status {
                TaskStatus::Running { invocation } => {
                    let run = self.ended(tenant, invocation).await?;
                    match run {
                        None => return Ok(()),
                        Some(run) => self.settle_by(message, &task, &run).await,
                    }
                }
                _ => self.settle_again(message, &task).await,
            };
            match settled {
                Ok(()) => return Ok(()),
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::debug!(task = %id, error = error.chain(), "another was first");
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the task is being changed by others all the time",
        ))
    }

    /// A run of a running task, if it has ended.
    async fn ended(
        &self,
        tenant: &TenantId,
        run: &InvocationId,
    ) -> Result<Option<Invocation>, Error> {
        let has_ended = |run: &Invocation| run.status.is_final();
        let journal = self.deps.journals.of(tenant);
        let seen = journal.glance(run).await.map_err(unavailable)?;
        if let Some(run) = seen.filter(has_ended) {
            return Ok(Some(run));
        }
        let found = journal.load(run).await.map_err(unavailable)?;
        let found = found.ok_or_else(|| Error::internal("a task's invocation is gone"))?;
        Ok(Some(found).filter(has_ended))
    }

    /// Settles `task` by the end of its run.
    async fn settle_by(
        &mut self,
        message: usize,
        task: &Task,
        run: &Invocation,
    ) -> Result<(), Error> {
        let deps = self.deps;
        let now = Timestamp::now();
        let next = settled(task, run, now).map_err(Error::internal)?;
        deps.learn(&next, now).await?;
        deps.table.write_task(&next).await?;
        let state = next.status.state().as_str();
        tracing::info!(task = %task.id, agent = %run.callee.agent, state, "settled");
        metrics::counter!(names::TASKS_SETTLED, "State" => state).increment(1);
        let failed = matches!(run.status, InvocationStatus::Failed { .. });
        metrics::histogram!(names::ATTEMPT_FAILED).record(f64::from(u8::from(failed)));
        deps.report_dead(&next).await;
        deps.tell_step(&next).await;
        if matches!(next.status, TaskStatus::Completed { .. }) && next.turn % TRAIN_EVERY == 0 {
            deps.train(&next.tenant).await;
        }
        self.count_end(message, &next).await?;
        self.follow_up(message, &next).await
    }

    /// Sees to what may have been left undone for a task that is not running: whoever settled it
    /// may have been lost before the end of the run was counted, or whoever gave it to an agent
    /// before the task knew.
    async fn settle_again(&mut self, message: usize, task: &Task) -> Result<(), Error> {
        self.count_end(message, task).await?;
        let state = task.status.state();
        if state == TaskState::Completed {
            return Ok(());
        }
        let id = InvocationId::attempted_by(&task.next_attempt());
        let journal = self.deps.journals.of(&task.tenant);
        let Some(run) = journal.load(&id).await.map_err(unavailable)? else {
            return self.follow_up(message, task).await;
        };
        if is_open(state) {
            let next = self.adopt(task, &run, &Value::Null).await?;
            return self.begin(message, &next, &run).await;
        }
        self.call_off(message, &run).await
    }

    /// Counts the end of the last attempt, unless it was counted before, and sends for what waited
    /// for it.
    async fn count_end(&mut self, message: usize, task: &Task) -> Result<(), Error> {
        let Some((attempt, outcome)) = task.attempts.last().zip(outcome_of_last(task)) else {
            return Ok(());
        };
        let ended = Change::Ended(attempt.invocation.clone(), outcome);
        self.change(message, &task.tenant, &attempt.agent, ended)
            .await?;
        self.call_waiting(message, &task.tenant, &attempt.agent)
            .await;
        Ok(())
    }

    /// Does what a task that stands so needs done.
    async fn follow_up(&mut self, message: usize, task: &Task) -> Result<(), Error> {
        match task.status {
            TaskStatus::Queued => self.permit(message, place(task)),
            TaskStatus::Waiting { .. } => self.deps.call_back(task, Timestamp::now()).await,
            _ => {}
        }
        Ok(())
    }

    /// Puts a waiting task whose time has come in the queue again, and takes the head.
    pub(crate) async fn retry(
        &mut self,
        message: usize,
        tenant: &TenantId,
        id: &TaskId,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let now = Timestamp::now();
            let Some(task) = self.deps.table.task(tenant, id).await? else {
                return Err(unknown(tenant, id));
            };
            let next = match task.status {
                TaskStatus::Waiting { until } if until <= now => {
                    task.requeued(now).map_err(Error::internal)?
                }
                _ => return self.follow_up(message, &task).await,
            };
            match self.deps.table.write_task(&next).await {
                Ok(()) => return self.follow_up(message, &next).await,
                Err(tdev_aws::Error::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the task is being changed by others all the time",
        ))
    }
}

impl Deps {
    /// Keeps what the completion of a task teaches, unless the model was sure of it.
    async fn learn(&self, task: &Task, now: Timestamp) -> Result<(), Error> {
        if let Some(lesson) = task.outcome(now)
            && confidence(task) < SURE
        {
            self.table.put_lesson(&lesson).await?;
        }
        Ok(())
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

    /// Calls a worker for the step of a workflow's run that waited for a task which has ended. If
    /// that fails, the step finds out when its time is over.
    pub(crate) async fn tell_step(&self, task: &Task) {
        let Some(step) = task
            .step
            .as_ref()
            .filter(|_| task.status.state().is_final())
        else {
            return;
        };
        let (run, place, now) = (step.run.clone(), Some(step.place), Timestamp::now());
        let told = self.journals.wake_run(&task.tenant, run, place, now).await;
        if let Err(error) = told {
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

/// What a task comes to when its run has ended.
fn settled(task: &Task, run: &Invocation, now: Timestamp) -> Result<Task, IllegalTaskTransition> {
    match &run.status {
        InvocationStatus::Completed { .. } => task.completed(now),
        InvocationStatus::Failed { failure } => task.attempt_failed(attempt_failure(failure), now),
        _ => task.attempt_cancelled(now),
    }
}

/// How the last attempt ended, as far as its agent is judged by it; `None` if it has not.
fn outcome_of_last(task: &Task) -> Option<RunOutcome> {
    let attempt = task.attempts.last()?;
    let ended_at = attempt.ended_at?;
    Some(match (&attempt.failure, &task.status) {
        (Some(_), _) if attempt.is_agents_fault() => RunOutcome::Failed,
        (None, TaskStatus::Completed { .. }) => {
            let took = ended_at.duration_since(attempt.started_at);
            let took = Duration::try_from(took).unwrap_or_default();
            RunOutcome::Succeeded { took }
        }
        _ => RunOutcome::Released,
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
