//! Steps of runs as the API shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tdev_domain::{
    AgentName, Compensation, InvocationId, RunId, StepId, StepRecord, StepState, StepStateName,
    TaskId, Try, VersionNumber, Work,
};
use tdev_workflow::{Plan, StepIndex};
use utoipa::ToSchema;

use super::view::StepErrorView;
use crate::input::json_bytes;
use crate::schemas::{compensation_states, step_kinds, step_states};

/// The most bytes of an output, as JSON, that is shown where several steps are.
const MAX_OUTPUT_SHOWN: usize = 1024;

/// A step of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunStep)]
pub(crate) struct StepView {
    /// Its identifier in the definition.
    #[schema(value_type = String, example = "summarise")]
    id: StepId,
    /// What it does.
    #[schema(schema_with = step_kinds)]
    kind: &'static str,
    /// Where it stands.
    #[schema(schema_with = step_states)]
    status: StepStateName,
    /// When it began; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    started_at: Option<Timestamp>,
    /// When it was over; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
    /// Until when it is `paused` before its next attempt, is `waiting`, or is `awaiting_approval`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Timestamp>,
    /// What the person is asked whose approval is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
    /// What it gave; absent unless `completed`, and in lists of steps if it has more than 1,024
    /// bytes as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    /// How many bytes the output has as JSON; absent unless `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    output_bytes: Option<usize>,
    /// Whether the output was taken from the cache; absent unless `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cached: Option<bool>,
    /// How it failed; absent unless `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<StepErrorView>,
    /// Why it was not to be done; absent unless `skipped`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// How often its work was tried, in order; empty where there is nothing to try.
    attempts: Vec<StepAttemptView>,
    /// How many items of a map's list stand where; absent for other steps, until the list is
    /// known, and where more than 1,000 items are being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    items: Option<BTreeMap<&'static str, u32>>,
    /// How far what it did is undone; absent unless that was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    compensation: Option<CompensationView>,
}

/// One attempt at a step: by an agent, a task, another run, or the items of a map.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StepAttempt)]
pub(crate) struct StepAttemptView {
    /// The how-manieth, from 1 and over all resumptions of the run.
    number: u32,
    /// What was done.
    #[serde(flatten)]
    work: WorkView,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it was over; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
    /// How it failed; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<StepErrorView>,
}

/// What is done for a step.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = StepWork)]
pub(crate) struct WorkView {
    /// The agent; this, its version and its run are absent if it is not an agent's work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    agent: Option<AgentName>,
    /// The agent's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, nullable = false)]
    version: Option<VersionNumber>,
    /// The agent's run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    invocation: Option<InvocationId>,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    task: Option<TaskId>,
    /// The nested run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    run: Option<RunId>,
    /// How many items the list has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    items: Option<u32>,
    /// How many of them are done at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lanes: Option<u32>,
}

/// How far what a step did is undone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Compensation)]
pub(crate) struct CompensationView {
    /// Whether the agent that undoes it runs, is to be tried again (`paused`), is done, or has
    /// failed for good.
    #[schema(schema_with = compensation_states)]
    status: &'static str,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    started_at: Option<Timestamp>,
    /// When it was over; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
    /// How often it was tried, the try that runs included; absent once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts: Option<u32>,
    /// The agent that undoes it; absent unless it runs.
    #[serde(flatten)]
    work: WorkView,
    /// When it is tried again; absent unless `paused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Timestamp>,
    /// How it failed; absent unless `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<StepErrorView>,
}

/// The most items of a map that are counted while they are being done.
pub(super) const MAX_ITEMS_COUNTED: u32 = 1_000;

/// How many items the list of a map has, once that is known.
pub(super) fn items_of(record: &StepRecord) -> Option<u32> {
    match record.tries.last()?.work {
        Work::Map { items, .. } => Some(items),
        _ => None,
    }
}

/// How many of `items` stand where, of which those have begun that are in `begun`.
pub(super) fn item_counts(items: u32, begun: &[StepRecord]) -> BTreeMap<&'static str, u32> {
    let mut counts = BTreeMap::new();
    for item in begun {
        *counts.entry(item.state.name().as_str()).or_insert(0) += 1;
    }
    let not_begun = items.saturating_sub(u32::try_from(begun.len()).unwrap_or(u32::MAX));
    if not_begun > 0 {
        *counts.entry(StepStateName::Pending.as_str()).or_insert(0) += not_begun;
    }
    counts
}

impl StepView {
    /// The step in place `step` of the plan, of which `record` is known if it has begun. An output
    /// is left out if it is large.
    pub(super) fn listed(plan: &Plan, step: StepIndex, record: Option<StepRecord>) -> Self {
        let mut view = Self::whole(plan, step, record);
        if view.output_bytes > Some(MAX_OUTPUT_SHOWN) {
            view.output = None;
        }
        view
    }

    /// The same, with the output however large it is.
    pub(super) fn whole(plan: &Plan, step: StepIndex, record: Option<StepRecord>) -> Self {
        let planned = plan.step(step);
        let mut view = Self {
            id: planned.id.clone(),
            kind: planned.kind.name(),
            status: StepStateName::Pending,
            started_at: None,
            ended_at: None,
            until: None,
            message: None,
            output: None,
            output_bytes: None,
            cached: None,
            error: None,
            reason: None,
            attempts: Vec::new(),
            items: None,
            compensation: None,
        };
        if let Some(record) = record {
            view.fill(record);
        }
        view
    }

    /// The same step, with its items counted.
    pub(super) fn with_items(mut self, counts: BTreeMap<&'static str, u32>) -> Self {
        self.items = Some(counts);
        self
    }

    fn fill(&mut self, record: StepRecord) {
        self.status = record.state.name();
        // One that was reset has yet to begin again.
        let has_begun = record.state != StepState::Pending;
        self.started_at = has_begun.then_some(record.started_at);
        self.ended_at = record.ended_at;
        self.attempts = record.tries.into_iter().map(Into::into).collect();
        self.compensation = record.compensation.map(|compensation| CompensationView {
            started_at: record.compensation_started_at,
            ended_at: record.compensation_ended_at,
            ..compensation.into()
        });
        match record.state {
            StepState::Pending | StepState::Running | StepState::Cancelled => {}
            StepState::Paused { until } | StepState::Waiting { until } => self.until = Some(until),
            StepState::AwaitingApproval { message, until } => {
                self.message = Some(message);
                self.until = Some(until);
            }
            StepState::Completed { output, cached } => {
                self.output_bytes = Some(json_bytes(&output));
                self.output = Some(output);
                self.cached = Some(cached);
            }
            StepState::Failed { error } => self.error = Some(error.into()),
            StepState::Skipped { reason } => self.reason = Some(reason),
        }
    }
}

impl From<Try> for StepAttemptView {
    fn from(attempt: Try) -> Self {
        Self {
            number: attempt.number,
            work: attempt.work.into(),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            error: attempt.error.map(StepErrorView::from),
        }
    }
}

impl From<Work> for WorkView {
    fn from(work: Work) -> Self {
        let mut view = Self::default();
        match work {
            Work::Agent {
                agent,
                version,
                invocation,
            } => {
                view.agent = Some(agent);
                view.version = Some(version);
                view.invocation = Some(invocation);
            }
            Work::Task { task } => view.task = Some(task),
            Work::Run { run } => view.run = Some(run),
            Work::Map { items, lanes } => {
                view.items = Some(items);
                view.lanes = Some(lanes);
            }
        }
        view
    }
}

impl From<Compensation> for CompensationView {
    fn from(compensation: Compensation) -> Self {
        let mut view = Self {
            status: "done",
            started_at: None,
            ended_at: None,
            attempts: None,
            work: WorkView::default(),
            until: None,
            error: None,
        };
        match compensation {
            Compensation::Running { number, work } => {
                view.status = "running";
                view.attempts = Some(number);
                view.work = work.into();
            }
            Compensation::Paused { tries, until } => {
                view.status = "paused";
                view.attempts = Some(tries);
                view.until = Some(until);
            }
            Compensation::Done => {}
            Compensation::Failed { error } => {
                view.status = "failed";
                view.error = Some(error.into());
            }
        }
        view
    }
}
