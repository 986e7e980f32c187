//! How a workflow may be made simpler and faster.

mod edges;
mod path;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use tdev_domain::StepId;

use crate::definition::{AgentRef, Definition, DependencyKind, Kind};
use crate::plan::Plan;
pub use path::Figures;

/// What an optimiser finds in a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Dependencies that follow from others. Without them, every run goes as it does with them.
    pub redundant: Vec<FoundEdge>,
    /// Dependencies that make a step wait for another one whose output neither it nor anything
    /// else behind it looks at. Without them more runs at once; whether the order matters for
    /// what the agents do outside of the workflow, only its author knows.
    pub needless: Vec<FoundEdge>,
    /// What is redundant once the needless dependencies are left out.
    pub redundant_without_needless: Vec<FoundEdge>,
    /// Agents that are called more than once with the same inputs, as they are written.
    pub repeated: Vec<Repeated>,
    /// How long a run takes at least as the workflow is.
    pub figures: Figures,
    /// The same without the needless dependencies.
    pub figures_without_needless: Figures,
}

/// A dependency: `step` depends on `on`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct FoundEdge {
    /// The step that waits.
    pub step: StepId,
    /// The step it waits for.
    pub on: StepId,
    /// Of which kind.
    pub kind: DependencyKind,
}

/// Steps that could share a cached output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repeated {
    /// The agent that all of them call.
    pub agent: AgentRef,
    /// The steps, in topological order.
    pub steps: Vec<StepId>,
}

/// Looks for what may be made simpler or faster in `plan`.
///
/// `seconds` says how long steps take; those it does not name count as a second, and waits for a
/// number of seconds as that.
#[must_use]
pub fn optimise(plan: &Plan, seconds: &BTreeMap<StepId, f64>) -> Report {
    let needless = edges::needless(plan);
    let found = |edges: &HashSet<edges::Pair>| -> Vec<FoundEdge> {
        let mut pairs: Vec<_> = edges.iter().copied().collect();
        pairs.sort_unstable();
        pairs
            .into_iter()
            .filter_map(|pair| edges::found(plan, pair))
            .collect()
    };
    Report {
        redundant: found(&edges::redundant(plan, &HashSet::new())),
        redundant_without_needless: found(&edges::redundant(plan, &needless)),
        needless: found(&needless),
        repeated: repeated(plan),
        figures: path::figures(plan, seconds, &HashSet::new()),
        figures_without_needless: path::figures(plan, seconds, &needless),
    }
}

impl Report {
    /// `definition`, of whose plan this is the report, without the redundant dependencies, and if
    /// `also_needless` without the needless ones.
    #[must_use]
    pub fn apply(&self, definition: &Definition, also_needless: bool) -> Definition {
        let (redundant, needless) = if also_needless {
            (&self.redundant_without_needless, &self.needless[..])
        } else {
            (&self.redundant, &[][..])
        };
        let removed: HashSet<_> = redundant
            .iter()
            .chain(needless)
            .map(|edge| (&edge.step, &edge.on))
            .collect();
        let mut simpler = definition.clone();
        for (step, as_written) in simpler.steps.iter_mut().zip(&definition.steps) {
            step.depends_on
                .retain(|dependency| !removed.contains(&(&as_written.id, &dependency.step)));
        }
        simpler
    }
}

/// The agents that are called with the same inputs more than once.
fn repeated(plan: &Plan) -> Vec<Repeated> {
    let mut places: HashMap<(&AgentRef, String), usize> = HashMap::new();
    let mut groups: Vec<Repeated> = Vec::new();
    for step in plan.steps() {
        let Kind::Agent(agent) = &step.kind else {
            continue;
        };
        let inputs = serde_json::to_string(&step.inputs).unwrap_or_default();
        let place = *places.entry((agent, inputs)).or_insert_with(|| {
            groups.push(Repeated {
                agent: agent.clone(),
                steps: Vec::new(),
            });
            groups.len() - 1
        });
        groups[place].steps.push(step.id.clone());
    }
    groups.retain(|group| group.steps.len() > 1);
    groups
}

#[cfg(test)]
mod tests;
