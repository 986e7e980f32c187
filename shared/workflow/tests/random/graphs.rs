//! Plans and optimised plans of random workflows.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use tdev_domain::StepId;
use tdev_workflow::{Definition, DependencyKind, Drawing, Kind, Plan, StepIndex, optimise};

use crate::dag::definitions;

/// Every pair of steps, of which the first comes before the second by edges that are `followed`.
fn order(plan: &Plan, followed: impl Fn(DependencyKind) -> bool) -> HashSet<(StepId, StepId)> {
    let mut before: Vec<HashSet<StepIndex>> = Vec::new();
    for step in plan.steps() {
        let mut all = HashSet::new();
        for edge in step.dependencies.iter().filter(|edge| followed(edge.kind)) {
            all.insert(edge.step);
            all.extend(before[usize::try_from(edge.step).unwrap()].clone());
        }
        before.push(all);
    }
    let id = |step: StepIndex| plan.step(step).id.clone();
    let pairs = (0..).zip(before);
    pairs
        .flat_map(|(step, all)| all.into_iter().map(move |first| (id(first), id(step))))
        .collect()
}

/// What becomes of each step, if those in `failing` fail and those in `unwanted` have conditions
/// that do not hold, and choices the branches that are not taken: it runs, it is skipped, or it
/// never starts.
fn outcome(plan: &Plan, failing: &[bool], unwanted: &[bool]) -> BTreeMap<StepId, &'static str> {
    let mut ends: Vec<&'static str> = Vec::new();
    for (step, (fails, skips)) in plan.steps().iter().zip(failing.iter().zip(unwanted)) {
        let hard = step
            .dependencies
            .iter()
            .filter(|edge| edge.kind == DependencyKind::Hard);
        let hard: Vec<_> = hard
            .map(|edge| ends[usize::try_from(edge.step).unwrap()])
            .collect();
        let not_chosen = step.dependencies.iter().any(|edge| {
            let before = usize::try_from(edge.step).unwrap();
            edge.kind == DependencyKind::Hard
                && match &plan.step(edge.step).kind {
                    Kind::Choice(choice) if unwanted[before] => {
                        !choice.otherwise.contains(&step.id)
                    }
                    Kind::Choice(choice) => !choice.branches[0].then.contains(&step.id),
                    _ => false,
                }
        });
        ends.push(
            if hard.iter().any(|end| matches!(*end, "failed" | "never")) {
                "never"
            } else if not_chosen || hard.contains(&"skipped") || *skips && step.when.is_some() {
                "skipped"
            } else if *fails {
                "failed"
            } else {
                "completed"
            },
        );
    }
    let ids = plan.steps().iter().map(|step| step.id.clone());
    let mut outcome: BTreeMap<_, _> = ids.zip(ends).collect();
    // Whether the run fails is what becomes of it too.
    for (place, step) in (0..).zip(plan.steps()) {
        if outcome.get(&step.id) == Some(&"failed") && plan.tolerates(place) {
            outcome.insert(step.id.clone(), "tolerated");
        }
    }
    outcome
}

/// `by_id` in the order of `plan`, in which steps may have other places than in another plan.
fn placed(plan: &Plan, by_id: &[bool]) -> Vec<bool> {
    let number = |id: &StepId| id.as_str()[1..].parse::<usize>().unwrap();
    plan.steps()
        .iter()
        .map(|step| by_id[number(&step.id) % by_id.len()])
        .collect()
}

proptest! {
    #[test]
    fn a_plan_is_in_topological_order(definition in definitions(40)) {
        let plan = Plan::new(&definition).unwrap();
        prop_assert_eq!(plan.steps().len(), definition.steps.len());
        for step in &definition.steps {
            let place = plan.index_of(&step.id).unwrap();
            prop_assert_eq!(&plan.step(place).id, &step.id);
            prop_assert_eq!(plan.in_degree(place), step.depends_on.len());
            for dependency in &step.depends_on {
                let before = plan.index_of(&dependency.step).unwrap();
                prop_assert!(before < place);
                let edge = plan.dependants(before).iter().find(|edge| edge.step == place);
                prop_assert_eq!(edge.map(|edge| edge.kind), Some(dependency.kind));
            }
        }
        let edges = |of: fn(&Plan, StepIndex) -> usize| (0..plan.len()).map(|s| of(&plan, s)).sum::<usize>();
        prop_assert_eq!(edges(|p, s| p.dependencies(s).len()), edges(|p, s| p.dependants(s).len()));
        prop_assert!(!plan.roots().is_empty() && !plan.sinks().is_empty());
    }

    #[test]
    fn a_plan_survives_being_stored(definition in definitions(20)) {
        let plan = Plan::new(&definition).unwrap();
        let stored = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
    }

    #[test]
    fn a_definition_survives_being_written(definition in definitions(20)) {
        prop_assert_eq!(&Definition::from_json(&definition.to_json()).unwrap(), &definition);
        let yaml = definition.to_yaml();
        prop_assert_eq!(&Definition::from_yaml(&yaml).unwrap(), &definition, "{}", yaml);
    }

    #[test]
    fn leaving_out_what_is_redundant_changes_nothing(
        definition in definitions(25),
        failing in prop::collection::vec(prop::bool::weighted(0.2), 25),
        unwanted in prop::collection::vec(any::<bool>(), 25),
    ) {
        let plan = Plan::new(&definition).unwrap();
        let report = optimise(&plan, &BTreeMap::new());
        let simpler = Plan::new(&report.apply(&definition, false)).unwrap();
        prop_assert_eq!(order(&plan, |_| true), order(&simpler, |_| true));
        let hard = |kind| kind == DependencyKind::Hard;
        prop_assert_eq!(order(&plan, hard), order(&simpler, hard));
        let result = |plan: &Plan| outcome(plan, &placed(plan, &failing), &placed(plan, &unwanted));
        prop_assert_eq!(result(&plan), result(&simpler));
        let again = optimise(&simpler, &BTreeMap::new());
        prop_assert_eq!(again.redundant, []);
    }

    #[test]
    fn leaving_out_what_is_needless_changes_the_order_alone(
        definition in definitions(25),
        unwanted in prop::collection::vec(any::<bool>(), 25),
    ) {
        let plan = Plan::new(&definition).unwrap();
        let report = optimise(&plan, &BTreeMap::new());
        // Nothing is wrong with it: above all, whatever is looked at is still a dependency.
        let faster = Plan::new(&report.apply(&definition, true)).unwrap();
        let result = |plan: &Plan| outcome(plan, &[false; 25], &placed(plan, &unwanted));
        prop_assert_eq!(result(&plan), result(&faster));
        for step in plan.steps() {
            let place = faster.index_of(&step.id).unwrap();
            prop_assert_eq!(faster.tolerates(place), plan.tolerates(plan.index_of(&step.id).unwrap()));
        }
        let shorter = report.figures_without_needless.critical_seconds;
        prop_assert!(shorter <= report.figures.critical_seconds);
        prop_assert!(report.figures.speed_up_bound >= 1.0 - 1e-9);
    }

    #[test]
    fn every_plan_can_be_drawn(definition in definitions(30)) {
        let drawing = Drawing::new(&Plan::new(&definition).unwrap(), &BTreeMap::new());
        prop_assert_eq!(drawing.to_svg().matches("<rect").count(), definition.steps.len());
        let edges: usize = definition.steps.iter().map(|step| step.depends_on.len()).sum();
        prop_assert_eq!(drawing.edges.len(), edges);
        prop_assert_eq!(drawing.to_mermaid().matches("->").count(), edges);
    }
}
