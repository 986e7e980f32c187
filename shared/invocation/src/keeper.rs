//! The keeper's part: to find what no worker is coming for.
//!
//! An invocation needs looking after when its `due_at` has passed: its lease has expired, the
//! message that should have called a worker was lost, or the time it waits for has come. One that
//! has ended keeps its `due_at`, by which it is found once more: the message that tells the task
//! which waits for it may have been lost. One query by `due_at` finds all of them; what it finds
//! may be out of date, so the record is read again.

use jiff::Timestamp;
use tdev_domain::{Invocation, InvocationChange, InvocationId};

use crate::claim;
use crate::error::written;
use crate::transition::{self, Waiter, WakeUp};
use crate::{Error, Journal};

/// What an invocation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Care {
    /// Nothing now.
    Nothing,
    /// Nothing, and never again: it has ended, and nobody is to be told.
    Over,
    /// This wake-up is to be sent.
    Wake(WakeUp),
    /// It has ended, and this one is to be told unless it knows.
    Tell(Waiter),
}

impl Care {
    /// What an invocation needs that was seen, if it has ended: it will not change any more.
    #[must_use]
    pub fn of_ended(seen: &Invocation) -> Option<Self> {
        let has_ended = seen.status.is_final();
        has_ended.then(|| Waiter::of(seen).map_or(Self::Over, Self::Tell))
    }
}

/// Finds out what the invocation `id` needs, if anything.
///
/// Its `due_at` is moved on before a wake-up is sent, so that a backlog of messages is not added
/// to at every sweep and a keeper that is lost before it sends is made up for by a later sweep.
/// What has ended does not change, and is told of as often as it is asked for.
///
/// # Errors
///
/// It may be tried again.
pub async fn look_after(
    id: &InvocationId,
    journal: &impl Journal,
    now: Timestamp,
) -> Result<Care, Error> {
    // Most of what is found has ended, and then a glance is enough.
    let ended = |seen: &Invocation| seen.status.is_final();
    let found = match journal.glance(id).await?.filter(ended) {
        Some(seen) => Some(seen),
        None => journal.load(id).await?,
    };
    let Some(found) = found else {
        return Ok(Care::Nothing);
    };
    if let Some(care) = Care::of_ended(&found) {
        return Ok(care);
    }
    let Some(record) = looked_after(&found, now) else {
        return Ok(Care::Nothing);
    };
    let wake = WakeUp {
        invocation: record.id.clone(),
        at: now,
    };
    // Whoever was faster has given it another due time.
    let was_written = written(journal.commit(&[InvocationChange::to(record)]).await)?;
    Ok(if was_written {
        Care::Wake(wake)
    } else {
        Care::Nothing
    })
}

/// The record to write before `found` is sent a wake-up, if it needs one.
fn looked_after(found: &Invocation, now: Timestamp) -> Option<Invocation> {
    let due = found.due_at.is_some_and(|due_at| due_at <= now);
    (due && claim::claimable(found, now).is_ok()).then(|| transition::postponed(found, now))
}
