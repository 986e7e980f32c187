//! The engine against a model: every workflow of a corpus comes to the same end when its worker is
//! lost at any operation, and when messages come twice, late, in any order or never.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod corpus;
mod dags;
mod maps;
mod outside;
mod sim;
mod templates;
mod world;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tdev_domain::{Compensation, RunStatus, StepState};

use crate::corpus::{Case, all};
use crate::sim::{Disturbance, Sim};

/// What of a run must be the same however it was disturbed.
#[derive(Debug, PartialEq)]
pub(crate) struct Ending {
    status: RunStatus,
    steps: BTreeMap<String, (Value, Option<&'static str>)>,
}

pub(crate) fn ending(sim: &Sim) -> Ending {
    let steps = sim.steps().into_iter().map(|(id, step)| {
        let state = match &step.state {
            StepState::Completed { output, .. } => json!(output),
            StepState::Failed { error } => json!({"failed": error.kind}),
            other => json!(other.name().as_str()),
        };
        let undone = step.compensation.map(|compensation| match compensation {
            Compensation::Done => "done",
            Compensation::Failed { .. } => "failed",
            _ => "not over",
        });
        (id, (state, undone))
    });
    Ending {
        steps: steps.collect(),
        status: sim.run().status,
    }
}

fn undisturbed(case: &Case) -> Sim {
    let mut sim = Sim::of(&case.plans, case.input.clone(), Disturbance::default());
    sim.settle();
    sim
}

#[test]
fn every_workflow_comes_to_its_end() {
    for case in all() {
        let sim = undisturbed(&case);
        let ended = ending(&sim);
        assert_eq!(
            ended.status.state().as_str(),
            case.ends,
            "{}: {ended:#?}",
            case.name
        );
        let told = sim.model.state().told.last().cloned();
        assert_eq!(told, Some((sim.root.clone(), ended.status.state())));
    }
}

#[test]
fn what_steps_see_is_what_others_gave() {
    let find = |name| all().into_iter().find(|case| case.name == name).unwrap();
    let of = |name: &str| {
        undisturbed(&find(match name {
            "sequence" => "sequence",
            "map" => "map",
            "nested" => "nested",
            _ => "tolerated-failure",
        }))
    };
    let RunStatus::Completed { output } = of("sequence").run().status else {
        panic!("not completed")
    };
    assert_eq!(output, json!({"c": {"by": "ok", "of": "from completed"}}));
    let map = of("map");
    let steps = map.steps();
    let StepState::Completed { output, .. } = &steps["each"].state else {
        panic!("not completed")
    };
    assert_eq!(output[6], json!({"by": "ok", "of": {"word": "g", "at": 6}}));
    let RunStatus::Completed { output } = of("nested").run().status else {
        panic!("not completed")
    };
    assert_eq!(output["after"]["of"], json!({"double": 2}));
    let RunStatus::Completed { output } = of("tolerated").run().status else {
        panic!("not completed")
    };
    assert_eq!(output["b"]["of"], json!({"because": "agent_failed"}));
}

#[test]
fn a_choice_takes_one_way() {
    let case = all()
        .into_iter()
        .find(|case| case.name == "choice")
        .unwrap();
    let ended = ending(&undisturbed(&case));
    let ran: Vec<_> = ended
        .steps
        .iter()
        .filter(|(_, (state, _))| *state != json!("skipped"))
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(ran, ["and-this", "join", "look", "middle"]);
}

#[test]
fn what_completed_is_undone_the_last_first() {
    let case = all().into_iter().find(|case| case.name == "saga").unwrap();
    let sim = undisturbed(&case);
    let ended = ending(&sim);
    let undone: Vec<_> = ended
        .steps
        .iter()
        .filter_map(|(id, (_, undone))| undone.map(|_| id))
        .collect();
    assert_eq!(undone, ["book", "pay"]);
    let RunStatus::Failed { uncompensated, .. } = &ended.status else {
        panic!("not failed")
    };
    assert_eq!(uncompensated, &[]);
    let state = sim.model.state();
    let begun = |step: u32| {
        let mut jobs = state.jobs.values().filter(|job| {
            job.of.part == tdev_domain::Part::Compensation && job.of.place.step == step
        });
        jobs.next().unwrap().ends_at
    };
    let places: BTreeMap<_, _> = state
        .steps
        .iter()
        .map(|((_, place), step)| (step.id.to_string(), place.step))
        .collect();
    assert!(begun(places["pay"]) < begun(places["book"]));
}

#[test]
fn what_cannot_be_undone_is_said() {
    let case = all()
        .into_iter()
        .find(|case| case.name == "hopeless-saga")
        .unwrap();
    let ended = ending(&undisturbed(&case));
    let RunStatus::Failed { uncompensated, .. } = &ended.status else {
        panic!("not failed")
    };
    let steps: Vec<_> = uncompensated.iter().map(|one| one.step.as_str()).collect();
    assert_eq!(steps, ["pay"]);
    assert_eq!(ended.steps["beside"].0, json!("cancelled"));
}

#[test]
fn a_worker_may_be_lost_at_every_operation() {
    let mut lost = 0;
    for case in all() {
        let expected = undisturbed(&case);
        let operations = expected.model.state().operations;
        let expected = ending(&expected);
        for at in 0..operations {
            for done in [false, true] {
                let mut sim = Sim::of(&case.plans, case.input.clone(), Disturbance::default());
                sim.model.state().fault = Some((at, done));
                sim.settle();
                assert_eq!(ending(&sim), expected, "{} at {at}, {done}", case.name);
                lost += 1;
            }
        }
    }
    println!("workers lost and made up for: {lost}");
}

#[test]
fn messages_may_come_twice_late_and_never() {
    for case in all() {
        let expected = ending(&undisturbed(&case));
        for seed in 0..60 {
            let disturbance = Disturbance {
                seed,
                duplicate: 60,
                lose: if seed % 2 == 0 { 30 } else { 0 },
                crash: if seed % 3 == 0 { 40 } else { 0 },
            };
            let mut sim = Sim::of(&case.plans, case.input.clone(), disturbance);
            sim.settle();
            // Lost messages delay, and what is late may be too late.
            if disturbance.lose == 0
                || !["too-slow", "approval-in-vain", "hopeless-saga"].contains(&case.name)
            {
                assert_eq!(ending(&sim), expected, "{} with {seed}", case.name);
            }
        }
    }
}

#[test]
fn a_pass_can_go_from_thread_to_thread() {
    fn sent(_: impl Send) {}
    let (model, run) = (world::Model::default(), tdev_domain::RunId::generate());
    let (place, never) = (tdev_domain::Place::step(0), jiff::Timestamp::MAX);
    sent(tdev_run::see_to(&run, place, &model, &model, never));
    sent(tdev_run::look_after(&run, &model, &model, never));
}
