//! What has happened to a run, as its records tell it.
//!
//! Nothing is stored for it. What has happened to a step has a time, and is told in the order of
//! time, place in the plan, and number within the step; a cursor says up to where. Records are
//! written a little after the time that they give, so what has only just happened is held back
//! until nothing earlier can be missing. Of compensations only the order is known, which is that
//! of their being done: a cursor counts them. The run itself is told of where it stands now, if
//! that is not where it stood.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tdev_domain::{Compensation, Run, RunState, StepId, StepRecord, StepState, Try};
use utoipa::ToSchema;

use super::step::WorkView;
use super::view::{RunStatusView, StepErrorView};

/// For how long something is held back, unless the run has ended.
pub(super) const HELD_BACK: SignedDuration = SignedDuration::from_secs(1);

/// The most events of an answer.
const MAX_EVENTS: usize = 500;

/// What comes after everything else in a step.
const LAST: u32 = u32::MAX;

/// What has happened to a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunEvents)]
pub(crate) struct EventsView {
    /// The `after` of the next look.
    cursor: String,
    /// What has happened, in order; at most 500 events, and none if nothing has.
    events: Vec<EventView>,
    /// Whether the run has ended, and all was told of it.
    ended: bool,
}

/// Something that has happened to a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunEvent)]
pub(crate) struct EventView {
    /// When; absent for `run_resumed` and for compensations, of which only the order is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    at: Option<Timestamp>,
    #[serde(flatten)]
    what: What,
}

/// What has happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = RunEventType)]
pub(crate) enum What {
    /// The run was accepted.
    RunAccepted,
    /// The run was resumed.
    RunResumed {
        /// How often by now.
        times: u32,
    },
    /// The run stands elsewhere than it did.
    RunStatus {
        /// Where.
        status: RunStatusView,
    },
    /// A step began.
    StepStarted {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
    },
    /// A step waits for a point in time.
    StepWaiting {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
        /// Until then.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    },
    /// A step awaits an approval.
    StepAwaitingApproval {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
        /// What the person is asked.
        message: String,
        /// Until then.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    },
    /// An attempt at a step began.
    AttemptStarted {
        /// The step.
        #[schema(value_type = String)]
        step: StepId,
        /// The how-manieth.
        number: u32,
        /// What is done.
        #[serde(flatten)]
        work: WorkView,
    },
    /// An attempt at a step failed; unless the step fails it is tried again.
    AttemptFailed {
        /// The step.
        #[schema(value_type = String)]
        step: StepId,
        /// The how-manieth.
        number: u32,
        /// How.
        error: StepErrorView,
    },
    /// A step is done.
    StepCompleted {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
        /// Whether its output was taken from the cache.
        cached: bool,
    },
    /// A step failed for good.
    StepFailed {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
        /// How.
        error: StepErrorView,
    },
    /// A step is not to be done.
    StepSkipped {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
        /// Why.
        reason: String,
    },
    /// A step was called off with its run.
    StepCancelled {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
    },
    /// What a step did is undone.
    StepCompensated {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
    },
    /// What a step did could not be undone.
    CompensationFailed {
        /// Which.
        #[schema(value_type = String)]
        step: StepId,
        /// How that failed.
        error: StepErrorView,
    },
}

/// By what the events of steps are ordered: time, place in the plan, number within the step.
type Key = (Timestamp, u32, u32);

/// Up to where something has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// How often the run had been resumed.
    resumed: u32,
    /// Where the run stood.
    state: RunState,
    /// How many compensations were told of since it was last resumed.
    compensated: u32,
    /// The last of what has a time.
    last: Option<Key>,
}

impl Cursor {
    /// Nothing was told.
    pub(super) const START: Self = Self {
        resumed: 0,
        state: RunState::Running,
        compensated: 0,
        last: None,
    };

    /// The cursor of an answer.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let parts: Vec<_> = text.split('.').collect();
        let (head, tail) = parts.split_at_checked(3)?;
        let &[resumed, state, compensated] = head else {
            return None;
        };
        let last = match *tail {
            [] => None,
            [at, place, number] => {
                let at = Timestamp::from_nanosecond(at.parse().ok()?).ok()?;
                Some((at, place.parse().ok()?, number.parse().ok()?))
            }
            _ => return None,
        };
        Some(Self {
            resumed: resumed.parse().ok()?,
            state: state.parse().ok()?,
            compensated: compensated.parse().ok()?,
            last,
        })
    }

    fn text(&self) -> String {
        let state = self.state.as_str();
        let mut text = format!("{}.{state}.{}", self.resumed, self.compensated);
        if let Some((at, place, number)) = self.last {
            text = format!("{text}.{}.{place}.{number}", at.as_nanosecond());
        }
        BASE64_URL_SAFE_NO_PAD.encode(text)
    }
}

impl EventsView {
    /// Whether there is something for a client that waits.
    pub(super) fn is_news(&self) -> bool {
        self.ended || !self.events.is_empty()
    }
}

/// What `run` and its `steps`, read after it, have more than there was at `after`, as of `now`.
pub(super) fn since(after: Cursor, run: &Run, steps: &[StepRecord], now: Timestamp) -> EventsView {
    let is_final = run.status.state().is_final();
    let horizon = now.saturating_sub(HELD_BACK).unwrap_or(Timestamp::MIN);
    let mut cursor = after;
    let mut events = Vec::new();
    if run.resumed > after.resumed {
        cursor = Cursor {
            resumed: run.resumed,
            state: RunState::Running,
            compensated: 0,
            ..after
        };
        let times = run.resumed;
        events.push(EventView {
            at: None,
            what: What::RunResumed { times },
        });
    }
    let mut timed: Vec<(Key, What)> = steps.iter().flat_map(of_step).collect();
    timed.push(((run.created_at, 0, 0), What::RunAccepted));
    timed.retain(|(key, _)| Some(*key) > after.last && (is_final || key.0 <= horizon));
    timed.sort_by_key(|(key, _)| *key);
    let is_all = timed.len() <= MAX_EVENTS;
    for (key, what) in timed.into_iter().take(MAX_EVENTS) {
        let at = Some(key.0);
        cursor.last = Some(key);
        events.push(EventView { at, what });
    }
    if is_all {
        let undone = compensations(steps);
        let new = undone.into_iter().skip(cursor.compensated as usize);
        for what in new {
            cursor.compensated += 1;
            events.push(EventView { at: None, what });
        }
        if run.status.state() != cursor.state {
            cursor.state = run.status.state();
            let status = run.status.clone().into();
            let at = Some(run.updated_at);
            let what = What::RunStatus { status };
            events.push(EventView { at, what });
        }
    }
    EventsView {
        cursor: cursor.text(),
        events,
        ended: is_final && is_all,
    }
}

/// What has happened to a step, but for its compensation.
fn of_step(record: &StepRecord) -> Vec<(Key, What)> {
    let place = record.place.step + 1;
    let step = || record.id.clone();
    let mut found = Vec::new();
    let mut add = |at: Timestamp, number: u32, what| found.push(((at, place, number), what));
    // One that was reset has yet to begin again.
    if !matches!(record.state, StepState::Pending | StepState::Skipped { .. }) {
        add(record.started_at, 0, What::StepStarted { step: step() });
    }
    for (index, attempt) in (0..).zip(&record.tries) {
        let Try { number, work, .. } = attempt;
        let work = work.clone().into();
        let started = What::AttemptStarted {
            step: step(),
            number: *number,
            work,
        };
        add(attempt.started_at, 2 + 2 * index, started);
        if let (Some(ended_at), Some(error)) = (attempt.ended_at, attempt.error.clone()) {
            let failed = What::AttemptFailed {
                step: step(),
                number: *number,
                error: error.into(),
            };
            add(ended_at, 3 + 2 * index, failed);
        }
    }
    let step = step();
    let began = record.started_at;
    let ended = record.ended_at.unwrap_or(began);
    match record.state.clone() {
        StepState::Pending | StepState::Running | StepState::Paused { .. } => {}
        StepState::Waiting { until } => add(began, 1, What::StepWaiting { step, until }),
        StepState::AwaitingApproval { message, until } => {
            let what = What::StepAwaitingApproval {
                step,
                message,
                until,
            };
            add(began, 1, what);
        }
        StepState::Completed { cached, .. } => {
            add(ended, LAST, What::StepCompleted { step, cached });
        }
        StepState::Failed { error } => {
            let error = error.into();
            add(ended, LAST, What::StepFailed { step, error });
        }
        StepState::Skipped { reason } => add(ended, LAST, What::StepSkipped { step, reason }),
        StepState::Cancelled => add(ended, LAST, What::StepCancelled { step }),
    }
    found
}

/// The compensations that are over, in the order in which they are done: one after the other, that
/// of the step first which completed last.
fn compensations(steps: &[StepRecord]) -> Vec<What> {
    let mut over: Vec<_> = steps
        .iter()
        .filter_map(|record| {
            let step = record.id.clone();
            let what = match record.compensation.clone()? {
                Compensation::Running { .. } | Compensation::Paused { .. } => return None,
                Compensation::Done => What::StepCompensated { step },
                Compensation::Failed { error } => What::CompensationFailed {
                    step,
                    error: error.into(),
                },
            };
            Some(((record.ended_at, record.place), what))
        })
        .collect();
    over.sort_by_key(|(done, _)| std::cmp::Reverse(*done));
    over.into_iter().map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests;
