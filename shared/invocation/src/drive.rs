//! A worker's part: to take an invocation and bring it as far as it goes.

use jiff::Timestamp;
use tdev_domain::{
    Invocation, InvocationChange, InvocationFailure, InvocationId, InvocationStatus,
};

use crate::error::{Stop, written};
use crate::lease::Lease;
use crate::limits::MAX_CONFLICTS;
use crate::settle;
use crate::transition::{self, Claim, Refusal, Waiter, WakeUp};
use crate::{Error, Journal, Machine, World};

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
        /// The child that it called, or itself when its time has come.
        wake: WakeUp,
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
) -> Result<Outcome, Error> {
    let record = match take(id, journal, world).await? {
        Taken::Leased(record) => *record,
        Taken::Not(outcome) => return Ok(outcome),
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
        Ok(outcome) => Ok(outcome),
        Err(Stop::Fenced) => Ok(Outcome::Fenced),
        Err(Stop::Snapshot(_)) => Err(Error::Contended),
        Err(Stop::Error(error)) => Err(error),
    }
}

enum Taken {
    Leased(Box<Invocation>),
    Not(Outcome),
}

async fn take(
    id: &InvocationId,
    journal: &impl Journal,
    world: &impl World,
) -> Result<Taken, Error> {
    for _ in 0..MAX_CONFLICTS {
        let refused = |why, retry_at| Ok(Taken::Not(Outcome::NotClaimable { why, retry_at }));
        let Some(found) = journal.load(id).await? else {
            return refused(Refusal::Unknown, None);
        };
        let now = world.now();
        if let Err((why, retry_at)) = transition::claimable(&found, now) {
            return refused(why, retry_at);
        }
        match transition::claim(&found, now) {
            Claim::Lease(record) => {
                let change = InvocationChange::to(*record);
                if written(journal.commit(std::slice::from_ref(&change)).await)? {
                    return Ok(Taken::Leased(Box::new(change.record)));
                }
            }
            Claim::End(status) => {
                let parent = settle::parent_of(&found, journal).await?;
                let (changes, waiter) =
                    settle::settled(&found, Vec::new(), status, parent.as_ref(), now);
                if written(journal.commit(&changes).await)? {
                    return Ok(Taken::Not(Outcome::Settled { waiter }));
                }
            }
        }
    }
    Err(Error::Contended)
}
