//! From a definition to a plan, or to all that is wrong with it.

mod ancestors;
mod draft;
mod expressions;
mod fields;
mod graph;
mod infer;
mod inputs;
mod reach;

use crate::catalogue::Catalogue;
use crate::definition::Definition;
use crate::limits;
use crate::plan::{Edge, Output, Plan, PlanForm, PlanStep, StepIndex};
use crate::problem::{Code, Problem};
use draft::Draft;
use expressions::{Look, Looks};
pub(crate) use graph::Graph;

/// Checks `definition` against what there is, and makes a plan of it.
///
/// # Errors
/// Everything that is wrong with it, up to [`limits::MAX_PROBLEMS`].
pub fn validate(definition: &Definition, catalogue: &Catalogue) -> Result<Plan, Vec<Problem>> {
    check(definition, Some(catalogue))
}

impl Plan {
    /// The plan of `definition`, whose agents and nested workflows are taken to be there.
    ///
    /// # Errors
    /// Everything else that is wrong with it, up to [`limits::MAX_PROBLEMS`]. There is nothing
    /// wrong with a definition that [`validate`] has passed.
    pub fn new(definition: &Definition) -> Result<Self, Vec<Problem>> {
        check(definition, None)
    }
}

/// The problems found so far.
#[derive(Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    suggested: u32,
}

impl Problems {
    fn push(&mut self, problem: Problem) {
        if self.list.len() < limits::MAX_PROBLEMS {
            self.list.push(problem);
        }
    }

    fn add(&mut self, code: Code, pointer: impl Into<String>, message: impl Into<String>) {
        self.push(Problem::new(code, pointer, message));
    }

    /// `; did you mean …?` if one of `known` is close to `wrong`. Looking is not cheap, so it is
    /// done for the first problems only.
    fn suggestion<'a>(&mut self, wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
        const MOST: u32 = 10;
        if self.suggested == MOST {
            return String::new();
        }
        self.suggested += 1;
        let most = (wrong.len() / 3).clamp(1, 3);
        known
            .filter(|name| *name != wrong && name.len().abs_diff(wrong.len()) <= most)
            .map(|name| (strsim::osa_distance(name, wrong), name))
            .filter(|(distance, _)| *distance <= most)
            .min()
            .map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
    }
}

fn check(definition: &Definition, catalogue: Option<&Catalogue>) -> Result<Plan, Vec<Problem>> {
    let mut problems = Problems::default();
    if !fields::check_size(definition, &mut problems) {
        return Err(problems.list);
    }
    fields::check(definition, catalogue, &mut problems);
    let graph = Graph::new(definition, &mut problems);
    let drafts = draft::parse(definition, &mut problems);
    let looks = expressions::check(definition, &graph, &drafts, catalogue, &mut problems);
    if graph.is_acyclic() {
        ancestors::check(definition, &graph, &looks, &mut problems);
        reach::check(definition, &graph, &drafts, &mut problems);
    }
    if !problems.list.is_empty() {
        return Err(problems.list);
    }
    plan(definition, &graph, drafts, looks).map_err(|problem| vec![problem])
}

/// Puts together what has been found to be right.
fn plan(
    definition: &Definition,
    graph: &Graph<'_>,
    mut drafts: Vec<Draft>,
    looks: Looks,
) -> Result<Plan, Problem> {
    let impossible = |message: String| Problem::new(Code::Malformed, "", message);
    let mut place = vec![0; definition.steps.len()];
    for (index, step) in (0..).zip(&graph.order) {
        place[*step] = index;
    }
    let places = |looks: Vec<Look>| -> Vec<StepIndex> {
        let mut places: Vec<_> = looks.into_iter().map(|look| place[look.step]).collect();
        places.sort_unstable();
        places.dedup();
        places
    };
    let mut references = looks.by_step;
    let mut steps = Vec::with_capacity(drafts.len());
    for index in &graph.order {
        let (step, draft) = (&definition.steps[*index], &mut drafts[*index]);
        let kind = draft.kind.take();
        let mut dependencies: Vec<_> = graph.before[*index]
            .iter()
            .zip(&graph.kinds[*index])
            .map(|(before, kind)| Edge {
                step: place[*before],
                kind: *kind,
            })
            .collect();
        dependencies.sort_unstable_by_key(|edge| edge.step);
        let mut seen = std::mem::take(&mut references[*index]);
        seen.retain(|look| look.step != *index);
        steps.push(PlanStep {
            id: step.id.clone(),
            kind: kind.ok_or_else(|| impossible(format!("{} has no kind", step.id)))?,
            inputs: draft.inputs.take(),
            when: draft.when.take(),
            retry: step.retry.clone(),
            timeout_seconds: step.timeout_seconds,
            expected_seconds: step.expected_seconds,
            compensate_with: draft.compensate_with.take(),
            cache: step.cache,
            dependencies,
            references: places(seen),
        });
    }
    let output = looks.output_template.map(|template| Output {
        template,
        references: places(looks.by_output),
    });
    Plan::try_from(PlanForm {
        name: definition.name.clone(),
        input_schema: definition.input_schema.clone(),
        output,
        deadline_seconds: definition.deadline_seconds,
        max_in_flight: definition.max_in_flight,
        steps,
    })
    .map_err(|error| impossible(error.to_string()))
}

#[cfg(test)]
mod tests;
