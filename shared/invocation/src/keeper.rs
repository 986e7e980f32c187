//! The keeper's part: to find what no worker is coming for.
//!
//! An invocation needs looking after when its `due_at` has passed: its lease has expired, the
//! message that should have called a worker was lost, or the time it waits for has come. One query
//! by `due_at` finds all of them; what it finds may be out of date, so the record is read again.

use jiff::Timestamp;
use tdev_domain::{Invocation, InvocationChange, InvocationId};

use crate::error::written;
use crate::transition::{self, WakeUp};
use crate::{Error, Journal};

/// Returns the wake-up to send for the invocation `id`, if it needs one.
///
/// Its `due_at` is first moved on, so that a backlog of messages is not added to at every sweep
/// and a keeper that is lost before it sends is made up for by a later sweep.
///
/// # Errors
///
/// It may be tried again.
pub async fn look_after(
    id: &InvocationId,
    journal: &impl Journal,
    now: Timestamp,
) -> Result<Option<WakeUp>, Error> {
    let Some(found) = journal.load(id).await? else {
        return Ok(None);
    };
    let Some(record) = looked_after(&found, now) else {
        return Ok(None);
    };
    let wake = WakeUp {
        invocation: record.id.clone(),
        at: now,
    };
    // Whoever was faster has given it another due time.
    let was_written = written(journal.commit(&[InvocationChange::to(record)]).await)?;
    Ok(was_written.then_some(wake))
}

/// The record to write before `found` is sent a wake-up, if it needs one.
fn looked_after(found: &Invocation, now: Timestamp) -> Option<Invocation> {
    let due = found.due_at.is_some_and(|due_at| due_at <= now);
    (due && transition::claimable(found, now).is_ok()).then(|| transition::postponed(found, now))
}
