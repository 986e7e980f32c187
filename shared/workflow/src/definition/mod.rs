//! A workflow as it is written.
//!
//! Everything here is plain data. Expressions are text and templates are JSON; what they mean, and
//! whether the steps make a graph, is for validation.

mod form;
mod retry;
mod work;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{StepId, WorkflowName};

use form::StepForm;
pub use retry::{Backoff, RetryOn, RetryPolicy};
pub use work::{AgentRef, Approval, Branch, Choice, Kind, Map, TaskWork, Wait, Work, WorkflowRef};

use crate::limits;

/// A workflow as its author wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name, unique within its tenant.
    pub name: WorkflowName,
    /// What it is for, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of a run's input; `None` admits everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// The template of a run's output. By default it is an object with the output of every step
    /// that nothing depends on, under the step's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// How long a run may take, in seconds.
    #[serde(
        default = "default_deadline",
        skip_serializing_if = "is_default_deadline"
    )]
    pub deadline_seconds: u64,
    /// How many steps that run agents may be under way at once; as many as are ready, where it is
    /// absent. A map counts as one, and a nested workflow as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<u32>,
    /// Its steps, in any order.
    pub steps: Vec<Step>,
}

/// One step of a [`Definition`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StepForm", into = "StepForm")]
pub struct Step {
    /// Its identifier, unique within the workflow.
    pub id: StepId,
    /// What it does. Written as one field of the step: `agent`, `task`, `choice`, `map`, `wait`,
    /// `approval` or `workflow`.
    pub kind: Kind,
    /// The template of what the work is called with. By default `{}`, and in a map the item.
    pub inputs: Option<Value>,
    /// JSON Schema of the inputs, where the agent's own is not to be relied on.
    pub input_schema: Option<Value>,
    /// JSON Schema of the output, where the agent's own is not to be relied on.
    pub output_schema: Option<Value>,
    /// What must have ended before it.
    pub depends_on: Vec<Dependency>,
    /// An expression that must hold when the step is ready; else it is skipped.
    pub when: Option<String>,
    /// How often its work is tried.
    pub retry: RetryPolicy,
    /// How long one try of its work may take, in seconds. By default 300, and for
    /// an approval or another workflow a day.
    pub timeout_seconds: Option<u64>,
    /// How long it is expected to take, in seconds, which decides on nothing but the order in which
    /// ready steps begin. By default a second, and for a wait as long as it is.
    pub expected_seconds: Option<f64>,
    /// What undoes it if the run fails after it.
    pub compensate_with: Option<Compensation>,
    /// Whether an earlier output for the same inputs may be used.
    pub cache: Option<Cache>,
}

/// What one step has to wait for. Written as the step's id, or as `{step, kind}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The step to wait for.
    pub step: StepId,
    /// What its end means for the step that waits.
    pub kind: DependencyKind,
}

/// What the end of one step means for another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyKind {
    /// The step runs only if the one before has completed.
    #[default]
    Hard,
    /// The step runs after the one before, whatever became of that.
    Soft,
}

impl DependencyKind {
    /// The kind as it is written: `hard`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}

/// The agent that undoes a completed step. `T` is a template, as written or parsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compensation<T = Value> {
    /// The agent.
    pub agent: AgentRef,
    /// What it is called with; it may refer to the step itself and to what the step depends on.
    /// By default `{}`.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub inputs: Option<T>,
}

/// How long an output may be used again for the same work and the same inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// In seconds, from when the output was made.
    pub ttl_seconds: u64,
}

impl Step {
    /// A step that has an id and a kind, and everything else by default.
    #[must_use]
    pub fn new(id: StepId, kind: Kind) -> Self {
        Self {
            id,
            kind,
            inputs: None,
            input_schema: None,
            output_schema: None,
            depends_on: Vec::new(),
            when: None,
            retry: RetryPolicy::default(),
            timeout_seconds: None,
            expected_seconds: None,
            compensate_with: None,
            cache: None,
        }
    }
}

const fn default_deadline() -> u64 {
    limits::DEFAULT_DEADLINE_SECONDS
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_default_deadline(seconds: &u64) -> bool {
    *seconds == limits::DEFAULT_DEADLINE_SECONDS
}

#[cfg(test)]
mod tests;
