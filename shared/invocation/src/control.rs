//! What others do to an invocation: send it signals, call it off.

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    Answer, Invocation, InvocationChange, InvocationId, InvocationStatus, Signal, Wait,
};

use crate::error::written;
use crate::limits::{MAX_CONFLICTS, MAX_DEPTH, MAX_SIGNAL_BYTES, MAX_SIGNALS};
use crate::settle;
use crate::transition::{self, Waiter, WakeUp};
use crate::{Error, Journal};

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

/// Gives the invocation a signal: to the effect that waits for it, or to be waited for.
///
/// Returns the wake-up to send, if the invocation goes on by it.
///
/// # Errors
///
/// [`SignalError`] says which of them mean that it was not accepted.
pub async fn signal(
    id: &InvocationId,
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
        let (record, wake) = signalled(&found, signal.clone(), now)?;
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
        let parent = settle::parent_of(&found, journal, attempt).await?;
        let called = called_from(&found, journal).await?;
        let (changes, cancellation) = cancelled(&found, &called, parent.as_ref(), now);
        if written(journal.commit(&changes).await)? {
            return Ok(cancellation);
        }
    }
    Err(Error::Contended)
}

/// The invocation that `record` waits for, the one that this waits for, and so on.
async fn called_from(
    record: &Invocation,
    journal: &impl Journal,
) -> Result<Vec<Invocation>, Error> {
    let mut chain = Vec::new();
    let mut last = record.clone();
    for _ in 0..MAX_DEPTH {
        let InvocationStatus::Suspended {
            wait: Wait::Child { invocation },
        } = &last.status
        else {
            break;
        };
        let Some(next) = journal.load(invocation).await? else {
            break;
        };
        chain.push(next.clone());
        last = next;
    }
    Ok(chain)
}

/// Ends what no worker has, and asks the worker of the rest to. All in one commit, so that no
/// canceller can be lost between a caller and what it called.
fn cancelled(
    record: &Invocation,
    called: &[Invocation],
    parent: Option<&Invocation>,
    now: Timestamp,
) -> (Vec<InvocationChange>, Cancellation) {
    let (mut changes, cancellation) = match ended(record, parent, now) {
        Some((changes, waiter)) => (changes, Cancellation::Cancelled { waiter }),
        None => (vec![requested(record, now)], Cancellation::Requested),
    };
    for child in called.iter().filter(|child| !child.status.is_final()) {
        match ended(child, None, now) {
            Some((ended, _)) => changes.extend(ended),
            None => changes.push(requested(child, now)),
        }
    }
    (changes, cancellation)
}

fn ended(
    record: &Invocation,
    parent: Option<&Invocation>,
    now: Timestamp,
) -> Option<(Vec<InvocationChange>, Option<Waiter>)> {
    if matches!(record.status, InvocationStatus::Running { .. }) {
        return None;
    }
    let status = InvocationStatus::Cancelled;
    Some(settle::settled(record, Vec::new(), status, parent, now))
}

fn requested(record: &Invocation, now: Timestamp) -> InvocationChange {
    InvocationChange::to(Invocation {
        cancel_requested: true,
        ..transition::revised(record, now)
    })
}
