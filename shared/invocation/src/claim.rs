//! Whether a worker may take an invocation, and what it does with it then. All pure.

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    Answer, EffectError, EffectErrorKind, Invocation, InvocationFailure, InvocationStatus, Stage,
    Wait,
};

use crate::limits::{MAX_STALLS, WAKE_GRACE};
use crate::transition::{self, Refusal, after};

/// Whether a worker may take it now; if not, when it may be worth another try.
pub(crate) fn claimable(
    found: &Invocation,
    now: Timestamp,
) -> Result<(), (Refusal, Option<Timestamp>)> {
    let (why, from) = match &found.status {
        InvocationStatus::Queued => return Ok(()),
        InvocationStatus::Running { lease_until } => (Refusal::Leased, *lease_until),
        InvocationStatus::Suspended {
            wait: Wait::Time { until } | Wait::Signal { until, .. },
        } => (Refusal::Waiting, *until),
        InvocationStatus::Suspended {
            wait: Wait::Child { .. } | Wait::Children { .. },
        } if found.cancel_requested => return Ok(()),
        InvocationStatus::Suspended {
            wait: Wait::Child { .. } | Wait::Children { .. },
        } => return Err((Refusal::Waiting, None)),
        InvocationStatus::Completed { .. }
        | InvocationStatus::Failed { .. }
        | InvocationStatus::Cancelled => return Err((Refusal::Ended, None)),
    };
    if now < from {
        Err((why, Some(from)))
    } else {
        Ok(())
    }
}

/// What a worker does with an invocation that it may take.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Runs it, and takes the lease with the first thing it writes.
    Begin,
    /// Runs it once it has written that it has the lease.
    Lease(Box<Invocation>),
    /// Ends it.
    End(InvocationStatus),
}

pub(crate) fn claim(found: &Invocation, now: Timestamp) -> Claim {
    if found.cancel_requested {
        return Claim::End(InvocationStatus::Cancelled);
    }
    if found.stalls >= MAX_STALLS {
        let workers = found.stalls;
        return Claim::End(InvocationStatus::Failed {
            failure: InvocationFailure::Stalled { workers },
        });
    }
    if may_begin(found, now) {
        return Claim::Begin;
    }
    let mut next = taken(&transition::revised(found, now));
    if let (InvocationStatus::Suspended { wait }, Some(pending)) =
        (&found.status, &mut next.pending)
    {
        pending.stage = Stage::Answered(waited_in_full(wait));
    }
    transition::lease(&mut next, now);
    Claim::Lease(Box::new(next))
}

/// Whether no worker has written anything yet, and none can have been lost: the keeper has not
/// been there, and the queue has not shown a message again.
///
/// Whoever comes later takes a lease first, so that a run that ends its workers is counted.
fn may_begin(found: &Invocation, now: Timestamp) -> bool {
    found.token == 0
        && found.status == InvocationStatus::Queued
        && now < after(found.created_at, WAKE_GRACE)
}

/// The record with the next fencing token, counted as a lease without a step so far.
pub(crate) fn taken(record: &Invocation) -> Invocation {
    Invocation {
        token: record.token + 1,
        stalls: record.stalls + 1,
        ..record.clone()
    }
}

fn waited_in_full(wait: &Wait) -> Answer {
    match wait {
        Wait::Time { .. } => Answer::Value(Value::Null),
        Wait::Signal { signal, .. } => Answer::Error(EffectError::new(
            EffectErrorKind::TimedOut,
            format!("no signal '{signal}' came in time"),
        )),
        Wait::Child { .. } | Wait::Children { .. } => Answer::Error(EffectError::new(
            EffectErrorKind::OutcomeUnknown,
            "what was called is not known to have ended",
        )),
    }
}
