//! The arrival of a task: its number and its place in the queue.

use std::collections::VecDeque;
use std::time::Duration;

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
    /// How many places there were. It is also the revision: each write is made on condition of it.
    pub admitted: u64,
}

/// A reserved place among the tenant's tasks, for one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When the task counts as having arrived.
    start: Start,
    /// Its number among the tenant's tasks.
    turn: u64,
}

impl Arrivals {
    /// Reserves places at `now` for a task and for as many as `more` after it, in order, and says
    /// what is kept after them. The latter is to be written on condition that this is what is
    /// stored, and only then are the places given to tasks: so no two have the same, and none is
    /// had that was not counted.
    #[must_use]
    pub fn reserve(
        mut self,
        share: &FairShare,
        more: u32,
        now: Timestamp,
    ) -> (Arrival, ArrivalBlock, Self) {
        let first = self.next(share, now);
        let left = (0..more).map(|_| self.next(share, now)).collect();
        let block = ArrivalBlock {
            reserved_at: now,
            size: more.saturating_add(1),
            left,
            used_at: now,
        };
        (first, block, self)
    }

    fn next(&mut self, share: &FairShare, now: Timestamp) -> Arrival {
        let (start, clock) = share.admit(self.clock, now);
        let turn = self.admitted;
        self.clock = clock;
        self.admitted += 1;
        Arrival { start, turn }
    }
}

/// Places that a busy process has reserved for a tenant's next tasks.
///
/// A tenant that sends one task now and then has its places reserved one by one. While it sends
/// more than one within [`ArrivalBlock::HOLD`] to the same process, the process reserves several
/// at once: as many as arrive in that time at the pace of those before, at most twice as many as
/// were used of the last block, and at most [`ArrivalBlock::MOST`]. What is left over when the
/// time has passed is lost, to that tenant.
///
/// A place is used as if it had been reserved when it is used, if that is later: so no task counts
/// as having arrived before it did. What this does to the order of tasks:
///
/// * Two tasks of one tenant can change places only if they arrive within `HOLD` of each other.
///   The places of one block are handed out in order. Of two blocks, the one that was reserved
///   first has the earlier places; and if a task arrives `HOLD` or more after another, its block
///   was reserved after the other's.
/// * Of the tasks that a tenant sends from a time *t* on, at most
///   [`most_ahead(t − HOLD, k)`](FairShare::most_ahead) have a key of *k* or earlier: the places
///   were reserved at most `HOLD` before they are used, in the order of the tenant's clock.
#[derive(Debug, Clone)]
pub struct ArrivalBlock {
    reserved_at: Timestamp,
    size: u32,
    left: VecDeque<Arrival>,
    used_at: Timestamp,
}

impl ArrivalBlock {
    /// How long places are held for the next tasks.
    pub const HOLD: Duration = Duration::from_millis(100);
    /// The most places that are reserved at once.
    pub const MOST: u32 = 16;

    /// The next place, for a task that arrives at `now`; `None` if there is none that still holds.
    pub fn take(&mut self, now: Timestamp) -> Option<Arrival> {
        if !(self.reserved_at..self.ends_at(Self::HOLD)).contains(&now) {
            return None;
        }
        let place = self.left.pop_front()?;
        self.used_at = now;
        let start = place.start.not_before(now);
        Some(Arrival { start, ..place })
    }

    /// For how many more tasks to reserve places when one arrives at `now` for which this block,
    /// the tenant's last, has none.
    #[must_use]
    pub fn more(&self, now: Timestamp) -> u32 {
        let since_last = now.duration_since(self.used_at).unsigned_abs();
        if since_last >= Self::HOLD {
            return 0;
        }
        let used = u128::from(self.size).saturating_sub(self.left.len() as u128);
        let used = used.max(1);
        let since = now.duration_since(self.reserved_at).unsigned_abs();
        let hold = Self::HOLD.as_micros();
        let arriving = 1 + (hold - 1) * used / since.as_micros().max(1);
        let size = arriving.min(2 * used).min(u128::from(Self::MOST));
        u32::try_from(size - 1).unwrap_or_default()
    }

    fn ends_at(&self, hold: Duration) -> Timestamp {
        self.reserved_at.checked_add(hold).unwrap_or(Timestamp::MAX)
    }
}

impl TaskDraft {
    /// The task as it is accepted at `now`, in a place that was reserved for it.
    #[must_use]
    pub fn admit(self, id: TaskId, arrival: Arrival, now: Timestamp) -> Task {
        let start = arrival.start;
        Task {
            id,
            tenant: self.tenant,
            text: self.text,
            input: self.input,
            capability: self.capability,
            priority: self.priority,
            deadline: self.deadline,
            virtual_deadline: VirtualDeadline::of(start, self.priority, self.deadline, LEAD),
            turn: arrival.turn,
            retry: self.retry,
            status: TaskStatus::Queued,
            attempts: Vec::new(),
            forgiven: 0,
            delays: 0,
            decision: None,
            step: None,
            cancel_requested: false,
            revision: 0,
            due_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

impl Task {
    /// A failed task in the queue again, in a place that was reserved for it at `now`, and with
    /// all the attempts it is allowed.
    ///
    /// # Errors
    ///
    /// If it has not failed.
    pub fn redriven(
        &self,
        arrival: Arrival,
        now: Timestamp,
    ) -> Result<Self, super::IllegalTaskTransition> {
        let mut task = self.redriven_to(now)?;
        let start = arrival.start;
        task.virtual_deadline = VirtualDeadline::of(start, task.priority, task.deadline, LEAD);
        task.turn = arrival.turn;
        Ok(task)
    }
}

#[cfg(test)]
mod tests;
