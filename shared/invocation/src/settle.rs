//! The end of an invocation, and of its effects.

use jiff::Timestamp;
use tdev_domain::{
    Answer, Effect, EffectClass, EffectError, EffectErrorKind, Invocation, InvocationChange,
    InvocationFailure, InvocationId, InvocationStatus, Pending, Stage,
};

use crate::limits::{LEASE, WAKE_GRACE};
use crate::transition::{self, Waiter, WakeUp};
use crate::{Journal, Unavailable};

/// The record of the invocation whose effect waits for `record`.
///
/// One that waits has done so since `record` was accepted, so a glance mostly shows it; if it has
/// changed since, the write on condition of its revision is refused, and it is to be read again:
/// the `attempt` is then not the first, 0.
pub(crate) async fn parent_of(
    record: &Invocation,
    journal: &impl Journal,
    attempt: u32,
) -> Result<Option<Invocation>, Unavailable> {
    let Some(effect) = &record.parent else {
        return Ok(None);
    };
    if attempt == 0
        && let Some(seen) = journal.glance(&effect.invocation).await?
        && waits_for(&seen, &record.id)
    {
        return Ok(Some(seen));
    }
    journal.load(&effect.invocation).await
}

/// The end of an invocation and, in the same commit, the answer to whoever waits for it.
///
/// `over` are effects that the ledger lacks. `parent` is the record that `record.parent` names.
pub(crate) fn settled(
    record: &Invocation,
    over: Vec<Effect>,
    status: InvocationStatus,
    parent: Option<&Invocation>,
    now: Timestamp,
) -> (Vec<InvocationChange>, Option<Waiter>) {
    let mut next = transition::revised(record, now);
    let mut ledger = over;
    let standing = next.take_standing();
    if let Some(first) = standing.first() {
        next.next_effect = first.number;
        if ledger.is_empty() {
            let unresolved = standing.into_iter().map(|effect| unresolved(effect, now));
            ledger.extend(unresolved.flatten());
        }
    }
    if let Some(last) = ledger.last() {
        next.next_effect = last.number + 1;
    }
    next.status = status;
    next.signals.clear();
    if Waiter::of(record).is_some() {
        next.due_at = Some(looked_at(&next, now));
    }
    let superseded = next.snapshot.take();
    let waiting = parent.filter(|parent| waits_for(parent, &record.id));
    let told = waiting.map(|parent| transition::told(parent, &next, &answer_to_parent(&next), now));
    let mut changes = vec![InvocationChange {
        record: next,
        ledger,
        superseded,
    }];
    let mut waiter = Waiter::of(record);
    if let Some(parent) = told {
        if parent.status == InvocationStatus::Queued {
            let invocation = parent.id.clone();
            waiter = Some(Waiter::Invocation(WakeUp {
                invocation,
                at: now,
            }));
        }
        changes.push(InvocationChange::to(parent));
    }
    (changes, waiter)
}

/// When the keeper looks whether it was told who waits for `ended`, apart from the invocation that
/// called it: that one was queued in the same commit, and is looked after itself. A time that is
/// near stays what it was.
fn looked_at(ended: &Invocation, now: Timestamp) -> Timestamp {
    let soon = transition::after(now, LEASE);
    let near = ended.due_at.filter(|due_at| *due_at <= soon);
    near.unwrap_or_else(|| transition::after(now, WAKE_GRACE))
}

fn waits_for(parent: &Invocation, child: &InvocationId) -> bool {
    transition::awaited(parent).contains(child)
}

/// The ledger's entry for an effect at which a run ends without having been answered.
fn unresolved(pending: Pending, now: Timestamp) -> Option<Effect> {
    let answer = match (&pending.stage, pending.class) {
        (Stage::Called, _) => return None,
        (Stage::Answered(answer), _) => answer.clone(),
        (
            Stage::Intended,
            EffectClass::Idempotent | EffectClass::AtMostOnce | EffectClass::Recorded,
        ) => outcome_unknown(),
        (Stage::Intended, EffectClass::Timer | EffectClass::Signal | EffectClass::Child) => {
            Answer::Error(EffectError::new(
                EffectErrorKind::Cancelled,
                "the invocation ended while it waited",
            ))
        }
    };
    Some(over(pending, answer, now))
}

/// The ledger's entry for an effect that is over.
pub(crate) fn over(pending: Pending, answer: Answer, now: Timestamp) -> Effect {
    Effect {
        number: pending.number,
        call: pending.call,
        class: pending.class,
        answer,
        begun_at: pending.begun_at,
        ended_at: now,
    }
}

pub(crate) fn outcome_unknown() -> Answer {
    Answer::Error(EffectError::new(
        EffectErrorKind::OutcomeUnknown,
        "the effect was interrupted; it may or may not have happened",
    ))
}

fn answer_to_parent(child: &Invocation) -> Answer {
    let (kind, message) = match &child.status {
        InvocationStatus::Completed { output } => return Answer::Value(output.clone()),
        InvocationStatus::Cancelled => (
            EffectErrorKind::Cancelled,
            format!("{} was cancelled", child.id),
        ),
        InvocationStatus::Failed { failure } => (
            EffectErrorKind::ChildFailed,
            match failure {
                InvocationFailure::Agent(failure) => failure.message.clone(),
                InvocationFailure::Unresumable { message } => message.clone(),
                InvocationFailure::Stalled { workers } => {
                    format!("{workers} workers were lost at the same place")
                }
            },
        ),
        InvocationStatus::Queued
        | InvocationStatus::Running { .. }
        | InvocationStatus::Suspended { .. } => (
            EffectErrorKind::OutcomeUnknown,
            "it has not ended".to_owned(),
        ),
    };
    Answer::Error(EffectError::new(kind, message))
}
