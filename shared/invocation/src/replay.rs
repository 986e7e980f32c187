//! Running an invocation again from its ledger, with no effect on anything.

use serde_json::Value;
use tdev_domain::{
    AgentFailure, Call, Completed, Effect, FailureKind, Found, Invocation, InvocationFailure,
    InvocationStatus,
};

use crate::limits::MAX_EFFECTS;
use crate::{Machine, MachineError, Turn};

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// The agent made the same calls and came to the same end.
    Identical,
    /// It did otherwise.
    Diverged {
        /// The number of the effect at which it did, which is the one after the last if it was
        /// at the end.
        number: u32,
        /// The call in the ledger, unless the ledger ends before.
        recorded: Option<Call>,
        /// What the agent did now.
        found: Found,
    },
}

/// Runs `invocation`, which is final, again from `ledger` and compares.
///
/// An invocation that was ended from outside is compared as far as it came. A run that failed by
/// its wall time may diverge, since time is not part of the ledger.
///
/// # Errors
///
/// The interpreter could not be reached.
pub async fn replay(
    invocation: &Invocation,
    ledger: &[Effect],
    machine: &mut impl Machine,
) -> Result<Replay, MachineError> {
    let mut effects = ledger
        .iter()
        .filter(|effect| effect.number >= invocation.first_effect);
    let mut turn = machine.start(invocation).await?;
    loop {
        let calls = match turn {
            Turn::Ended(result) => return Ok(at_the_end(invocation, effects.next(), result)),
            Turn::Called(calls) => calls,
        };
        let number = calls.len();
        let mut answers = Vec::with_capacity(number);
        for call in calls {
            match effects.next() {
                Some(effect) if effect.call == call => answers.push(effect.answer.clone()),
                None if answers.is_empty() && may_stop_at(invocation, number) => {
                    return Ok(Replay::Identical);
                }
                recorded => return Ok(diverged(invocation, recorded, Found::Called(call))),
            }
        }
        turn = machine.answer(&answers).await?;
    }
}

fn diverged(invocation: &Invocation, recorded: Option<&Effect>, found: Found) -> Replay {
    Replay::Diverged {
        number: recorded.map_or(invocation.next_effect, |effect| effect.number),
        recorded: recorded.map(|effect| effect.call.clone()),
        found,
    }
}

fn at_the_end(
    invocation: &Invocation,
    further: Option<&Effect>,
    result: Result<Value, AgentFailure>,
) -> Replay {
    let same = match &invocation.status {
        InvocationStatus::Completed { output } => result.as_ref() == Ok(output),
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => result.as_ref() == Err(failure),
        status => ended_from_outside(status),
    };
    if same && further.is_none() {
        return Replay::Identical;
    }
    let found = match result {
        Ok(output) => Found::Returned(Completed { output }),
        Err(failure) => Found::Failed(failure),
    };
    diverged(invocation, further, found)
}

/// Whether `invocation` may have ended where its agent makes so many calls.
fn may_stop_at(invocation: &Invocation, calls: usize) -> bool {
    match &invocation.status {
        // The engine ended it at a call too many.
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => {
            let last = invocation.next_effect as usize + calls - 1;
            failure.kind == FailureKind::TooManyToolCalls && last > MAX_EFFECTS as usize
        }
        status => ended_from_outside(status),
    }
}

fn ended_from_outside(status: &InvocationStatus) -> bool {
    matches!(
        status,
        InvocationStatus::Cancelled
            | InvocationStatus::Failed {
                failure: InvocationFailure::Unresumable { .. } | InvocationFailure::Stalled { .. }
            }
    )
}
