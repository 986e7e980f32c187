//! What others do to an invocation: send it signals, call it off.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    Answer, CallId, Invocation, InvocationChange, InvocationId, InvocationStatus, Signal, Wait,
};

use crate::error::written;
use crate::limits::{MAX_CONFLICTS, MAX_GATHERED, MAX_SIGNAL_BYTES, MAX_SIGNALS};
use crate::settle;
use crate::transition::{self, Waiter, WakeUp};
use crate::{Error, Journal, Unavailable};

/// Why a signal was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// There is no such invocation.
    #[error("there is no such invocation")]
    Unknown,
    /// The invocation is final.
    #[error("the invocation has ended")]
    Ended,
    /// As many signals as may wait do so.
    #[error("{MAX_SIGNALS} signals wait already")]
    Full,
    /// The payload is too large.
    #[error("a signal carries at most {MAX_SIGNAL_BYTES} bytes")]
    TooLarge,
    /// It may be tried again, but may have been accepted.
    #[error("the signal was not acknowledged")]
    Failed(#[from] Error),
}

/// Gives the invocation a signal: to the effect that waits for it, or to be waited for. What `call`,
/// where it may be made again, has sent already, and is among the last [`MAX_SIGNALS`] of that kind,
/// is not given again.
///
/// Returns the wake-up to send, if the invocation goes on by it.
///
/// # Errors
///
/// [`SignalError`] says which of them mean that it was not accepted.
pub async fn signal(
    id: &InvocationId,
    call: Option<CallId>,
    name: &str,
    payload: Value,
    journal: &impl Journal,
    now: Timestamp,
) -> Result<Option<WakeUp>, SignalError> {
    if payload.to_string().len() > MAX_SIGNAL_BYTES {
        return Err(SignalError::TooLarge);
    }
    let signal = Signal {
        name: name.to_owned(),
        payload,
        at: now,
    };
    for _ in 0..MAX_CONFLICTS {
        let found = journal.load(id).await.map_err(Error::from)?;
        let found = found.ok_or(SignalError::Unknown)?;
        if call.is_some_and(|call| found.signalled.contains(&call)) {
            return Ok(None);
        }
        let (mut record, wake) = signalled(&found, signal.clone(), now)?;
        if record.signalled.len() == MAX_SIGNALS {
            record.signalled.remove(0);
        }
        record.signalled.extend(call);
        if written(journal.commit(&[InvocationChange::to(record)]).await).map_err(Error::from)? {
            return Ok(wake);
        }
    }
    Err(Error::Contended.into())
}

fn signalled(
    found: &Invocation,
    signal: Signal,
    now: Timestamp,
) -> Result<(Invocation, Option<WakeUp>), SignalError> {
    if found.status.is_final() {
        return Err(SignalError::Ended);
    }
    if let InvocationStatus::Suspended {
        wait: Wait::Signal { signal: name, .. },
    } = &found.status
        && *name == signal.name
    {
        let wake = WakeUp {
            invocation: found.id.clone(),
            at: now,
        };
        let record = transition::resumed(found, Answer::Value(signal.payload), now);
        return Ok((record, Some(wake)));
    }
    if found.signals.len() >= MAX_SIGNALS {
        return Err(SignalError::Full);
    }
    let mut record = transition::revised(found, now);
    record.signals.push(signal);
    Ok((record, None))
}

/// What a request to cancel came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancellation {
    /// There is no such invocation.
    Unknown,
    /// It was final already.
    Ended,
    /// It is cancelled.
    Cancelled {
        /// Whoever waited for it.
        waiter: Option<Waiter>,
    },
    /// A worker has it, and will end it at the next effect.
    Requested,
}

/// Calls an invocation off, and all that it has called.
///
/// # Errors
///
/// It may be tried again.
pub async fn cancel(
    id: &InvocationId,
    journal: &impl Journal,
    now: Timestamp,
) -> Result<Cancellation, Error> {
    for attempt in 0..MAX_CONFLICTS {
        let Some(found) = journal.load(id).await? else {
            return Ok(Cancellation::Unknown);
        };
        if found.status.is_final() {
            return Ok(Cancellation::Ended);
        }
        let (changes, cancellation) = if is_running(&found) {
            (vec![requested(&found, now)], Cancellation::Requested)
        } else {
            let status = InvocationStatus::Cancelled;
            let (changes, waiter) = ended(&found, status, journal, attempt, now).await?;
            (changes, Cancellation::Cancelled { waiter })
        };
        if written(journal.commit(&changes).await)? {
            return Ok(cancellation);
        }
    }
    Err(Error::Contended)
}

/// The end of what no worker has, and of all that it waits for. All in one commit, so that nobody
/// can be lost between a caller and what it called.
pub(crate) async fn ended(
    record: &Invocation,
    status: InvocationStatus,
    journal: &impl Journal,
    attempt: u32,
    now: Timestamp,
) -> Result<(Vec<InvocationChange>, Option<Waiter>), Unavailable> {
    let parent = settle::parent_of(record, journal, attempt).await?;
    let below = called_from(record, journal).await?;
    let (mut changes, waiter) = settle::settled(record, Vec::new(), status, parent.as_ref(), now);
    for called in &below {
        changes.extend(called_off(called, &below, now));
    }
    Ok((changes, waiter))
}

/// The invocations that `record` waits for, those that these wait for, and so on, the nearest
/// first, as many as there is room for in a commit.
async fn called_from(
    record: &Invocation,
    journal: &impl Journal,
) -> Result<Vec<Invocation>, Unavailable> {
    let mut below: Vec<Invocation> = Vec::new();
    let mut further = VecDeque::from(transition::awaited(record).to_vec());
    while below.len() < MAX_GATHERED
        && let Some(id) = further.pop_front()
    {
        if let Some(called) = journal.load(&id).await?.filter(|it| !it.status.is_final()) {
            further.extend(transition::awaited(&called).to_vec());
            below.push(called);
        }
    }
    Ok(below)
}

/// What becomes of an invocation whose caller is cancelled with all that is `below`.
fn called_off(called: &Invocation, below: &[Invocation], now: Timestamp) -> Vec<InvocationChange> {
    if is_running(called) {
        return vec![requested(called, now)];
    }
    let is_below = |id: &InvocationId| below.iter().any(|other| other.id == *id);
    if !transition::awaited(called).iter().all(is_below) {
        return vec![InvocationChange::to(transition::handed_on(called, now))];
    }
    let status = InvocationStatus::Cancelled;
    settle::settled(called, Vec::new(), status, None, now).0
}

fn is_running(record: &Invocation) -> bool {
    matches!(record.status, InvocationStatus::Running { .. })
}

fn requested(record: &Invocation, now: Timestamp) -> InvocationChange {
    InvocationChange::to(Invocation {
        cancel_requested: true,
        ..transition::revised(record, now)
    })
}
