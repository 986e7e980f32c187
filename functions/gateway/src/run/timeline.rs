//! What has happened to a run, as its records tell it.
//!
//! Nothing is stored for it. What has happened to a step has a time, and is told in the order of
//! time, place in the plan, and number within the step; a cursor says up to where. Records are
//! written a little after the time that they give, so what has only just happened is held back
//! until nothing earlier can be missing. Items of maps are told of within their step, unless they
//! are too many. The run itself is told of where it stands now, if that is not where it stood.

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
    /// When; absent for `run_resumed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    at: Option<Timestamp>,
    /// The number of the item, from 0, where it is one of a map that this is told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    item: Option<u32>,
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
    /// The agent that undoes what a step did begins.
    CompensationStarted {
        /// The step.
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

/// By what the events of steps are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The time.
    at: Timestamp,
    /// The step's place in the plan, from 1; 0 is the run's.
    step: u32,
    /// What a step has done before its items, they, and what comes after them.
    part: Part,
    /// The item, from 0.
    item: u32,
    /// The number within the step, or the item.
    number: u32,
}

/// Parts of a step's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Life,
    Items,
    End,
    Undoing,
}

impl Part {
    const ALL: [Self; 4] = [Self::Life, Self::Items, Self::End, Self::Undoing];
}

/// Up to where something has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// How often the run had been resumed.
    resumed: u32,
    /// Where the run stood.
    state: RunState,
    /// The last of what has a time.
    last: Option<Key>,
}

impl Cursor {
    /// Nothing was told.
    pub(super) const START: Self = Self {
        resumed: 0,
        state: RunState::Running,
        last: None,
    };

    /// The cursor of an answer.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let parts: Vec<_> = text.split('.').collect();
        let (head, tail) = parts.split_at_checked(2)?;
        let &[resumed, state] = head else {
            return None;
        };
        let last = match *tail {
            [] => None,
            [at, step, part, item, number] => Some(Key {
                at: Timestamp::from_nanosecond(at.parse().ok()?).ok()?,
                step: step.parse().ok()?,
                part: *Part::ALL.get(part.parse::<usize>().ok()?)?,
                item: item.parse().ok()?,
                number: number.parse().ok()?,
            }),
            _ => return None,
        };
        Some(Self {
            resumed: resumed.parse().ok()?,
            state: state.parse().ok()?,
            last,
        })
    }

    fn text(&self) -> String {
        let state = self.state.as_str();
        let mut text = format!("{}.{state}", self.resumed);
        if let Some(key) = self.last {
            let (at, part) = (key.at.as_nanosecond(), key.part as usize);
            let Key {
                step, item, number, ..
            } = key;
            text = format!("{text}.{at}.{step}.{part}.{item}.{number}");
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

/// What `run` and its `steps`, items of maps among them, read after it, have more than there was at
/// `after`, as of `now`.
pub(super) fn since(after: Cursor, run: &Run, steps: &[StepRecord], now: Timestamp) -> EventsView {
    let is_final = run.status.state().is_final();
    let horizon = now.saturating_sub(HELD_BACK).unwrap_or(Timestamp::MIN);
    let mut cursor = after;
    let mut events = Vec::new();
    if run.resumed > after.resumed {
        cursor = Cursor {
            resumed: run.resumed,
            state: RunState::Running,
            ..after
        };
        let times = run.resumed;
        events.push(EventView {
            at: None,
            item: None,
            what: What::RunResumed { times },
        });
    }
    let mut timed: Vec<(Key, What)> = steps.iter().flat_map(of_step).collect();
    let accepted = Key {
        at: run.created_at,
        step: 0,
        part: Part::Life,
        item: 0,
        number: 0,
    };
    timed.push((accepted, What::RunAccepted));
    timed.retain(|(key, _)| Some(*key) > after.last && (is_final || key.at <= horizon));
    timed.sort_by_key(|(key, _)| *key);
    let is_all = timed.len() <= MAX_EVENTS;
    for (key, what) in timed.into_iter().take(MAX_EVENTS) {
        cursor.last = Some(key);
        events.push(EventView {
            at: Some(key.at),
            item: (key.part == Part::Items).then_some(key.item),
            what,
        });
    }
    if is_all && run.status.state() != cursor.state {
        cursor.state = run.status.state();
        let status = run.status.clone().into();
        events.push(EventView {
            at: Some(run.updated_at),
            item: None,
            what: What::RunStatus { status },
        });
    }
    EventsView {
        cursor: cursor.text(),
        events,
        ended: is_final && is_all,
    }
}

/// What has happened to a step, or to an item of a map.
fn of_step(record: &StepRecord) -> Vec<(Key, What)> {
    let mut found = Vec::new();
    let mut add = |at: Timestamp, part: Part, number: u32, what: What| {
        let part = if record.place.item.is_some() {
            Part::Items
        } else {
            part
        };
        let key = Key {
            at,
            step: record.place.step + 1,
            part,
            item: record.place.item.unwrap_or_default(),
            number,
        };
        found.push((key, what));
    };
    let step = || record.id.clone();
    // One that was reset has yet to begin again.
    if !matches!(record.state, StepState::Pending | StepState::Skipped { .. }) {
        let started = What::StepStarted { step: step() };
        add(record.started_at, Part::Life, 0, started);
    }
    for (index, attempt) in (0..).zip(&record.tries) {
        let Try { number, work, .. } = attempt;
        let work = work.clone().into();
        let started = What::AttemptStarted {
            step: step(),
            number: *number,
            work,
        };
        add(attempt.started_at, Part::Life, 2 + 2 * index, started);
        if let (Some(ended_at), Some(error)) = (attempt.ended_at, attempt.error.clone()) {
            let failed = What::AttemptFailed {
                step: step(),
                number: *number,
                error: error.into(),
            };
            add(ended_at, Part::Life, 3 + 2 * index, failed);
        }
    }
    let began = record.started_at;
    if let Some(what) = waiting(record) {
        add(began, Part::Life, 1, what);
    } else if let Some(what) = end(record) {
        add(record.ended_at.unwrap_or(began), Part::End, LAST, what);
    }
    if let Some(started) = record.compensation_started_at {
        let what = What::CompensationStarted { step: step() };
        add(started, Part::Undoing, 0, what);
    }
    if let (Some(ended), Some(what)) = (record.compensation_ended_at, undone(record)) {
        add(ended, Part::Undoing, 1, what);
    }
    found
}

/// What a step waits for that nothing runs for.
fn waiting(record: &StepRecord) -> Option<What> {
    let step = record.id.clone();
    match record.state.clone() {
        StepState::Waiting { until } => Some(What::StepWaiting { step, until }),
        StepState::AwaitingApproval { message, until } => Some(What::StepAwaitingApproval {
            step,
            message,
            until,
        }),
        _ => None,
    }
}

/// How a step ended.
fn end(record: &StepRecord) -> Option<What> {
    let step = record.id.clone();
    match record.state.clone() {
        StepState::Completed { cached, .. } => Some(What::StepCompleted { step, cached }),
        StepState::Failed { error } => Some(What::StepFailed {
            step,
            error: error.into(),
        }),
        StepState::Skipped { reason } => Some(What::StepSkipped { step, reason }),
        StepState::Cancelled => Some(What::StepCancelled { step }),
        _ => None,
    }
}

/// What its undoing came to.
fn undone(record: &StepRecord) -> Option<What> {
    let step = record.id.clone();
    match record.compensation.clone()? {
        Compensation::Running { .. } | Compensation::Paused { .. } => None,
        Compensation::Done => Some(What::StepCompensated { step }),
        Compensation::Failed { error } => Some(What::CompensationFailed {
            step,
            error: error.into(),
        }),
    }
}

#[cfg(test)]
mod tests;
