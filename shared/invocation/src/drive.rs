//! A worker's part: to take an invocation and bring it as far as it goes.

use jiff::Timestamp;
use tdev_domain::{
    Invocation, InvocationChange, InvocationFailure, InvocationId, InvocationStatus,
};

use crate::claim::{self, Claim};
use crate::control;
use crate::error::{Stop, written};
use crate::lease::Lease;
use crate::limits::MAX_CONFLICTS;
use crate::transition::{Refusal, Waiter, WakeUp};
use crate::{Error, Journal, Machine, Unavailable, World};

/// What a delivery came to.
///
/// The wake-ups are to be sent before the delivery is acknowledged. One that is lost is sent
/// again by the keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The invocation is final.
    Settled {
        /// Whoever waited for it.
        waiter: Option<Waiter>,
    },
    /// It waits.
    Suspended {
        /// The children that it called, or itself when its time has come.
        wakes: Vec<WakeUp>,
    },
    /// The worker's time was up; another is to go on at once.
    Yielded {
        /// The invocation itself.
        wake: WakeUp,
    },
    /// Nothing was done.
    NotClaimable {
        /// Why.
        why: Refusal,
        /// When the record alone would allow it.
        retry_at: Option<Timestamp>,
    },
    /// The lease was lost on the way; another worker has the invocation, or it was ended.
    Fenced,
}

/// What a delivery came to, and what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it came to.
    pub outcome: Outcome,
    /// The record as it was left, or found if nothing was done. Absent if there is none, and after
    /// [`Outcome::Fenced`]: then it is for another one to say.
    pub record: Option<Invocation>,
}

impl Delivery {
    fn of(outcome: Outcome, record: Invocation) -> Self {
        Self {
            outcome,
            record: Some(record),
        }
    }
}

/// Takes the invocation `id` and runs it until it ends, waits, or `yield_at` has passed at a tool
/// call. At least one effect is begun before it yields.
///
/// # Errors
///
/// A service failed. The lease is left to expire; a redelivery or the keeper then tries again.
pub async fn drive<J: Journal, W: World, M: Machine>(
    id: &InvocationId,
    journal: &J,
    world: &W,
    machine: &mut M,
    yield_at: Timestamp,
) -> Result<Delivery, Error> {
    let record = match take(id, journal, world).await? {
        Taken::ToRun(record) => *record,
        Taken::Not(delivery) => return Ok(*delivery),
    };
    let mut lease = Lease::new(record, journal, world, machine, yield_at);
    let outcome = match lease.run().await {
        Err(Stop::Snapshot(message)) => {
            let failure = InvocationFailure::Unresumable { message };
            lease.finish(InvocationStatus::Failed { failure }).await
        }
        outcome => outcome,
    };
    match outcome {
        Ok(outcome) => Ok(Delivery::of(outcome, lease.into_record())),
        Err(Stop::Fenced) => Ok(Delivery {
            outcome: Outcome::Fenced,
            record: None,
        }),
        Err(Stop::Snapshot(_)) => Err(Error::Contended),
        Err(Stop::Error(error)) => Err(error),
    }
}

enum Taken {
    ToRun(Box<Invocation>),
    Not(Box<Delivery>),
}

async fn take(
    id: &InvocationId,
    journal: &impl Journal,
    world: &impl World,
) -> Result<Taken, Error> {
    let not = |outcome, record| {
        let delivery = Delivery { outcome, record };
        Ok(Taken::Not(Box::new(delivery)))
    };
    for attempt in 0..MAX_CONFLICTS {
        let now = world.now();
        let refused = |why, retry_at| Outcome::NotClaimable { why, retry_at };
        let Some(found) = find(id, journal, now, attempt).await? else {
            return not(refused(Refusal::Unknown, None), None);
        };
        if let Err((why, retry_at)) = claim::claimable(&found, now) {
            return not(refused(why, retry_at), Some(found));
        }
        match claim::claim(&found, now) {
            Claim::Begin => return Ok(Taken::ToRun(Box::new(found))),
            Claim::Lease(record) => {
                let change = InvocationChange::to(*record);
                if written(journal.commit(std::slice::from_ref(&change)).await)? {
                    return Ok(Taken::ToRun(Box::new(change.record)));
                }
            }
            Claim::End(status) => {
                let (changes, waiter) =
                    control::ended(&found, status, journal, attempt, now).await?;
                if written(journal.commit(&changes).await)? {
                    let record = changes.into_iter().next().map(|change| change.record);
                    return not(Outcome::Settled { waiter }, record);
                }
            }
        }
    }
    Err(Error::Contended)
}

/// The record. At the first attempt a glance will do, if it shows what has just been accepted or
/// has ended: of the one, whoever has changed it since will have the first write refused, and the
/// other does not change. Anything else may have come further, and be called for by no other
/// message.
async fn find(
    id: &InvocationId,
    journal: &impl Journal,
    now: Timestamp,
    attempt: u32,
) -> Result<Option<Invocation>, Unavailable> {
    if attempt == 0
        && let Some(seen) = journal.glance(id).await?
        && (seen.status.is_final() || matches!(claim::claim(&seen, now), Claim::Begin))
    {
        return Ok(Some(seen));
    }
    journal.load(id).await
}
