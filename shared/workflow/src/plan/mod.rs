//! A definition made ready to run.

mod order;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{Invalid, StepId, WorkflowName};

use crate::definition::{Cache, Compensation, DependencyKind, Kind, RetryPolicy};
use crate::{Expression, Template};
pub(crate) use order::{cycles, topological};

/// The place of a step in a plan: its number in topological order, from 0.
pub type StepIndex = u32;

/// A workflow whose steps are in topological order, with all their edges and parsed expressions.
///
/// It is written as JSON or another format of serde, and read again without being checked anew
/// but for its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Plan {
    parts: Parts,
    /// By step: what depends on it.
    dependants: Vec<Vec<Edge>>,
    index: HashMap<StepId, StepIndex>,
    roots: Vec<StepIndex>,
    sinks: Vec<StepIndex>,
}

/// What of a plan is written; the rest follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(crate) name: WorkflowName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_schema: Option<Value>,
    pub(crate) output: Option<Template>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) output_references: Vec<StepIndex>,
    pub(crate) deadline_seconds: u64,
    pub(crate) steps: Vec<PlannedStep>,
}

/// An edge of the graph, seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The step at the other end.
    pub step: StepIndex,
    /// What the end of the first step means for the second.
    pub kind: DependencyKind,
}

/// One step of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its identifier.
    pub id: StepId,
    /// What it does.
    pub kind: Kind<Expression, Template>,
    /// What its work is called with. In a map it is evaluated for every item.
    pub inputs: Template,
    /// What must hold when the step is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
    /// How often its work is tried.
    pub retry: RetryPolicy,
    /// How long one try may take, in seconds.
    pub timeout_seconds: u64,
    /// What undoes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensate_with: Option<Compensation<Template>>,
    /// Whether an earlier output may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// What must have ended before it, in ascending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Edge>,
    /// The steps that its expressions look at, in ascending order: all that its context must
    /// have. Each is a dependency, directly or not. A compensation may look at its own step
    /// besides, which is not in here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<StepIndex>,
}

impl TryFrom<Parts> for Plan {
    type Error = Invalid;

    /// Takes `parts` if every step comes after what it depends on and looks at.
    fn try_from(parts: Parts) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("steps", "unique steps in topological order");
        let count = parts.steps.len();
        let mut dependants = vec![Vec::new(); count];
        let mut index = HashMap::with_capacity(count);
        for (i, step) in (0..).zip(&parts.steps) {
            if index.insert(step.id.clone(), i).is_some()
                || step.references.iter().any(|earlier| *earlier >= i)
            {
                return Err(invalid());
            }
            for edge in &step.dependencies {
                if edge.step >= i {
                    return Err(invalid());
                }
                let of: Option<&mut Vec<Edge>> = dependants.get_mut(at(edge.step));
                of.ok_or_else(invalid)?.push(Edge {
                    step: i,
                    kind: edge.kind,
                });
            }
        }
        if parts
            .output_references
            .iter()
            .any(|step| at(*step) >= count)
        {
            return Err(invalid());
        }
        let which = |is: &dyn Fn(usize) -> bool| -> Vec<StepIndex> {
            (0..)
                .zip(0..count)
                .filter(|(_, i)| is(*i))
                .map(|(step, _)| step)
                .collect()
        };
        Ok(Self {
            roots: which(&|i| parts.steps[i].dependencies.is_empty()),
            sinks: which(&|i| dependants[i].is_empty()),
            parts,
            dependants,
            index,
        })
    }
}

impl From<Plan> for Parts {
    fn from(plan: Plan) -> Self {
        plan.parts
    }
}

/// `step` as a place in a slice.
pub(crate) fn at(step: StepIndex) -> usize {
    usize::try_from(step).unwrap_or(usize::MAX)
}

impl Plan {
    /// The workflow's name.
    #[must_use]
    pub const fn name(&self) -> &WorkflowName {
        &self.parts.name
    }

    /// JSON Schema of a run's input; `None` admits everything.
    #[must_use]
    pub const fn input_schema(&self) -> Option<&Value> {
        self.parts.input_schema.as_ref()
    }

    /// What a run gives; `None` stands for the outputs of all [`sinks`](Self::sinks) under their
    /// ids.
    #[must_use]
    pub const fn output(&self) -> Option<&Template> {
        self.parts.output.as_ref()
    }

    /// The steps that [`output`](Self::output) looks at, in ascending order.
    #[must_use]
    pub fn output_references(&self) -> &[StepIndex] {
        &self.parts.output_references
    }

    /// How long a run may take, in seconds.
    #[must_use]
    pub const fn deadline_seconds(&self) -> u64 {
        self.parts.deadline_seconds
    }

    /// The steps, in topological order.
    #[must_use]
    pub fn steps(&self) -> &[PlannedStep] {
        &self.parts.steps
    }

    /// The step in place `step`.
    #[must_use]
    pub fn step(&self, step: StepIndex) -> Option<&PlannedStep> {
        self.parts.steps.get(at(step))
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.steps.len()
    }

    /// Whether there are no steps, which no valid definition has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.steps.is_empty()
    }

    /// The place of the step called `id`.
    #[must_use]
    pub fn index_of(&self, id: &StepId) -> Option<StepIndex> {
        self.index.get(id).copied()
    }

    /// What `step` depends on; empty if there is no such step.
    #[must_use]
    pub fn dependencies(&self, step: StepIndex) -> &[Edge] {
        self.step(step).map_or(&[], |step| &step.dependencies)
    }

    /// What depends on `step`; empty if there is no such step.
    #[must_use]
    pub fn dependants(&self, step: StepIndex) -> &[Edge] {
        self.dependants.get(at(step)).map_or(&[], Vec::as_slice)
    }

    /// How many steps must have ended before `step` is ready.
    #[must_use]
    pub fn in_degree(&self, step: StepIndex) -> usize {
        self.dependencies(step).len()
    }

    /// The steps that depend on nothing.
    #[must_use]
    pub fn roots(&self) -> &[StepIndex] {
        &self.roots
    }

    /// The steps that nothing depends on.
    #[must_use]
    pub fn sinks(&self) -> &[StepIndex] {
        &self.sinks
    }

    /// Whether a run goes on when `step` has failed for good: something depends on it, and
    /// all that does so softly.
    #[must_use]
    pub fn tolerates_failure(&self, step: StepIndex) -> bool {
        let dependants = self.dependants(step);
        !dependants.is_empty() && dependants.iter().all(|e| e.kind == DependencyKind::Soft)
    }
}
