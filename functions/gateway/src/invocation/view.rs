//! Invocations as the API shows them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tdev_aws::{InvocationState, InvocationSummary};
use tdev_domain::{
    AgentFailure, AgentName, EffectClass, EffectKey, FailureKind, Invocation, InvocationFailure,
    InvocationId, InvocationStatus, LogLine, Pending, Stage, TaskId, VersionNumber, Wait,
};
use utoipa::ToSchema;

use super::ledger::EffectView;
use super::location;
use crate::schemas::{effect_classes, failure_causes, failure_kinds, invocation_states, waits};

/// A durable run of one version of an agent on one input.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invocation)]
pub(crate) struct InvocationView {
    /// Its identifier.
    #[schema(value_type = String, example = "inv_0199c0de0199c0de0199c0de0199c0de")]
    id: InvocationId,
    /// The agent.
    #[schema(value_type = String, example = "text-statistics")]
    agent: AgentName,
    /// Its version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// Where it stands.
    status: StatusView,
    /// What the agent was called with; left out of the answer to a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    /// The effect that waits for it; absent if no agent called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<ParentView>,
    /// The task that it is run for; absent if it is run for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    task: Option<TaskId>,
    /// How many invocations are above it.
    depth: u32,
    /// How many invocations it has called.
    children: u32,
    /// Whether it is to end at its next effect.
    cancel_requested: bool,
    /// The effect at which it stands; absent before the first, and once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pending: Option<PendingView>,
    /// The calls of agents that it has made together with that one, in order; absent if there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    gathered: Vec<PendingView>,
    /// The newest 100 of the effects that are over, in order; left out of the answer to a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    effects: Option<Vec<EffectView>>,
    /// What it logged and printed, in order; empty until it has ended by itself.
    logs: Vec<LogLineView>,
    /// When it did what, and how long it took.
    timing: InvocationTimingView,
    /// What it has used.
    cost: CostView,
    /// Where more is told of it.
    links: LinksView,
}

/// Where an invocation stands. `completed`, `failed` and `cancelled` are final.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvocationStatus)]
pub(crate) struct StatusView {
    /// The state.
    #[schema(schema_with = invocation_states)]
    name: InvocationState,
    /// What it waits for; absent unless `suspended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    wait: Option<WaitView>,
    /// What the agent returned; absent unless `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    /// Why it failed; absent unless `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<InvocationFailureView>,
}

/// What a suspended invocation waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wait)]
pub(crate) struct WaitView {
    /// A point in time, a signal, an invocation it called, or several that it called at once.
    #[serde(rename = "for")]
    #[schema(schema_with = waits)]
    what: &'static str,
    /// When it goes on in any case; absent if it waits for invocations.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Timestamp>,
    /// The signal's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signal: Option<String>,
    /// The invocation's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    invocation: Option<InvocationId>,
    /// The identifiers of those that have not ended, where it called several at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    invocations: Vec<InvocationId>,
}

/// Why an invocation failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvocationFailure)]
pub(crate) struct InvocationFailureView {
    /// By fault of the agent; because one worker after the other was lost at the same place
    /// (`stalled`); or because it has had effects and what was kept of it cannot be used
    /// (`unresumable`).
    #[schema(schema_with = failure_causes)]
    cause: &'static str,
    /// What happened.
    message: String,
    /// In which of the known ways the agent failed; this and the rest are absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = failure_kinds)]
    kind: Option<FailureKind>,
    /// The Python exception's type, where one was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exception: Option<String>,
    /// The source line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<u32>,
}

/// The effect that waits for an invocation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Parent)]
pub(crate) struct ParentView {
    /// The invocation whose effect it is.
    #[schema(value_type = String)]
    invocation: InvocationId,
    /// The effect's number.
    effect: u32,
}

/// The effect at which an invocation stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingEffect)]
pub(crate) struct PendingView {
    /// Its number.
    number: u32,
    /// The tool that was called.
    #[schema(example = "sleep")]
    tool: String,
    /// The arguments by name.
    args: Value,
    /// What may be done with it if it is not known whether it happened.
    #[schema(schema_with = effect_classes)]
    class: EffectClass,
    /// Whether it is over, and the agent has yet to learn of it.
    answered: bool,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    begun_at: Timestamp,
}

/// When an invocation did what, and how long it took.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvocationTiming)]
pub(crate) struct InvocationTimingView {
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it ended; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
    /// Compiling the source, in microseconds; 0 if the compiled form was at hand, and until the
    /// run has ended by itself.
    compile_us: u64,
    /// Running it, in microseconds, time spent waiting for tools left out; 0 until the run has
    /// ended by itself.
    run_us: u64,
}

/// What an invocation has used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cost)]
pub(crate) struct CostView {
    /// How often a worker took it.
    leases: u64,
    /// How often its record was written.
    writes: u64,
    /// How many effects were begun, the pending one included.
    effects: u32,
    /// How many more effects it and what it calls may begin, those that are answered on the spot
    /// not counted. While it waits for an invocation, that has them.
    budget_left: u32,
}

/// Where more is told of an invocation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvocationLinks)]
pub(crate) struct LinksView {
    /// The invocation itself.
    #[serde(rename = "self")]
    this: String,
    /// All its effects, in pages.
    effects: String,
    /// What happens to it, as it happens.
    events: String,
}

/// A line that an agent logged or printed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
pub(crate) struct LogLineView {
    /// The text.
    message: String,
    /// The keyword arguments of `log`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    fields: Map<String, Value>,
}

/// An invocation as a listing shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvocationSummary)]
pub(crate) struct SummaryView {
    /// Its identifier.
    #[schema(value_type = String)]
    id: InvocationId,
    /// The agent.
    #[schema(value_type = String)]
    agent: AgentName,
    /// Its version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// Where it stands.
    #[schema(schema_with = invocation_states)]
    status: InvocationState,
    /// The effect that waits for it; absent if no agent called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<ParentView>,
    /// The task that it is run for; absent if it is run for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    task: Option<TaskId>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ended; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
}

impl InvocationView {
    /// The invocation with its input and the newest of its effects.
    pub(super) fn whole(mut record: Invocation, effects: Vec<EffectView>) -> Self {
        let input = record.input.take();
        Self {
            input: Some(input),
            effects: Some(effects),
            ..Self::brief(record)
        }
    }

    /// The invocation without what the client has sent itself, and without what takes another
    /// query to know.
    pub(super) fn brief(record: Invocation) -> Self {
        let effects = record.next_effect - 1;
        let ended_at = record.status.is_final().then_some(record.updated_at);
        let place = location(&record.id);
        Self {
            id: record.id,
            agent: record.callee.agent,
            version: record.callee.version,
            status: record.status.into(),
            input: None,
            parent: record.parent.map(ParentView::from),
            task: record.task,
            depth: record.depth,
            children: record.children,
            cancel_requested: record.cancel_requested,
            pending: record.pending.map(PendingView::from),
            gathered: record.gathered.into_iter().map(PendingView::from).collect(),
            effects: None,
            logs: log_lines(record.report.logs),
            timing: InvocationTimingView {
                created_at: record.created_at,
                updated_at: record.updated_at,
                ended_at,
                compile_us: record.report.compile_us,
                run_us: record.report.run_us,
            },
            cost: CostView {
                leases: record.token,
                writes: record.revision + 1,
                effects,
                budget_left: record.budget,
            },
            links: LinksView {
                effects: format!("{place}/effects"),
                events: format!("{place}/events"),
                this: place,
            },
        }
    }
}

pub(super) fn log_lines(lines: Vec<LogLine>) -> Vec<LogLineView> {
    let view = |LogLine { message, fields }| LogLineView { message, fields };
    lines.into_iter().map(view).collect()
}

impl From<InvocationStatus> for StatusView {
    fn from(status: InvocationStatus) -> Self {
        let mut view = Self {
            name: (&status).into(),
            wait: None,
            output: None,
            failure: None,
        };
        match status {
            InvocationStatus::Suspended { wait } => view.wait = Some(wait.into()),
            InvocationStatus::Completed { output } => view.output = Some(output),
            InvocationStatus::Failed { failure } => view.failure = Some(failure.into()),
            InvocationStatus::Queued
            | InvocationStatus::Running { .. }
            | InvocationStatus::Cancelled => {}
        }
        view
    }
}

impl From<Wait> for WaitView {
    fn from(wait: Wait) -> Self {
        let mut view = Self {
            what: "time",
            until: None,
            signal: None,
            invocation: None,
            invocations: Vec::new(),
        };
        match wait {
            Wait::Time { until } => view.until = Some(until),
            Wait::Signal { signal, until } => {
                view.what = "signal";
                view.signal = Some(signal);
                view.until = Some(until);
            }
            Wait::Child { invocation } => {
                view.what = "child";
                view.invocation = Some(invocation);
            }
            Wait::Children { invocations } => {
                view.what = "children";
                view.invocations = invocations;
            }
        }
        view
    }
}

impl From<InvocationFailure> for InvocationFailureView {
    fn from(failure: InvocationFailure) -> Self {
        let of_the_platform = |cause, message| Self {
            cause,
            message,
            kind: None,
            exception: None,
            line: None,
        };
        match failure {
            InvocationFailure::Agent(AgentFailure {
                kind,
                message,
                exception,
                line,
                ..
            }) => Self {
                cause: "agent",
                message,
                kind: Some(kind),
                exception,
                line,
            },
            InvocationFailure::Unresumable { message } => of_the_platform("unresumable", message),
            InvocationFailure::Stalled { workers } => of_the_platform(
                "stalled",
                format!("{workers} workers were lost at the same place"),
            ),
        }
    }
}

impl From<EffectKey> for ParentView {
    fn from(key: EffectKey) -> Self {
        Self {
            invocation: key.invocation,
            effect: key.number,
        }
    }
}

impl From<Pending> for PendingView {
    fn from(pending: Pending) -> Self {
        Self {
            number: pending.number,
            tool: pending.call.tool,
            args: pending.call.args,
            class: pending.class,
            answered: matches!(pending.stage, Stage::Answered(_)),
            begun_at: pending.begun_at,
        }
    }
}

impl From<InvocationSummary> for SummaryView {
    fn from(summary: InvocationSummary) -> Self {
        Self {
            id: summary.id,
            agent: summary.agent,
            version: summary.version,
            status: summary.status,
            parent: summary.parent.map(ParentView::from),
            task: summary.task,
            created_at: summary.created_at,
            ended_at: summary.ended_at,
        }
    }
}
