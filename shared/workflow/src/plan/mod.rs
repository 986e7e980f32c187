//! A definition made ready to run.

mod order;

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{AgentName, Invalid, StepId, WorkflowName};

use crate::definition::{Cache, Compensation, DependencyKind, Kind, RetryPolicy, Wait, Work};
use crate::{Expression, Template, limits};
pub(crate) use order::{cycles, topological};

/// The place of a step in a plan: its number in topological order, from 0.
pub type StepIndex = u32;

/// A workflow whose steps are in topological order, with all their edges and parsed expressions.
///
/// It can be written and read again, and is then checked for its order alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PlanForm", into = "PlanForm")]
pub struct Plan {
    /// The workflow's name.
    pub name: WorkflowName,
    /// JSON Schema of a run's input; `None` admits everything.
    pub input_schema: Option<Value>,
    /// What a run gives; `None` stands for the outputs of all [`sinks`](Plan::sinks) under their
    /// ids.
    pub output: Option<Output>,
    /// How long a run may take, in seconds.
    pub deadline_seconds: u64,
    /// How many steps that run agents may be under way at once; as many as are ready, where it is
    /// absent.
    pub max_in_flight: Option<u32>,
    steps: Vec<PlanStep>,
    /// By step: what depends on it.
    dependants: Vec<Vec<Edge>>,
    /// By step: the longest path from its beginning to the end of a run, in seconds.
    paths: Vec<f64>,
    index: HashMap<StepId, StepIndex>,
    roots: Vec<StepIndex>,
    sinks: Vec<StepIndex>,
}

/// What of a plan is written; the rest follows from it.
#[derive(Serialize, Deserialize)]
pub(crate) struct PlanForm {
    pub(crate) name: WorkflowName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_schema: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Output>,
    pub(crate) deadline_seconds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_in_flight: Option<u32>,
    pub(crate) steps: Vec<PlanStep>,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The template, which is evaluated when every step has ended.
    pub template: Template,
    /// The steps that it looks at, in ascending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<StepIndex>,
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
pub struct PlanStep {
    /// Its identifier.
    pub id: StepId,
    /// What it does.
    pub kind: Kind<Expression, Template>,
    /// What its work is called with. In a map it is evaluated for every item. `None` stands for
    /// `{}`, and in a map for the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Template>,
    /// What must hold when the step is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
    /// How often its work is tried.
    pub retry: RetryPolicy,
    /// How long one try may take, in seconds, if its author said so; see
    /// [`timeout`](Self::timeout).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// How long it is expected to take, in seconds, if its author said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<f64>,
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

impl TryFrom<PlanForm> for Plan {
    type Error = Invalid;

    /// Takes `form` if every step comes after what it depends on and looks at.
    fn try_from(form: PlanForm) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("steps", "unique steps in topological order");
        let count = StepIndex::try_from(form.steps.len()).map_err(|_| invalid())?;
        let mut dependants = vec![Vec::new(); form.steps.len()];
        let mut index = HashMap::with_capacity(form.steps.len());
        for (i, step) in (0..).zip(&form.steps) {
            let earlier = |edge: &Edge| edge.step < i;
            if index.insert(step.id.clone(), i).is_some()
                || step.references.iter().any(|reference| *reference >= i)
                || !step.dependencies.iter().all(earlier)
                || !step.dependencies.is_sorted_by_key(|edge| edge.step)
            {
                return Err(invalid());
            }
            for edge in &step.dependencies {
                dependants[at(edge.step)].push(Edge {
                    step: i,
                    kind: edge.kind,
                });
            }
        }
        let looked_at = form.output.iter().flat_map(|output| &output.references);
        if looked_at.copied().any(|step| step >= count) {
            return Err(invalid());
        }
        let roots = |step: &StepIndex| form.steps[at(*step)].dependencies.is_empty();
        Ok(Self {
            roots: (0..count).filter(roots).collect(),
            sinks: (0..count)
                .filter(|step| dependants[at(*step)].is_empty())
                .collect(),
            name: form.name,
            input_schema: form.input_schema,
            output: form.output,
            deadline_seconds: form.deadline_seconds,
            max_in_flight: form.max_in_flight,
            paths: paths(&form.steps, &dependants),
            steps: form.steps,
            dependants,
            index,
        })
    }
}

impl From<Plan> for PlanForm {
    fn from(plan: Plan) -> Self {
        Self {
            name: plan.name,
            input_schema: plan.input_schema,
            output: plan.output,
            deadline_seconds: plan.deadline_seconds,
            max_in_flight: plan.max_in_flight,
            steps: plan.steps,
        }
    }
}

impl PlanStep {
    /// How long one try may take, or an approval is waited for, in seconds: as its author says, or
    /// else as is usual for its kind.
    #[must_use]
    pub fn timeout(&self) -> u64 {
        let by_kind = match &self.kind {
            Kind::Approval(_) => limits::DEFAULT_APPROVAL_SECONDS,
            Kind::Workflow(_) => limits::DEFAULT_DEADLINE_SECONDS,
            Kind::Map(map) if matches!(map.work, Work::Workflow(_)) => {
                limits::DEFAULT_DEADLINE_SECONDS
            }
            _ => limits::DEFAULT_TIMEOUT_SECONDS,
        };
        self.timeout_seconds.unwrap_or(by_kind)
    }

    /// How long the step is expected to take, in seconds: as its author says, as long as the wait
    /// that it is, or else a second.
    #[must_use]
    pub fn expected_seconds(&self) -> f64 {
        let by_kind = match &self.kind {
            // At most a year, which has its place in 32 bits.
            Kind::Wait(Wait::Seconds(wait)) => f64::from(u32::try_from(*wait).unwrap_or(u32::MAX)),
            _ => 1.0,
        };
        self.expected_seconds.unwrap_or(by_kind)
    }
}

/// For every step the longest path from its beginning to the end, in seconds.
fn paths(steps: &[PlanStep], dependants: &[Vec<Edge>]) -> Vec<f64> {
    let mut paths = vec![0.0; steps.len()];
    for (place, step) in steps.iter().enumerate().rev() {
        let behind = dependants[place].iter().map(|edge| paths[at(edge.step)]);
        paths[place] = step.expected_seconds() + behind.fold(0.0, f64::max);
    }
    paths
}

/// `step` as a place in a slice.
pub(crate) fn at(step: StepIndex) -> usize {
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// Steps are named by their place, which must be one of this plan's: `0..len()`. Methods panic on
/// others, as slices do.
impl Plan {
    /// The steps, in topological order.
    #[must_use]
    pub fn steps(&self) -> &[PlanStep] {
        &self.steps
    }

    /// The step in place `step`.
    #[must_use]
    pub fn step(&self, step: StepIndex) -> &PlanStep {
        &self.steps[at(step)]
    }

    /// How many steps there are; at least one in the plan of a definition.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no plan is empty")]
    pub fn len(&self) -> StepIndex {
        StepIndex::try_from(self.steps.len()).unwrap_or(StepIndex::MAX)
    }

    /// The place of the step called `id`.
    #[must_use]
    pub fn index_of(&self, id: &StepId) -> Option<StepIndex> {
        self.index.get(id).copied()
    }

    /// The agents that its steps call, compensations included.
    #[must_use]
    pub fn agents(&self) -> BTreeSet<&AgentName> {
        let called = self.steps.iter().filter_map(|step| match &step.kind {
            Kind::Agent(agent) => Some(&agent.name),
            Kind::Map(map) => match &map.work {
                Work::Agent(agent) => Some(&agent.name),
                _ => None,
            },
            _ => None,
        });
        let undo = self
            .steps
            .iter()
            .filter_map(|step| step.compensate_with.as_ref());
        called.chain(undo.map(|undo| &undo.agent.name)).collect()
    }

    /// The workflows that its steps run.
    #[must_use]
    pub fn workflows(&self) -> BTreeSet<&WorkflowName> {
        let run = self.steps.iter().filter_map(|step| match &step.kind {
            Kind::Workflow(workflow) => Some(&workflow.name),
            Kind::Map(map) => match &map.work {
                Work::Workflow(workflow) => Some(&workflow.name),
                _ => None,
            },
            _ => None,
        });
        run.collect()
    }

    /// What `step` depends on, in ascending order.
    #[must_use]
    pub fn dependencies(&self, step: StepIndex) -> &[Edge] {
        &self.steps[at(step)].dependencies
    }

    /// What depends on `step`, in ascending order.
    #[must_use]
    pub fn dependants(&self, step: StepIndex) -> &[Edge] {
        &self.dependants[at(step)]
    }

    /// How long a run takes at least from the beginning of `step` to its end, in seconds, as far as
    /// is known of what its steps take: without that, the number of steps on the longest path.
    #[must_use]
    pub fn path_seconds(&self, step: StepIndex) -> f64 {
        self.paths[at(step)]
    }

    /// How many steps must have ended before `step` is ready.
    #[must_use]
    pub fn in_degree(&self, step: StepIndex) -> usize {
        self.dependencies(step).len()
    }

    /// The steps that depend on nothing, in ascending order.
    #[must_use]
    pub fn roots(&self) -> &[StepIndex] {
        &self.roots
    }

    /// The steps that nothing depends on, in ascending order.
    #[must_use]
    pub fn sinks(&self) -> &[StepIndex] {
        &self.sinks
    }

    /// Whether a run goes on when `step` has failed for good: something depends on it, and all
    /// that does so softly.
    #[must_use]
    pub fn tolerates(&self, step: StepIndex) -> bool {
        let dependants = self.dependants(step);
        !dependants.is_empty() && dependants.iter().all(|e| e.kind == DependencyKind::Soft)
    }
}

#[cfg(test)]
mod tests {
    use crate::Definition;

    use super::*;

    #[test]
    fn a_nested_run_may_take_as_long_as_any_run() {
        let definition = Definition::from_yaml(
            "
name: w
steps:
  - {id: agent, agent: x}
  - {id: given, workflow: w, timeout_seconds: 7}
  - {id: nested, workflow: w}
  - {id: each, map: {over: input, workflow: w}}
  - {id: person, approval: {}}
",
        );
        let plan = Plan::new(&definition.unwrap()).unwrap();
        let timeouts = plan.steps().iter().map(PlanStep::timeout);
        let day = 24 * 3600;
        assert!(timeouts.eq([300, 7, day, day, day]));
    }

    #[test]
    fn paths_lead_from_the_beginning_of_a_step_to_the_end() {
        let definition = Definition::from_yaml(
            "
name: w
steps:
  - {id: a, agent: x}
  - {id: b, agent: x, expected_seconds: 7.5, depends_on: [a]}
  - {id: c, agent: x, depends_on: [a]}
  - {id: d, wait: {seconds: 60}, depends_on: [c]}
  - {id: e, agent: x, expected_seconds: 0, depends_on: [b, c]}
",
        );
        let plan = Plan::new(&definition.unwrap()).unwrap();
        let path = |id: &str| plan.path_seconds(plan.index_of(&id.parse().unwrap()).unwrap());
        for (id, seconds) in [
            ("a", 62.0),
            ("b", 7.5),
            ("c", 61.0),
            ("d", 60.0),
            ("e", 0.0),
        ] {
            assert!((path(id) - seconds).abs() < 1e-9, "{id}: {}", path(id));
        }
    }
}
