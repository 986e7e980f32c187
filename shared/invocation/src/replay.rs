//! Running an invocation again from its ledger, with no effect on anything.

use tdev_domain::{Call, Effect, FailureKind, Invocation, InvocationFailure, InvocationStatus};

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
        found: Turn,
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
    let mut turn = machine.start(invocation).await?;
    let effects = ledger
        .iter()
        .filter(|effect| effect.number >= invocation.first_effect);
    for effect in effects {
        match turn {
            Turn::Called(call) if call == effect.call => {
                turn = machine.answer(&effect.answer).await?;
            }
            found => {
                return Ok(Replay::Diverged {
                    number: effect.number,
                    recorded: Some(effect.call.clone()),
                    found,
                });
            }
        }
    }
    if ends_like(invocation, &turn) {
        return Ok(Replay::Identical);
    }
    Ok(Replay::Diverged {
        number: invocation.next_effect,
        recorded: None,
        found: turn,
    })
}

fn ends_like(invocation: &Invocation, turn: &Turn) -> bool {
    match (&invocation.status, turn) {
        (InvocationStatus::Completed { output }, Turn::Ended(result)) => {
            result.as_ref() == Ok(output)
        }
        (
            InvocationStatus::Failed {
                failure: InvocationFailure::Agent(failure),
            },
            Turn::Ended(result),
        ) => result.as_ref() == Err(failure),
        // The engine ended it at a call too many.
        (
            InvocationStatus::Failed {
                failure: InvocationFailure::Agent(failure),
            },
            Turn::Called(_),
        ) => failure.kind == FailureKind::TooManyToolCalls && invocation.next_effect > MAX_EFFECTS,
        (InvocationStatus::Failed { .. } | InvocationStatus::Cancelled, _) => true,
        _ => false,
    }
}
