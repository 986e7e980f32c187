//! The edges that a graph can do without.

use std::collections::HashSet;

use super::FoundEdge;
use crate::definition::{DependencyKind, Kind};
use crate::plan::{Edge, Plan, PlanStep, StepIndex, at};

/// A step and what it depends on.
pub(super) type Pair = (StepIndex, StepIndex);

/// The edge of `pair` with its ids.
pub(super) fn found(plan: &Plan, (step, on): Pair) -> Option<FoundEdge> {
    let dependencies = plan.dependencies(step);
    let edge = dependencies.iter().find(|edge| edge.step == on)?;
    Some(FoundEdge {
        step: plan.step(step).id.clone(),
        on: plan.step(on).id.clone(),
        kind: edge.kind,
    })
}

/// The edges that follow from others, in the graph without the edges `without`.
///
/// A soft edge only orders, and so it follows from any path. A hard one follows from a path of
/// hard edges alone: what is skipped or fails at its beginning keeps its end from running all the
/// same, and is tolerated or not all the same, since the first edge of the path is hard too. All
/// of them together can be left out, since the longest path between two steps never can.
///
/// The edges from a choice to what it may let run say more than an order, and stay.
///
/// With n steps and e edges that is n/64 times n + e operations on a word.
pub(super) fn redundant(plan: &Plan, without: &HashSet<Pair>) -> HashSet<Pair> {
    let is_there = |step, on| without.is_empty() || !without.contains(&(step, on));
    let mut pairs = HashSet::new();
    let is_candidate = |step: &StepIndex| {
        let dependants = plan.dependants(*step);
        dependants.iter().any(|edge| plan.in_degree(edge.step) > 1)
    };
    let sources: Vec<StepIndex> = (0..plan.len()).filter(is_candidate).collect();
    for block in sources.chunks(64) {
        let hard = implied(plan, block, |step, edge| {
            edge.kind == DependencyKind::Hard && is_there(step, edge.step)
        });
        let any = implied(plan, block, |step, edge| is_there(step, edge.step));
        for (place, source) in block.iter().enumerate() {
            let bit = 1_u64 << place;
            for edge in plan.dependants(*source) {
                let implied = match edge.kind {
                    DependencyKind::Soft => any[at(edge.step)],
                    DependencyKind::Hard => hard[at(edge.step)],
                };
                let follows = implied & bit != 0 && is_there(edge.step, *source);
                if follows && !decides(plan, *source, *edge) {
                    pairs.insert((edge.step, *source));
                }
            }
        }
    }
    pairs
}

/// Whether `source` is a choice that the end of `edge` depends on hard.
fn decides(plan: &Plan, source: StepIndex, edge: Edge) -> bool {
    edge.kind == DependencyKind::Hard && matches!(plan.step(source).kind, Kind::Choice(_))
}

/// By step: from which of the steps in `block`, by their places in it, a path of two edges or more
/// that are `followed` leads to it.
fn implied(
    plan: &Plan,
    block: &[StepIndex],
    followed: impl Fn(StepIndex, &Edge) -> bool,
) -> Vec<u64> {
    let count = plan.steps().len();
    let mut own = vec![0_u64; count];
    for (place, step) in block.iter().enumerate() {
        own[at(*step)] = 1 << place;
    }
    let (mut reached, mut implied) = (vec![0_u64; count], vec![0_u64; count]);
    for (place, step) in (0..).zip(plan.steps()) {
        let (mut near, mut far) = (0, 0);
        for edge in step
            .dependencies
            .iter()
            .filter(|edge| followed(place, edge))
        {
            near |= own[at(edge.step)];
            far |= reached[at(edge.step)];
        }
        reached[at(place)] = near | far;
        implied[at(place)] = far;
    }
    implied
}

/// The hard edges that carry no data and decide nothing.
///
/// Such an edge is needless if a run comes to the same without it, but for the order:
///
/// - both ends run agents, and neither is compensated;
/// - its end does not look at its beginning; and nothing looks from afar at its beginning, or at
///   what comes before that, so that whatever is looked at stays a dependency;
/// - its beginning is never skipped, so that its end is not skipped with it;
/// - nothing depends on its beginning softly, so that a failure is not tolerated for lack of it.
pub(super) fn needless(plan: &Plan) -> HashSet<Pair> {
    let looked_at = looked_at_from_afar(plan);
    let skippable = skippable(plan);
    let works = |step: &PlanStep| step.kind.runs_agents() && step.compensate_with.is_none();
    let mut pairs = HashSet::new();
    for source in 0..plan.len() {
        let dependants = plan.dependants(source);
        let is_free = works(plan.step(source))
            && !looked_at[at(source)]
            && !skippable[at(source)]
            && dependants
                .iter()
                .all(|edge| edge.kind == DependencyKind::Hard);
        if !is_free {
            continue;
        }
        for edge in dependants {
            let step = plan.step(edge.step);
            if works(step) && step.references.binary_search(&source).is_err() {
                pairs.insert((edge.step, source));
            }
        }
    }
    pairs
}

/// By step: whether it, or anything before it, is looked at by a step that does not depend on it
/// directly.
fn looked_at_from_afar(plan: &Plan) -> Vec<bool> {
    let mut tainted = vec![false; plan.steps().len()];
    for step in plan.steps() {
        for reference in &step.references {
            let dependencies = &step.dependencies;
            if dependencies
                .binary_search_by_key(reference, |edge| edge.step)
                .is_err()
            {
                tainted[at(*reference)] = true;
            }
        }
    }
    for (place, step) in plan.steps().iter().enumerate() {
        tainted[place] |= step.dependencies.iter().any(|edge| tainted[at(edge.step)]);
    }
    tainted
}

/// By step: whether it may be skipped.
fn skippable(plan: &Plan) -> Vec<bool> {
    let mut skippable = vec![false; plan.steps().len()];
    for (place, step) in plan.steps().iter().enumerate() {
        let with_another = step.dependencies.iter().any(|edge| {
            edge.kind == DependencyKind::Hard
                && (skippable[at(edge.step)] || decides(plan, edge.step, *edge))
        });
        skippable[place] = step.when.is_some() || with_another;
    }
    skippable
}
