//! How long a run takes at least.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use tdev_domain::StepId;

use super::edges::Pair;
use crate::plan::{Plan, PlanStep, StepIndex, at};

/// The bounds of a run's time, if it has as many workers as it can use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// A longest chain of steps that wait for each other.
    pub critical_path: Vec<StepId>,
    /// How long the chain takes: no run is shorter.
    pub critical_seconds: f64,
    /// How long all steps take one after the other.
    pub total_seconds: f64,
    /// By how much running steps at once can make a run faster: the total over the critical.
    pub speed_up_bound: f64,
}

/// The figures of `plan` without the edges in `without`.
pub(super) fn figures(
    plan: &Plan,
    seconds: &BTreeMap<StepId, f64>,
    without: &HashSet<Pair>,
) -> Figures {
    let mut ends: Vec<f64> = Vec::with_capacity(plan.steps().len());
    let mut previous: Vec<Option<StepIndex>> = Vec::with_capacity(plan.steps().len());
    let mut total = 0.0;
    for (place, step) in (0..).zip(plan.steps()) {
        let last = step
            .dependencies
            .iter()
            .map(|edge| edge.step)
            .filter(|before| !without.contains(&(place, *before)))
            .max_by(|a, b| ends[at(*a)].total_cmp(&ends[at(*b)]));
        let takes = duration(step, seconds);
        total += takes;
        ends.push(last.map_or(0.0, |last| ends[at(last)]) + takes);
        previous.push(last);
    }
    let last = (0..plan.len()).max_by(|a, b| ends[at(*a)].total_cmp(&ends[at(*b)]));
    let critical = last.map_or(0.0, |last| ends[at(last)]);
    let mut path: Vec<_> = std::iter::successors(last, |step| previous[at(*step)])
        .map(|step| plan.step(step).id.clone())
        .collect();
    path.reverse();
    Figures {
        critical_path: path,
        critical_seconds: critical,
        total_seconds: total,
        speed_up_bound: if critical > 0.0 {
            total / critical
        } else {
            1.0
        },
    }
}

fn duration(step: &PlanStep, seconds: &BTreeMap<StepId, f64>) -> f64 {
    let given = seconds.get(&step.id).copied();
    given
        .filter(|s| s.is_finite() && *s >= 0.0)
        .unwrap_or_else(|| step.expected_seconds())
}
