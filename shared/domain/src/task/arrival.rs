//! The arrival of a task: its number and its place in the queue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LEAD, Task, TaskStatus};
use crate::order::{FairShare, Priority, Start, TenantClock, VirtualDeadline};
use crate::retry::RetryPolicy;
use crate::{Capability, TaskId, TenantId};

/// A task as a client sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskDraft {
    /// The owner.
    pub tenant: TenantId,
    /// What routing reads; empty for a task that says nothing.
    pub text: String,
    /// What the agent's `execute` is called with.
    pub input: Value,
    /// What the client wants the agent to be able to do.
    pub capability: Option<Capability>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is to be done.
    pub deadline: Option<Timestamp>,
    /// How often it is tried.
    pub retry: RetryPolicy,
}

/// All that is kept of the tasks a tenant has sent: what the next one's place depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// How far its share is used.
    pub clock: TenantClock,
    /// How many there were. It is also the revision: each write is made on condition of it.
    pub admitted: u64,
}

impl Arrivals {
    /// The next arrival at `now`, and what is kept after it.
    fn next(self, share: &FairShare, now: Timestamp) -> (Start, Self) {
        let (start, clock) = share.admit(self.clock, now);
        let admitted = self.admitted + 1;
        (start, Self { clock, admitted })
    }
}

impl TaskDraft {
    /// The task as it is accepted at `now`, and what is kept of the tenant's arrivals after it.
    /// The latter is to be written first, on condition that `arrivals` is what is stored, and only
    /// then the task: so no count is lost.
    #[must_use]
    pub fn admit(
        self,
        id: TaskId,
        share: &FairShare,
        arrivals: Arrivals,
        now: Timestamp,
    ) -> (Task, Arrivals) {
        let (start, next) = arrivals.next(share, now);
        let task = Task {
            id,
            tenant: self.tenant,
            text: self.text,
            input: self.input,
            capability: self.capability,
            priority: self.priority,
            deadline: self.deadline,
            virtual_deadline: VirtualDeadline::of(start, self.priority, self.deadline, LEAD),
            turn: arrivals.admitted,
            retry: self.retry,
            status: TaskStatus::Queued,
            attempts: Vec::new(),
            forgiven: 0,
            delays: 0,
            decision: None,
            cancel_requested: false,
            revision: 0,
            due_at: None,
            created_at: now,
            updated_at: now,
        };
        (task, next)
    }
}

impl Task {
    /// A failed task in the queue again, with all attempts it is allowed and the place of one that
    /// arrives at `now`; and what is kept of the tenant's arrivals after it.
    ///
    /// # Errors
    ///
    /// If it has not failed.
    pub fn redriven(
        &self,
        share: &FairShare,
        arrivals: Arrivals,
        now: Timestamp,
    ) -> Result<(Self, Arrivals), super::IllegalTaskTransition> {
        let (start, next) = arrivals.next(share, now);
        let mut task = self.redriven_to(now)?;
        task.virtual_deadline = VirtualDeadline::of(start, task.priority, task.deadline, LEAD);
        task.turn = arrivals.admitted;
        Ok((task, next))
    }
}
