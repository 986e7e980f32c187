//! Schemas of what the API takes and gives that its types do not say by themselves: the closed sets
//! of names, and what is made up of several types.

use serde::Serialize;
use serde_json::Value;
use tdev_aws::InvocationState;
use tdev_domain::evolution::{JudgeKind, StatusName};
use tdev_domain::retry::GivenUp;
use tdev_domain::{
    AgentKind, AnalysisMethod, EffectClass, EffectErrorKind, FailureKind, Rejection, RunState,
    Severity, StateName, StepErrorKind, StepStateName, TaskState,
};
use tdev_routing::select::{Filter, Reason, Strategy};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

/// A string that is one of the names of `values`.
fn names<T: Serialize>(values: &[T]) -> Schema {
    let names = values
        .iter()
        .filter_map(|value| serde_json::to_value(value).ok());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names.collect::<Vec<Value>>()))
        .into()
}

pub(crate) fn agent_kinds() -> Schema {
    names(&[AgentKind::Code])
}

pub(crate) fn methods() -> Schema {
    names(&[AnalysisMethod::Static])
}

pub(crate) fn severities() -> Schema {
    names(&[
        Severity::Info,
        Severity::Warning,
        Severity::Danger,
        Severity::Error,
    ])
}

pub(crate) fn state_names() -> Schema {
    names(&StateName::ALL)
}

pub(crate) fn failure_kinds() -> Schema {
    names(&FailureKind::ALL)
}

pub(crate) fn invocation_states() -> Schema {
    names(&InvocationState::ALL)
}

pub(crate) fn waits() -> Schema {
    names(&["time", "signal", "child", "children"])
}

pub(crate) fn failure_causes() -> Schema {
    names(&["agent", "stalled", "unresumable"])
}

pub(crate) fn effect_classes() -> Schema {
    names(&[
        EffectClass::Recorded,
        EffectClass::Idempotent,
        EffectClass::AtMostOnce,
        EffectClass::Timer,
        EffectClass::Signal,
        EffectClass::Child,
    ])
}

pub(crate) fn effect_error_kinds() -> Schema {
    names(&[
        EffectErrorKind::Failed,
        EffectErrorKind::InvalidArguments,
        EffectErrorKind::NotAllowed,
        EffectErrorKind::ModelNotConfigured,
        EffectErrorKind::OutcomeUnknown,
        EffectErrorKind::LimitExceeded,
        EffectErrorKind::TimedOut,
        EffectErrorKind::ChildFailed,
        EffectErrorKind::Cancelled,
    ])
}

pub(crate) fn task_states() -> Schema {
    names(&TaskState::ALL)
}

pub(crate) fn task_reasons() -> Schema {
    let rejections = REJECTIONS.map(Rejection::as_str);
    names(&[rejections, GIVEN_UP.map(GivenUp::as_str)].concat())
}

pub(crate) fn given_up_reasons() -> Schema {
    names(&GIVEN_UP)
}

const REJECTIONS: [Rejection; 3] = [
    Rejection::Refused,
    Rejection::OutOfScope,
    Rejection::NoneFits,
];

const GIVEN_UP: [GivenUp; 3] = [
    GivenUp::AttemptsExhausted,
    GivenUp::NoOtherAgent,
    GivenUp::Permanent,
];

pub(crate) fn run_states() -> Schema {
    names(&RunState::ALL)
}

pub(crate) fn evolution_states() -> Schema {
    names(&StatusName::ALL)
}

pub(crate) fn judge_kinds() -> Schema {
    names(&JudgeKind::ALL)
}

pub(crate) fn stop_causes() -> Schema {
    names(&["step_failed", "no_output", "cancelled", "deadline_exceeded"])
}

pub(crate) fn step_kinds() -> Schema {
    names(&[
        "agent", "task", "choice", "map", "wait", "approval", "workflow",
    ])
}

pub(crate) fn dependency_kinds() -> Schema {
    names(&["hard", "soft"])
}

pub(crate) fn graph_formats() -> Schema {
    names(&["json", "mermaid", "svg"])
}

pub(crate) fn applications() -> Schema {
    names(&["redundant", "all"])
}

pub(crate) fn warning_codes() -> Schema {
    names(&["redundant_dependency"])
}

pub(crate) fn step_states() -> Schema {
    names(&[
        StepStateName::Pending,
        StepStateName::Running,
        StepStateName::Paused,
        StepStateName::Waiting,
        StepStateName::AwaitingApproval,
        StepStateName::Completed,
        StepStateName::Failed,
        StepStateName::Skipped,
        StepStateName::Cancelled,
    ])
}

pub(crate) fn step_error_kinds() -> Schema {
    names(&[
        StepErrorKind::AgentFailed,
        StepErrorKind::TimedOut,
        StepErrorKind::Stalled,
        StepErrorKind::Cancelled,
        StepErrorKind::NoAgent,
        StepErrorKind::Unavailable,
        StepErrorKind::InvalidInput,
        StepErrorKind::RunFailed,
        StepErrorKind::Rejected,
        StepErrorKind::LimitExceeded,
    ])
}

pub(crate) fn compensation_states() -> Schema {
    names(&["running", "paused", "done", "failed"])
}

pub(crate) fn faults() -> Schema {
    names(&["agent", "platform"])
}

pub(crate) fn verdicts() -> Schema {
    names(&["for", "not_for", "for_none"])
}

pub(crate) fn priorities() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(10));
    OneOfBuilder::new()
        .item(number)
        .item(names(&["critical", "high", "normal", "low"]))
        .into()
}

pub(crate) fn decision_reasons() -> Schema {
    names(&[
        Reason::Pinned,
        Reason::BestScore,
        Reason::LeastConnections,
        Reason::Turn,
        Reason::ShortestWait,
        Reason::Refused,
        Reason::OutOfScope,
        Reason::Unavailable,
        Reason::NoneFits,
    ])
}

pub(crate) fn filters() -> Schema {
    names(&[
        Filter::Denied,
        Filter::NotPinned,
        Filter::Tried,
        Filter::Capability,
        Filter::Input,
        Filter::Circuit,
        Filter::Capacity,
        Filter::Unlikely,
    ])
}

pub(crate) fn strategies() -> Schema {
    names(&[
        Strategy::Learned,
        Strategy::LeastConnections,
        Strategy::WeightedRoundRobin,
        Strategy::ResourceBased,
    ])
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// What a rule does: `{"pin": "weather"}`, `"refuse"`.
pub(crate) fn rule_actions() -> Schema {
    let mut actions = OneOfBuilder::new().item(names(&["refuse"]));
    for action in ["pin", "deny", "require"] {
        let object = ObjectBuilder::new()
            .property(action, text())
            .required(action);
        actions = actions.item(object);
    }
    actions.into()
}

/// What goes before the score.
pub(crate) fn routing_rules() -> Schema {
    let condition = ObjectBuilder::new()
        .property("pattern", text())
        .property("capability", text());
    let rule = ObjectBuilder::new()
        .property("id", text())
        .required("id")
        .property("when", condition)
        .property("then", rule_actions())
        .required("then");
    ArrayBuilder::new().items(rule).max_items(Some(100)).into()
}

/// What differs from agent to agent, by its name.
pub(crate) fn agent_shares() -> Schema {
    let whole = |least, most| {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(least))
            .maximum(Some(most))
    };
    let share = ObjectBuilder::new()
        .property("capacity", whole(0, 100_000))
        .property("weight", whole(1, 1_000));
    ObjectBuilder::new()
        .additional_properties(Some(Schema::from(share)))
        .into()
}
