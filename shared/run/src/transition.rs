//! The moves of the records. All pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tdev_domain::{
    Compensation, Place, Run, RunStatus, StepError, StepErrorKind, StepId, StepRecord, StepState,
    StopCause, Try, Uncompensated, Work,
};
use tdev_workflow::{RetryOn, RetryPolicy};

use crate::limits::{LOOK, WIND_UP_LOOK};

pub(crate) fn after(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

pub(crate) fn seconds(now: Timestamp, seconds: u64) -> Timestamp {
    let wait = i64::try_from(seconds).map_or(SignedDuration::MAX, SignedDuration::from_secs);
    after(now, wait)
}

pub(crate) fn pause(now: Timestamp, pause: Duration) -> Timestamp {
    after(
        now,
        SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX),
    )
}

/// A run at another place of its life.
pub(crate) fn run_to(run: &Run, status: RunStatus, now: Timestamp) -> Run {
    let due_at = match &status {
        RunStatus::Running => Some(after(now, LOOK).min(run.deadline)),
        // Final ones too, until whoever waits has been told.
        _ => Some(after(now, WIND_UP_LOOK)),
    };
    Run {
        status,
        due_at,
        revision: run.revision + 1,
        updated_at: now,
        ..run.clone()
    }
}

/// The same run, to be looked after later.
pub(crate) fn looked_after(run: &Run, now: Timestamp) -> Run {
    run_to(run, run.status.clone(), now)
}

/// A final run, of whose end everybody has been told.
pub(crate) fn told(run: &Run, now: Timestamp) -> Run {
    Run {
        due_at: None,
        task_token: None,
        ..run_to(run, run.status.clone(), now)
    }
}

/// The end of a run that did not complete.
pub(crate) fn end_of(because: StopCause, uncompensated: Vec<Uncompensated>) -> RunStatus {
    match because {
        StopCause::Cancelled => RunStatus::Cancelled { uncompensated },
        because => RunStatus::Failed {
            because,
            uncompensated,
        },
    }
}

/// The next revision of a step that begins: its first, or the one after a reset.
pub(crate) fn beginning(
    found: Option<&StepRecord>,
    place: Place,
    id: &StepId,
    now: Timestamp,
) -> StepRecord {
    StepRecord {
        place,
        id: id.clone(),
        state: StepState::Pending,
        tries: found.map(|found| found.tries.clone()).unwrap_or_default(),
        forgiven: found.map_or(0, |found| found.forgiven),
        compensation: None,
        compensation_started_at: None,
        compensation_ended_at: None,
        revision: found.map_or(0, |found| found.revision + 1),
        due_at: None,
        started_at: now,
        ended_at: None,
    }
}

/// The same, once it is known as what it begins.
pub(crate) fn begun_as(record: StepRecord, state: StepState, now: Timestamp) -> StepRecord {
    let due_at = match &state {
        StepState::Waiting { until } | StepState::AwaitingApproval { until, .. } => Some(*until),
        _ => None,
    };
    StepRecord {
        due_at,
        ended_at: state.is_over().then_some(now),
        state,
        ..record
    }
}

/// A step whose try may run until `until`.
pub(crate) fn prolonged(found: StepRecord, until: Timestamp) -> StepRecord {
    StepRecord {
        revision: found.revision + 1,
        due_at: Some(until),
        ..found
    }
}

fn revised(found: &StepRecord, state: StepState, now: Timestamp) -> StepRecord {
    let ended_at = state.is_over().then_some(now);
    StepRecord {
        state,
        revision: found.revision + 1,
        due_at: None,
        ended_at,
        ..found.clone()
    }
}

/// The number of the step's next try.
pub(crate) fn next_number(record: &StepRecord) -> u32 {
    let tries = u32::try_from(record.tries.len()).unwrap_or(u32::MAX);
    tries.saturating_add(1)
}

/// A step whose next try runs, until `until` at the latest.
pub(crate) fn trying(
    record: StepRecord,
    number: u32,
    work: Work,
    until: Option<Timestamp>,
    now: Timestamp,
) -> StepRecord {
    let mut tries = record.tries;
    tries.push(Try {
        number,
        work,
        started_at: now,
        ended_at: None,
        error: None,
    });
    StepRecord {
        state: StepState::Running,
        tries,
        due_at: until,
        ended_at: None,
        ..record
    }
}

/// A paused step, about to be tried again.
pub(crate) fn retried(found: &StepRecord, now: Timestamp) -> StepRecord {
    revised(found, StepState::Running, now)
}

/// A running step whose try has come to `result`.
pub(crate) fn settled(
    found: &StepRecord,
    result: Result<Value, StepError>,
    policy: &RetryPolicy,
    entropy: u32,
    now: Timestamp,
) -> StepRecord {
    let failed = result.as_ref().err().cloned();
    let tries = found.tries.len().saturating_sub(found.forgiven as usize);
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    let state = match result {
        Ok(output) => StepState::Completed {
            output,
            cached: false,
        },
        Err(error) => match retry_on(error.kind) {
            Some(on) if policy.retries(on, tries) => StepState::Paused {
                until: pause(now, policy.pause(tries, entropy)),
            },
            _ => StepState::Failed { error },
        },
    };
    let mut next = revised(found, state, now);
    if let Some(last) = next.tries.last_mut() {
        last.ended_at = Some(now);
        last.error = failed;
    }
    if let StepState::Paused { until } = next.state {
        next.due_at = Some(until);
    }
    next
}

/// The failures that a policy may name. A run that failed has retried what it could, and what is
/// wrong with a step's input stays so.
fn retry_on(kind: StepErrorKind) -> Option<RetryOn> {
    match kind {
        StepErrorKind::AgentFailed => Some(RetryOn::AgentFailed),
        StepErrorKind::TimedOut => Some(RetryOn::TimedOut),
        StepErrorKind::Stalled => Some(RetryOn::Stalled),
        _ => None,
    }
}

/// A step that has come to its end without a try, or in spite of one.
pub(crate) fn ended(found: &StepRecord, state: StepState, now: Timestamp) -> StepRecord {
    let mut next = revised(found, state, now);
    if let Some(last) = next.tries.last_mut() {
        last.ended_at.get_or_insert(now);
    }
    next
}

/// A step that is to be done anew when its run is resumed.
pub(crate) fn reset(found: &StepRecord, now: Timestamp) -> StepRecord {
    StepRecord {
        forgiven: u32::try_from(found.tries.len()).unwrap_or(u32::MAX),
        compensation: None,
        compensation_started_at: None,
        compensation_ended_at: None,
        ..revised(found, StepState::Pending, now)
    }
}

/// A completed step whose undoing has come so far.
pub(crate) fn compensating(
    found: &StepRecord,
    compensation: Compensation,
    now: Timestamp,
) -> StepRecord {
    let is_over = matches!(
        compensation,
        Compensation::Done | Compensation::Failed { .. }
    );
    let due_at = match &compensation {
        Compensation::Paused { until, .. } => Some(*until),
        _ => None,
    };
    StepRecord {
        compensation: Some(compensation),
        compensation_started_at: found.compensation_started_at.or(Some(now)),
        compensation_ended_at: is_over.then_some(now),
        revision: found.revision + 1,
        due_at,
        ..found.clone()
    }
}

/// A number that is the same whenever it is asked for, and another for another step.
pub(crate) fn entropy(run: &Run, record: &StepRecord) -> u32 {
    let place = record.place;
    let mixed = [
        place.step,
        place.item.map_or(0, |item| item + 1),
        u32::try_from(record.tries.len()).unwrap_or(u32::MAX),
    ];
    let start = run.id.as_str().bytes().map(u32::from);
    start
        .chain(mixed)
        .fold(2_166_136_261, |hash: u32, part| {
            (hash ^ part).wrapping_mul(16_777_619)
        })
        .rotate_left(13)
        .wrapping_mul(2_654_435_769)
}
