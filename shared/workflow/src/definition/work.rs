//! What steps do.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::order::Priority;
use tdev_domain::{AgentName, Capability, StepId, VersionNumber, WorkflowName};

use crate::limits;

/// What a step does. `E` is an expression and `T` a template: text and JSON as written, parsed in
/// a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind<E = String, T = Value> {
    /// One agent runs.
    Agent(AgentRef),
    /// An agent runs that routing picks by the text of the inputs.
    Task(TaskWork),
    /// One of several ways is taken.
    Choice(Choice<E>),
    /// The same work is done for every item of a list.
    Map(Map<E>),
    /// Time passes.
    Wait(Wait<E>),
    /// A person decides.
    Approval(Approval<T>),
    /// Another workflow runs.
    Workflow(WorkflowRef),
}

impl<E, T> Kind<E, T> {
    /// The kind's name, which is also the field it is written in.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Task(_) => "task",
            Self::Choice(_) => "choice",
            Self::Map(_) => "map",
            Self::Wait(_) => "wait",
            Self::Approval(_) => "approval",
            Self::Workflow(_) => "workflow",
        }
    }

    /// Whether it runs agents, and so can be retried, cached and compensated.
    #[must_use]
    pub const fn runs_agents(&self) -> bool {
        matches!(
            self,
            Self::Agent(_) | Self::Task(_) | Self::Map(_) | Self::Workflow(_)
        )
    }
}

/// An agent, in the version given or in its latest. Written as its name, or as `{name, version}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentRef {
    /// The agent.
    pub name: AgentName,
    /// The version. Where it is absent, the latest when the run was accepted or last resumed, for all
    /// its steps.
    pub version: Option<VersionNumber>,
}

/// A workflow, in the version given or in its latest. Written as its name, or as
/// `{name, version}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkflowRef {
    /// The workflow.
    pub name: WorkflowName,
    /// The version. Where it is absent, the latest when the run was accepted or last resumed, for all
    /// its steps.
    pub version: Option<VersionNumber>,
}

/// Work that is routed: the step's inputs are the task's payload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskWork {
    /// What the agent must be able to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<Capability>,
    /// How urgent it is; normal, where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// One of several ways: the first branch that holds, else `otherwise`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice<E = String> {
    /// The ways, in the order in which they are looked at.
    pub branches: Vec<Branch<E>>,
    /// The steps that run if no branch holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<StepId>,
}

impl<E> Choice<E> {
    /// The steps that it may let run, as often as they are named.
    pub fn targets(&self) -> impl Iterator<Item = &StepId> {
        let branches = self.branches.iter().flat_map(|branch| &branch.then);
        branches.chain(&self.otherwise)
    }

    /// Whether it decides on `step`.
    #[must_use]
    pub fn names(&self, step: &StepId) -> bool {
        self.targets().any(|target| target == step)
    }
}

/// One way of a [`Choice`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch<E = String> {
    /// The condition.
    pub when: E,
    /// The steps that run if it holds.
    pub then: Vec<StepId>,
}

/// The same work for every item of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Map<E = String> {
    /// Gives the list.
    pub over: E,
    /// How many items run at once.
    pub concurrency: u32,
    /// How many items are put into one page; the engine decides, where it is absent.
    pub page_size: Option<u32>,
    /// What is done for each item.
    pub work: Work,
}

/// What a [`Map`] does for an item. Written as one field of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// One agent runs.
    Agent(AgentRef),
    /// An agent runs that routing picks.
    Task(TaskWork),
    /// A workflow runs.
    Workflow(WorkflowRef),
}

/// A time that passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait<E = String> {
    /// So many seconds.
    Seconds(u64),
    /// Until the point in time that the expression gives, as RFC 3339 text or in seconds since
    /// 1970.
    Until(E),
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval<T = Value> {
    /// What the person is asked.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub message: Option<T>,
}

pub(super) const fn default_concurrency() -> u32 {
    limits::DEFAULT_CONCURRENCY
}
