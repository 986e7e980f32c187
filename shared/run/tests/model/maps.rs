//! Maps: every item once, no more at once than may be, and no place free while an item waits.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tdev_domain::{RunState, StepState};
use tdev_run::Changed;
use tdev_workflow::Plan;

use crate::corpus::plan;
use crate::sim::{Disturbance, Sim, latest, now_or_never, start};

fn map(concurrency: u32, agent: &str) -> Plan {
    plan(&json!({"name": "w", "steps": [{
        "id": "each", "retry": {"max_attempts": 1}, "inputs": "${item}",
        "map": {"over": "input", "concurrency": concurrency, "agent": agent}
    }]}))
}

fn outputs(sim: &Sim) -> Vec<Value> {
    let StepState::Completed { output, .. } = &sim.steps()["each"].state else {
        panic!("not completed")
    };
    let given = output.as_array().unwrap().iter();
    given.map(|output| output["of"].clone()).collect()
}

#[test]
fn whoever_ends_an_item_begins_the_next() {
    let items: Vec<Value> = (0..12)
        .map(|n| json!({"seconds": if n == 0 { 60 } else { 5 }}))
        .collect();
    let mut sim = Sim::of(&[map(2, "ok")], json!(items), Disturbance::default());
    assert_eq!(sim.settle().state(), RunState::Completed);
    assert_eq!(outputs(&sim), items);
    // While the first takes its minute, the other place does the eleven others.
    assert_eq!(sim.run().updated_at, start() + SignedDuration::from_mins(1));
}

#[test]
fn many_at_once_are_dealt_out_to_several_gates() {
    let items: Vec<Value> = (0..400).map(|n| json!({"seconds": 1 + n % 7})).collect();
    let mut sim = Sim::of(&[map(120, "ok")], json!(items), Disturbance::default());
    assert_eq!(sim.settle().state(), RunState::Completed);
    assert_eq!(outputs(&sim), items);
    let state = sim.model.state();
    assert_eq!(state.gates.len(), 3);
    assert_eq!(state.jobs.len(), items.len());
    // 400 items of 4 seconds on average, 120 at once, and at most 7 seconds of a free place.
    let took = state.now.duration_since(start());
    assert!(
        took <= SignedDuration::from_secs(400 * 4 / 120 + 7),
        "{took}"
    );
}

#[test]
fn a_worker_may_be_lost_at_every_operation_of_a_map() {
    let items: Vec<Value> = (0..9)
        .map(|n| json!({"seconds": 1 + n % 3, "n": n}))
        .collect();
    let plans = [map(3, "ok")];
    let run = |fault| {
        let mut sim = Sim::of(&plans, json!(items), Disturbance::default());
        sim.model.state().fault = fault;
        assert_eq!(sim.settle().state(), RunState::Completed);
        assert_eq!(outputs(&sim), items, "{fault:?}");
        let state = sim.model.state();
        assert_eq!(state.jobs.len(), items.len(), "{fault:?}");
        state.operations
    };
    for at in 0..run(None) {
        for done in [false, true] {
            run(Some((at, done)));
        }
    }
}

#[test]
fn a_resumed_map_does_what_was_not_done() {
    let plan = plan(&json!({"name": "w", "steps": [
        {"id": "each", "map": {"over": "input", "concurrency": 2, "agent": "ok"},
         "inputs": "${item}"},
        {"id": "beside", "agent": "slow-10", "timeout_seconds": 7, "retry": {"max_attempts": 1}}
    ]}));
    let items: Vec<Value> = (0..6).map(|n| json!({"seconds": 3, "n": n})).collect();
    let plans = std::slice::from_ref(&plan);
    let mut sim = Sim::of(plans, json!(items), Disturbance::default());
    assert_eq!(sim.settle().state(), RunState::Failed);
    let tries = |sim: &Sim, n: usize| sim.steps().get(&format!("each.{n}")).map(|s| s.tries.len());
    let done = |sim: &Sim| {
        let is_done = |n: &usize| {
            let found = sim.steps().remove(&format!("each.{n}"));
            found.is_some_and(|item| matches!(item.state, StepState::Completed { .. }))
        };
        (0..items.len()).filter(is_done).count()
    };
    assert_eq!(done(&sim), 4, "in seven seconds");
    let now = sim.model.state().now;
    let anew = (now + SignedDuration::from_hours(1), latest(&plan));
    let resumed = now_or_never(tdev_run::resume(&sim.root, &plan, anew, &sim.model, now));
    assert!(matches!(resumed.unwrap(), Changed::Made(_)));
    sim.send(None);
    // What is late from before changes nothing.
    for item in [0, 3] {
        sim.send(Some(tdev_domain::Place::item(
            plan.index_of(&"each".parse().unwrap()).unwrap(),
            item,
        )));
    }
    sim.until(|sim| stands_completed(sim, "each"));
    assert_eq!(outputs(&sim), items);
    assert_eq!(
        (0..4).map(|n| tries(&sim, n)).collect::<Vec<_>>(),
        [Some(1); 4]
    );
}

fn stands_completed(sim: &Sim, step: &str) -> bool {
    matches!(sim.steps()[step].state, StepState::Completed { .. })
}
