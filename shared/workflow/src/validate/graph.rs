//! The steps as a graph.

use std::collections::{HashMap, HashSet};

use tdev_domain::StepId;

use super::Problems;
use crate::definition::{Choice, Definition, DependencyKind, Kind};
use crate::plan::{cycles, topological};
use crate::problem::Code;

/// The steps of a definition by their places in it.
pub(crate) struct Graph<'a> {
    /// Where the step of an id is.
    pub(crate) ids: HashMap<&'a StepId, usize>,
    /// By step: what it depends on, each once.
    pub(crate) before: Vec<Vec<usize>>,
    /// By step: of which kind each dependency in `before` is.
    pub(crate) kinds: Vec<Vec<DependencyKind>>,
    /// The steps in topological order, without those on and behind cycles.
    pub(crate) order: Vec<usize>,
}

impl<'a> Graph<'a> {
    /// The graph of `definition`, as far as it makes one.
    pub(super) fn new(definition: &'a Definition, problems: &mut Problems) -> Self {
        let ids = ids(definition, problems);
        let count = definition.steps.len();
        let (mut before, mut kinds) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for index in 0..count {
            let (sources, of_kind) = dependencies(definition, index, &ids, problems);
            before.push(sources);
            kinds.push(of_kind);
        }
        let order = topological(&before);
        if order.len() < count {
            for cycle in cycles(&before, &order) {
                report_cycle(definition, &cycle, problems);
            }
        }
        let graph = Self {
            ids,
            before,
            kinds,
            order,
        };
        for (index, step) in definition.steps.iter().enumerate() {
            if let Kind::Choice(choice) = &step.kind {
                graph.check_targets(definition, index, choice, problems);
            }
        }
        graph
    }

    /// Whether every step has its place in the order.
    pub(crate) const fn is_acyclic(&self) -> bool {
        self.order.len() == self.before.len()
    }

    /// What `step` depends on, and how.
    pub(crate) fn dependencies(
        &self,
        step: usize,
    ) -> impl Iterator<Item = (usize, DependencyKind)> {
        let kinds = self.kinds[step].iter().copied();
        self.before[step].iter().copied().zip(kinds)
    }

    /// What `step` depends on hard.
    pub(crate) fn hard(&self, step: usize) -> impl Iterator<Item = usize> {
        self.dependencies(step)
            .filter(|(_, kind)| *kind == DependencyKind::Hard)
            .map(|(before, _)| before)
    }

    /// Checks that what a choice names is there and depends on it.
    fn check_targets(
        &self,
        definition: &Definition,
        index: usize,
        choice: &Choice,
        problems: &mut Problems,
    ) {
        let id = &definition.steps[index].id;
        let branches = choice.branches.iter().enumerate().map(|(number, branch)| {
            (
                format!("/steps/{index}/choice/branches/{number}/then"),
                &branch.then,
            )
        });
        let otherwise = (
            format!("/steps/{index}/choice/otherwise"),
            &choice.otherwise,
        );
        for (list, targets) in branches.chain([otherwise]) {
            let mut named = HashSet::new();
            for (place, target) in targets.iter().enumerate() {
                let pointer = format!("{list}/{place}");
                let Some(step) = self.ids.get(target) else {
                    unknown(target, pointer, definition, problems);
                    continue;
                };
                if !named.insert(target) {
                    let message = format!("{target} is named twice");
                    problems.add(Code::InvalidChoice, pointer, message);
                } else if !self.hard(*step).any(|before| before == index) {
                    let message = format!(
                        "{target} does not depend on {id}: add {id} to its depends_on, hard"
                    );
                    problems.add(Code::NotDependentOnChoice, pointer, message);
                }
            }
        }
    }
}

fn ids<'a>(definition: &'a Definition, problems: &mut Problems) -> HashMap<&'a StepId, usize> {
    let mut ids = HashMap::with_capacity(definition.steps.len());
    for (index, step) in definition.steps.iter().enumerate() {
        match ids.get(&step.id) {
            None => {
                ids.insert(&step.id, index);
            }
            Some(first) => problems.add(
                Code::DuplicateStep,
                format!("/steps/{index}/id"),
                format!("{} is also the id of step {first}", step.id),
            ),
        }
    }
    ids
}

fn unknown(id: &StepId, pointer: String, definition: &Definition, problems: &mut Problems) {
    let known = definition.steps.iter().map(|step| step.id.as_str());
    let suggestion = problems.suggestion(id.as_str(), known);
    let message = format!("there is no step {id}{suggestion}");
    problems.add(Code::UnknownStep, pointer, message);
}

/// What one step depends on, without what cannot be.
fn dependencies(
    definition: &Definition,
    index: usize,
    ids: &HashMap<&StepId, usize>,
    problems: &mut Problems,
) -> (Vec<usize>, Vec<DependencyKind>) {
    let step = &definition.steps[index];
    let mut sources = Vec::with_capacity(step.depends_on.len());
    let mut kinds = Vec::with_capacity(step.depends_on.len());
    let mut named = HashSet::with_capacity(step.depends_on.len());
    for (number, dependency) in step.depends_on.iter().enumerate() {
        let pointer = || format!("/steps/{index}/depends_on/{number}");
        let id = &dependency.step;
        let Some(source) = ids.get(id) else {
            unknown(id, pointer(), definition, problems);
            continue;
        };
        if *id == step.id {
            let message = format!("{id} depends on itself");
            problems.add(Code::SelfDependency, pointer(), message);
        } else if named.insert(source) {
            sources.push(*source);
            kinds.push(dependency.kind);
        } else {
            let message = format!("{} depends on {id} twice", step.id);
            problems.add(Code::DuplicateDependency, pointer(), message);
        }
    }
    (sources, kinds)
}

fn report_cycle(definition: &Definition, cycle: &[usize], problems: &mut Problems) {
    const SHOWN: usize = 20;
    let Some(first) = cycle.first() else { return };
    let mut path: Vec<&str> = cycle
        .iter()
        .take(SHOWN)
        .map(|step| definition.steps[*step].id.as_str())
        .collect();
    let more = cycle.len().saturating_sub(SHOWN);
    let left_out = format!("… {more} more …");
    if more > 0 {
        path.push(&left_out);
    }
    path.push(definition.steps[*first].id.as_str());
    let message = format!("steps wait for each other: {}", path.join(" → "));
    problems.add(Code::Cycle, format!("/steps/{first}/depends_on"), message);
}
