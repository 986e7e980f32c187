//! Runs as the API shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tdev_aws::RunSummary;
use tdev_domain::{
    Run, RunId, RunState, RunStatus, StepError, StepErrorKind, StepId, StepTry, StopCause,
    Uncompensated, VersionNumber, WorkflowName,
};
use utoipa::ToSchema;

use super::location;
use super::step::StepView;
use super::timing::{CriticalPathView, EstimateView};
use crate::schemas::{run_states, step_error_kinds, stop_causes};

/// One execution of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(crate) struct RunView {
    /// Its identifier.
    #[schema(value_type = String, example = "run_0199c0de0199c0de0199c0de0199c0de")]
    id: RunId,
    /// The workflow.
    #[schema(value_type = String, example = "digest-documents")]
    workflow: WorkflowName,
    /// Its version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// Where it stands.
    status: RunStatusView,
    /// What it is run on; left out of the answers to `POST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    /// The step of another run that waits for it; absent if a client started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<RunParentView>,
    /// When it is to be over: from then on it is stopped.
    #[schema(value_type = String, format = DateTime)]
    deadline: Timestamp,
    /// How often it was resumed.
    resumed: u32,
    /// How many steps it has.
    step_count: u32,
    /// How many steps stand where; statuses that no step has are left out. This and what follows
    /// from the steps is absent from the answers to `POST`, and with `steps=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<BTreeMap<&'static str, u32>>,
    /// The steps that determined how long it took so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    critical_path: Option<CriticalPathView>,
    /// When it may be over; absent unless it is `running`, and as long as too little is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    estimate: Option<EstimateView>,
    /// The steps, each after all that it depends on; absent if there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    steps: Option<Vec<StepView>>,
    /// When it did what.
    timing: RunTimingView,
    /// Where more is told of it.
    links: RunLinksView,
}

/// How far the steps of a run have come; see [`RunView`].
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) counts: BTreeMap<&'static str, u32>,
    pub(super) critical_path: CriticalPathView,
    pub(super) estimate: Option<EstimateView>,
    pub(super) steps: Option<Vec<StepView>>,
}

/// Where a run stands. `completed`, `failed` and `cancelled` are final, but for the latter two
/// unless it is resumed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunStatus)]
pub(crate) struct RunStatusView {
    /// The state.
    #[schema(schema_with = run_states)]
    name: RunState,
    /// What it gave; absent unless `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    /// Why it does not complete; absent if it is `running` or `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    because: Option<BecauseView>,
    /// The steps of which a compensation did not undo what they did; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uncompensated: Vec<UncompensatedView>,
}

/// Why a run does not complete.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StopCause)]
pub(crate) struct BecauseView {
    /// A step failed for good that something depends on; the output could not be made of what the
    /// steps gave; a client called it off; or it was not done in time.
    #[schema(schema_with = stop_causes)]
    cause: &'static str,
    /// The step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    step: Option<StepId>,
    /// How it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<StepErrorView>,
    /// What is wrong with the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
}

/// A step whose effects are still there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uncompensated)]
pub(crate) struct UncompensatedView {
    /// The step.
    #[schema(value_type = String)]
    step: StepId,
    /// Why it could not be compensated.
    error: StepErrorView,
}

/// How a step failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = StepError)]
pub(crate) struct StepErrorView {
    /// In which way; `agent_failed`, `timed_out` and `stalled` are those that a retry policy may
    /// name.
    #[schema(schema_with = step_error_kinds)]
    kind: StepErrorKind,
    /// What happened.
    message: String,
}

/// The step of another run that waits for a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunParent)]
pub(crate) struct RunParentView {
    /// The run.
    #[schema(value_type = String)]
    run: RunId,
    /// The step's number in it, and after a dot that of the item if the step is a map.
    #[schema(example = "3")]
    place: String,
}

/// When a run did what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunTiming)]
#[expect(
    clippy::struct_field_names,
    reason = "points in time are named so everywhere"
)]
pub(crate) struct RunTimingView {
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its own record last changed; steps have their own.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it ended; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
}

/// Where more is told of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunLinks)]
pub(crate) struct RunLinksView {
    /// The run itself.
    #[serde(rename = "self")]
    this: String,
    /// All its steps, in pages.
    steps: String,
    /// What happens to it, as it happens.
    events: String,
    /// The run as a picture.
    graph: String,
}

/// A run as a listing shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunSummary)]
pub(crate) struct RunSummaryView {
    /// Its identifier.
    #[schema(value_type = String)]
    id: RunId,
    /// The workflow.
    #[schema(value_type = String)]
    workflow: WorkflowName,
    /// Its version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// Where it stands.
    #[schema(schema_with = run_states)]
    status: RunState,
    /// The step of another run that waits for it; absent if a client started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<RunParentView>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ended; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
}

impl RunView {
    /// The run with its input and what is known of its steps.
    pub(super) fn whole(mut run: Run, progress: Option<Progress>) -> Self {
        let input = run.input.take();
        let mut view = Self::brief(run);
        view.input = Some(input);
        if let Some(progress) = progress {
            view.progress = Some(progress.counts);
            view.critical_path = Some(progress.critical_path);
            view.estimate = progress.estimate;
            view.steps = progress.steps;
        }
        view
    }

    /// The run without what the client has sent itself, and without what takes another query.
    pub(super) fn brief(run: Run) -> Self {
        let ended_at = run.status.state().is_final().then_some(run.updated_at);
        let place = location(&run.id);
        Self {
            id: run.id,
            workflow: run.workflow,
            version: run.version,
            status: run.status.into(),
            input: None,
            parent: run.parent.map(RunParentView::from),
            deadline: run.deadline,
            resumed: run.resumed,
            step_count: run.steps,
            progress: None,
            critical_path: None,
            estimate: None,
            steps: None,
            timing: RunTimingView {
                created_at: run.created_at,
                updated_at: run.updated_at,
                ended_at,
            },
            links: RunLinksView {
                steps: format!("{place}/steps"),
                events: format!("{place}/events"),
                graph: format!("{place}/graph"),
                this: place,
            },
        }
    }
}

impl From<RunStatus> for RunStatusView {
    fn from(status: RunStatus) -> Self {
        let mut view = Self {
            name: status.state(),
            output: None,
            because: None,
            uncompensated: Vec::new(),
        };
        let undone = |list: Vec<Uncompensated>| list.into_iter().map(Into::into).collect();
        match status {
            RunStatus::Running => {}
            RunStatus::Stopping { because } | RunStatus::Compensating { because, .. } => {
                view.because = Some(because.into());
            }
            RunStatus::Completed { output } => view.output = Some(output),
            RunStatus::Failed {
                because,
                uncompensated,
            } => {
                view.because = Some(because.into());
                view.uncompensated = undone(uncompensated);
            }
            RunStatus::Cancelled { uncompensated } => {
                view.because = Some(StopCause::Cancelled.into());
                view.uncompensated = undone(uncompensated);
            }
        }
        view
    }
}

impl From<StopCause> for BecauseView {
    fn from(because: StopCause) -> Self {
        let mut view = Self {
            cause: because.as_str(),
            step: None,
            error: None,
            message: None,
        };
        match because {
            StopCause::StepFailed { step, error } => {
                view.step = Some(step);
                view.error = Some(error.into());
            }
            StopCause::NoOutput { message } => view.message = Some(message),
            StopCause::Cancelled | StopCause::DeadlineExceeded => {}
        }
        view
    }
}

impl From<Uncompensated> for UncompensatedView {
    fn from(left: Uncompensated) -> Self {
        Self {
            step: left.step,
            error: left.error.into(),
        }
    }
}

impl From<StepError> for StepErrorView {
    fn from(error: StepError) -> Self {
        Self {
            kind: error.kind,
            message: error.message,
        }
    }
}

impl From<StepTry> for RunParentView {
    fn from(parent: StepTry) -> Self {
        Self {
            run: parent.run,
            place: parent.place.to_string(),
        }
    }
}

impl From<RunSummary> for RunSummaryView {
    fn from(summary: RunSummary) -> Self {
        Self {
            id: summary.id,
            workflow: summary.workflow,
            version: summary.version,
            status: summary.status,
            parent: summary.parent.map(RunParentView::from),
            created_at: summary.created_at,
            ended_at: summary.ended_at,
        }
    }
}
