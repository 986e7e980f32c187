//! The moves of a task's record. All pure.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Attempt, AttemptFailure, Rejection, Task, TaskState, TaskStatus};
use crate::retry::{GivenUp, Next, RetryPolicy};
use crate::{AgentName, InvocationId, VersionNumber};

/// How long a wake-up message may take before the keeper sends another.
const WAKE_GRACE: Duration = Duration::from_secs(20);

/// How long a task is put off when all agents that fit are busy: from half a second, ever longer,
/// to half a minute.
const DELAY: RetryPolicy = RetryPolicy {
    attempts: u32::MAX,
    base: Duration::from_secs(1),
    multiplier: 2.0,
    cap: Duration::from_secs(30),
};

/// A move that the states do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {} cannot become {}", from.as_str(), to.as_str())]
pub struct IllegalTaskTransition {
    /// Where it stands.
    pub from: TaskState,
    /// Where it was to go.
    pub to: TaskState,
}

/// Whom a task is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The agent.
    pub agent: AgentName,
    /// Its version.
    pub version: VersionNumber,
    /// The run that was accepted for it.
    pub invocation: InvocationId,
}

/// What a request to cancel a task comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelling {
    /// It has ended already.
    Ended,
    /// This record is to be written: it is cancelled.
    Cancelled(Box<Task>),
    /// This record is to be written, and then the invocation cancelled: when that has ended, so
    /// has the task.
    Requested(Box<Task>, InvocationId),
}

type Moved = Result<Task, IllegalTaskTransition>;

impl Task {
    /// Given to an agent by `decision`. One that has been put off meanwhile is given all the same,
    /// since the agent's run is there already.
    ///
    /// # Errors
    ///
    /// As of every move: if the task is in no state from which it may be made.
    pub fn started(&self, routed: Routed, decision: Value, now: Timestamp) -> Moved {
        let invocation = routed.invocation.clone();
        let from = match self.status.state() {
            TaskState::Waiting => TaskState::Waiting,
            _ => TaskState::Queued,
        };
        let mut next = self.moved(from, TaskStatus::Running { invocation }, now)?;
        next.attempts.push(Attempt {
            agent: routed.agent,
            version: routed.version,
            invocation: routed.invocation,
            started_at: now,
            ended_at: None,
            failure: None,
        });
        next.decision = Some(decision);
        Ok(next)
    }

    /// Put off by `decision`: the agents that fit are busy.
    pub fn put_off(&self, decision: Value, now: Timestamp) -> Moved {
        let mut next = self.waiting(
            TaskState::Queued,
            DELAY.pause(self.delays + 1, self.entropy()),
            now,
        )?;
        next.delays = next.delays.saturating_add(1);
        next.decision = Some(decision);
        Ok(next)
    }

    /// Back in its place in the queue after it was put off.
    pub fn requeued(&self, now: Timestamp) -> Moved {
        self.moved(TaskState::Waiting, TaskStatus::Queued, now)
    }

    /// Turned away by `decision`: for good if nobody tried it, else it is given up for want of
    /// another agent.
    pub fn turned_away(&self, reason: Rejection, decision: Value, now: Timestamp) -> Moved {
        let failed = self.attempts.iter().skip(self.forgiven).next_back();
        let status = match failed.and_then(|attempt| attempt.failure.as_ref()) {
            None => TaskStatus::Rejected { reason },
            Some(last) => TaskStatus::Failed {
                reason: GivenUp::NoOtherAgent,
                message: last.message.clone(),
            },
        };
        let mut next = self.moved(TaskState::Queued, status, now)?;
        next.decision = Some(decision);
        Ok(next)
    }

    /// Done by the agent that has it.
    pub fn completed(&self, now: Timestamp) -> Moved {
        let from = TaskState::Running;
        let TaskStatus::Running { invocation } = &self.status else {
            let from = self.status.state();
            let to = TaskState::Completed;
            return Err(IllegalTaskTransition { from, to });
        };
        let invocation = invocation.clone();
        let mut next = self.moved(from, TaskStatus::Completed { invocation }, now)?;
        next.close_attempt(None, now);
        Ok(next)
    }

    /// Failed by the agent that has it: queued for another, waiting for a better time, or given
    /// up, as its policy says.
    pub fn attempt_failed(&self, failure: AttemptFailure, now: Timestamp) -> Moved {
        if self.cancel_requested {
            return self.attempt_cancelled(now);
        }
        let attempts = self.attempts.len().saturating_sub(self.forgiven);
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        let from = TaskState::Running;
        let next = self.retry.after(failure.failure, attempts, self.entropy());
        let mut next = match next {
            Next::Again { pause } if pause.is_zero() => self.moved(from, TaskStatus::Queued, now),
            Next::Again { pause } => self.waiting(from, pause, now),
            Next::GiveUp { reason } => {
                let message = failure.message.clone();
                self.moved(from, TaskStatus::Failed { reason, message }, now)
            }
        }?;
        next.delays = 0;
        next.close_attempt(Some(failure), now);
        Ok(next)
    }

    /// Its attempt was called off, and so is the task.
    pub fn attempt_cancelled(&self, now: Timestamp) -> Moved {
        let mut next = self.moved(TaskState::Running, TaskStatus::Cancelled, now)?;
        next.close_attempt(None, now);
        Ok(next)
    }

    /// Called off by a client.
    #[must_use]
    pub fn cancel(&self, now: Timestamp) -> Cancelling {
        match &self.status {
            TaskStatus::Queued | TaskStatus::Waiting { .. } => {
                Cancelling::Cancelled(Box::new(self.revised(TaskStatus::Cancelled, now)))
            }
            TaskStatus::Running { invocation } => {
                let mut next = self.revised(self.status.clone(), now);
                next.cancel_requested = true;
                Cancelling::Requested(Box::new(next), invocation.clone())
            }
            _ => Cancelling::Ended,
        }
    }

    pub(super) fn redriven_to(&self, now: Timestamp) -> Moved {
        let mut next = self.moved(TaskState::Failed, TaskStatus::Queued, now)?;
        next.forgiven = next.attempts.len();
        next.delays = 0;
        next.decision = None;
        Ok(next)
    }

    fn waiting(&self, from: TaskState, pause: Duration, now: Timestamp) -> Moved {
        let until = after(now, pause);
        let mut next = self.moved(from, TaskStatus::Waiting { until }, now)?;
        next.due_at = Some(after(until, WAKE_GRACE));
        Ok(next)
    }

    fn moved(&self, expected: TaskState, status: TaskStatus, now: Timestamp) -> Moved {
        let (from, to) = (self.status.state(), status.state());
        if from == expected && from.may_become(to) {
            Ok(self.revised(status, now))
        } else {
            Err(IllegalTaskTransition { from, to })
        }
    }

    fn revised(&self, status: TaskStatus, now: Timestamp) -> Self {
        Self {
            status,
            revision: self.revision + 1,
            due_at: None,
            updated_at: now,
            ..self.clone()
        }
    }

    fn close_attempt(&mut self, failure: Option<AttemptFailure>, now: Timestamp) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.ended_at = Some(now);
            attempt.failure = failure;
        }
    }
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
