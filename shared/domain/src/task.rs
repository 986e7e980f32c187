//! Tasks: what a client asks for without naming an agent.
//!
//! ```text
//!   ┌─────────── waited ──────────── waiting ◄─────────┐
//!   ▼             all busy              ▲              │ may pass
//! queued ───────────────────────────────┘              │
//!   │  ▲ ────────────── next agent ──────────────┐     │
//!   │  │                                         │     │
//!   │  └── redriven ── failed ◄── given up ── running ─┘
//!   │                    ▲                       ▲ │
//!   ├──► rejected        │ no agent left         │ ├──► completed
//!   ├────────────────────┘                       │ │
//!   └──────────────── given to an agent ─────────┘ └──► cancelled ◄── queued, waiting
//! ```
//!
//! A task that waits goes straight to `running` where its next run is found to be there already.
//! `completed`, `rejected` and `cancelled` are final; so is `failed`, until someone redrives the
//! task. Every move is a pure function of the record, and gives the next revision of it, which is
//! written on condition that the one before is what is stored.

mod arrival;
mod attempt;
mod feedback;
mod transition;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::order::{Priority, VirtualDeadline};
use crate::retry::{GivenUp, RetryPolicy};
use crate::{AgentName, Capability, InvocationId, StepTry, TaskId, TenantId};

pub use arrival::{Arrival, ArrivalBlock, Arrivals, TaskDraft};
pub use attempt::{Attempt, AttemptFailure, AttemptKey, DeadLetter};
pub use feedback::{Feedback, Lesson, LessonOrigin, Verdict};
pub use transition::{Cancelling, IllegalTaskTransition, Routed};

/// The time a task counts as taking to run, by which its deadline makes it more urgent.
pub const LEAD: Duration = Duration::from_secs(1);

/// A task.
///
/// What is as by default is left out when it is written, since a record is paid for by its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its identifier.
    pub id: TaskId,
    /// The owner.
    pub tenant: TenantId,
    /// What routing reads; empty for a task that says nothing.
    pub text: String,
    /// What the agent's `execute` is called with.
    pub input: Value,
    /// What the client wants the agent to be able to do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub capability: Option<Capability>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is to be done.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deadline: Option<Timestamp>,
    /// Its place in the queue.
    pub virtual_deadline: VirtualDeadline,
    /// Its number among the tenant's tasks, from 0.
    pub turn: u64,
    /// How often it is tried.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry: RetryPolicy,
    /// Where it stands.
    pub status: TaskStatus,
    /// Who tried it, in order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts: Vec<Attempt>,
    /// How many of `attempts` came before it was last redriven, and count no more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forgiven: usize,
    /// How often it was put off since it was last tried.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delays: u32,
    /// The last decision on where it goes, as it is to be shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decision: Option<Value>,
    /// The step of a workflow's run that waits for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub step: Option<StepTry>,
    /// Whether it is to be cancelled when its attempt ends.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancel_requested: bool,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u64,
    /// When the keeper shall look after it: while it waits. A queued task is found by its place in
    /// the queue, and one that an agent has by the agent's run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub due_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum TaskStatus {
    /// It has its place in the queue.
    Queued,
    /// An agent has it.
    Running {
        /// The agent's run.
        invocation: InvocationId,
    },
    /// It goes back to its place in the queue later.
    Waiting {
        /// When.
        until: Timestamp,
    },
    /// An agent did it.
    Completed {
        /// The agent's run, whose output is the task's.
        invocation: InvocationId,
    },
    /// It is for none of the agents.
    Rejected {
        /// Why.
        reason: Rejection,
    },
    /// It was given up.
    Failed {
        /// Why.
        reason: GivenUp,
        /// The last failure, for the client.
        message: String,
    },
    /// Someone called it off.
    Cancelled,
}

/// A [`TaskStatus`] without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// See [`TaskStatus::Queued`].
    Queued,
    /// See [`TaskStatus::Running`].
    Running,
    /// See [`TaskStatus::Waiting`].
    Waiting,
    /// See [`TaskStatus::Completed`].
    Completed,
    /// See [`TaskStatus::Rejected`].
    Rejected,
    /// See [`TaskStatus::Failed`].
    Failed,
    /// See [`TaskStatus::Cancelled`].
    Cancelled,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Completed,
        Self::Rejected,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state as it is written: `queued`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a task in this state has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Rejected | Self::Failed | Self::Cancelled
        )
    }

    /// Whether a task may go from this state to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => !matches!(next, Self::Queued | Self::Completed),
            Self::Running => !matches!(next, Self::Running | Self::Rejected),
            Self::Waiting => matches!(next, Self::Queued | Self::Running | Self::Cancelled),
            Self::Failed => matches!(next, Self::Queued),
            Self::Completed | Self::Rejected | Self::Cancelled => false,
        }
    }
}

impl TaskStatus {
    /// The state.
    #[must_use]
    pub const fn state(&self) -> TaskState {
        match self {
            Self::Queued => TaskState::Queued,
            Self::Running { .. } => TaskState::Running,
            Self::Waiting { .. } => TaskState::Waiting,
            Self::Completed { .. } => TaskState::Completed,
            Self::Rejected { .. } => TaskState::Rejected,
            Self::Failed { .. } => TaskState::Failed,
            Self::Cancelled => TaskState::Cancelled,
        }
    }
}

/// Why a task is for none of the agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// A rule refuses such tasks.
    Refused,
    /// The text is for no agent.
    OutOfScope,
    /// No agent fits.
    NoneFits,
}

impl Rejection {
    /// The reason as it is written: `out_of_scope`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::OutOfScope => "out_of_scope",
            Self::NoneFits => "none_fits",
        }
    }
}

impl Task {
    /// The agents that failed it since it was last redriven: they are not given it again.
    pub fn tried(&self) -> impl Iterator<Item = &AgentName> {
        let counted = self.attempts.iter().skip(self.forgiven);
        counted
            .filter(|attempt| attempt.is_agents_fault())
            .map(|attempt| &attempt.agent)
    }

    /// The attempt that is under way.
    #[must_use]
    pub fn current(&self) -> Option<&Attempt> {
        match &self.status {
            TaskStatus::Running { .. } => self.attempts.last(),
            _ => None,
        }
    }

    /// The attempt that comes next.
    #[must_use]
    pub fn next_attempt(&self) -> AttemptKey {
        AttemptKey {
            task: self.id.clone(),
            turn: self.turn,
            number: self.attempts.len() + 1,
        }
    }

    /// What it left in the dead-letter list, if it was given up.
    #[must_use]
    pub fn dead_letter(&self) -> Option<DeadLetter> {
        match &self.status {
            TaskStatus::Failed { reason, message } => Some(DeadLetter {
                task: self.id.clone(),
                tenant: self.tenant.clone(),
                reason: *reason,
                message: message.clone(),
                attempts: self.attempts[self.forgiven.min(self.attempts.len())..].to_vec(),
                at: self.updated_at,
            }),
            _ => None,
        }
    }

    /// A number that differs from task to task, by which pauses are spread.
    fn entropy(&self) -> u32 {
        let digits = self.id.as_str();
        let last = digits.get(digits.len() - 8..).unwrap_or_default();
        u32::from_str_radix(last, 16).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
