//! What is done to a run from outside.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tdev_domain::{Place, RunState, RunStatus, StepState, StopCause};
use tdev_run::{Changed, Decision};
use tdev_workflow::Plan;

use crate::corpus::plan;
use crate::sim::{Disturbance, Sim, latest, now_or_never, start};

fn sim(steps: &Value) -> (Plan, Sim) {
    let plan = plan(&json!({"name": "w", "steps": steps}));
    let sim = Sim::of(
        std::slice::from_ref(&plan),
        json!({}),
        Disturbance::default(),
    );
    (plan, sim)
}

fn stands(sim: &Sim, step: &str, state: &str) -> bool {
    let found = sim.steps().get(step).map(|step| step.state.name().as_str());
    found == Some(state)
}

#[test]
fn a_person_says_yes_or_no() {
    for approved in [true, false] {
        let (plan, mut sim) = sim(&json!([
            {"id": "ask", "approval": {"message": "go on?"}},
            {"id": "then", "agent": "ok", "depends_on": ["ask"], "inputs": "${steps.ask.output.by}"}
        ]));
        sim.until(|sim| stands(sim, "ask", "awaiting_approval"));
        let decision = Decision {
            approved,
            by: "ada".to_owned(),
            comment: "well".to_owned(),
        };
        let place = Place::step(plan.index_of(&"ask".parse().unwrap()).unwrap());
        let decide = |place| {
            let now = sim.model.state().now;
            now_or_never(tdev_run::decide(
                &sim.root,
                place,
                decision.clone(),
                &sim.model,
                now,
            ))
        };
        assert_eq!(decide(Place::step(7)).unwrap(), Changed::Unknown);
        assert!(matches!(decide(place).unwrap(), Changed::Made(_)));
        assert_eq!(decide(place).unwrap(), Changed::NotNow);
        sim.send(Some(place));
        match sim.settle() {
            RunStatus::Completed { output } => {
                assert!(approved);
                assert_eq!(output["then"]["of"], "ada");
            }
            RunStatus::Failed { because, .. } => {
                assert!(!approved);
                let StopCause::StepFailed { error, .. } = because else {
                    panic!("{because:?}")
                };
                assert_eq!(error.to_string(), "rejected: ada said no: well");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_cancelled_run_undoes_what_it_did() {
    let (_, mut sim) = sim(&json!([
        {"id": "a", "agent": "ok", "compensate_with": {"agent": "ok"}},
        {"id": "b", "agent": "slow-1000", "depends_on": ["a"], "timeout_seconds": 2000},
        {"id": "c", "wait": {"seconds": 10_000}, "depends_on": ["a"]},
        {"id": "d", "map": {"over": "[`1`, `2`]", "agent": "slow-900"}, "depends_on": ["a"]}
    ]));
    sim.until(|sim| stands(sim, "b", "running") && stands(sim, "c", "waiting"));
    let now = sim.model.state().now;
    let cancelled = now_or_never(tdev_run::cancel(&sim.root, &sim.model, now)).unwrap();
    assert!(matches!(cancelled, Changed::Made(_)));
    sim.send(None);
    assert_eq!(
        sim.settle(),
        RunStatus::Cancelled {
            uncompensated: Vec::new()
        }
    );
    for step in ["b", "c", "d", "d.0", "d.1"] {
        assert!(stands(&sim, step, "cancelled"), "{step}");
    }
    assert_eq!(
        sim.steps()["a"].compensation,
        Some(tdev_domain::Compensation::Done)
    );
    assert!(sim.run().updated_at < start() + SignedDuration::from_mins(2));
    let again = now_or_never(tdev_run::cancel(&sim.root, &sim.model, now)).unwrap();
    assert_eq!(again, Changed::NotNow);
}

#[test]
fn a_run_ends_with_its_deadline() {
    let (_, mut sim) = sim(&json!([{"id": "a", "wait": {"seconds": 200_000}}]));
    let RunStatus::Failed { because, .. } = sim.settle() else {
        panic!("not failed")
    };
    assert_eq!(because, StopCause::DeadlineExceeded);
}

#[test]
fn a_resumed_run_keeps_what_still_stands() {
    let (plan, mut sim) = sim(&json!([
        {"id": "a", "agent": "ok"},
        {"id": "b", "agent": "ok", "compensate_with": {"agent": "ok"}, "depends_on": ["a"]},
        {"id": "m", "map": {"over": "[`1`, `2`, `3`]", "concurrency": 2, "agent": "fails-1"},
         "retry": {"max_attempts": 1}},
        {"id": "c", "agent": "fails-1", "retry": {"max_attempts": 1}, "depends_on": ["a", "b", "m"]}
    ]));
    let resume = |sim: &Sim| {
        let now = sim.model.state().now;
        let deadline = now + SignedDuration::from_hours(1);
        now_or_never(tdev_run::resume(
            &sim.root,
            &plan,
            (deadline, latest(&plan)),
            &sim.model,
            now,
        ))
        .unwrap()
    };
    assert_eq!(resume(&sim), Changed::NotNow);
    let mut resumed = 0;
    while sim.settle().state() == RunState::Failed {
        assert!(matches!(resume(&sim), Changed::Made(_)));
        sim.send(None);
        resumed += 1;
        assert!(resumed < 8, "{:#?}", sim.steps());
    }
    let steps = sim.steps();
    assert_eq!(
        steps["a"].tries.len(),
        1,
        "it was done, and nothing undid it"
    );
    assert!(steps["b"].tries.len() > 1, "it was undone each time");
    assert!(
        steps
            .values()
            .all(|step| matches!(step.state, StepState::Completed { .. }))
    );
}

#[test]
fn of_those_that_wait_for_a_place_the_longest_path_begins_first() {
    let definition = json!({"name": "w", "max_in_flight": 1, "steps": [
        {"id": "short", "agent": "ok"},
        {"id": "long", "agent": "ok", "expected_seconds": 9},
        {"id": "chain", "agent": "ok"},
        {"id": "behind", "agent": "ok", "expected_seconds": 2, "depends_on": ["chain"]}
    ]});
    let plan = plan(&definition);
    let mut sim = Sim::of(&[plan], json!({}), Disturbance::default());
    assert_eq!(sim.settle().state(), RunState::Completed);
    let mut begun: Vec<_> = sim.steps().into_iter().collect();
    begun.sort_by_key(|(_, step)| step.started_at);
    let order: Vec<_> = begun.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(order, ["long", "chain", "behind", "short"]);
}

#[test]
fn a_resumed_run_has_its_places_again() {
    let definition = json!({"name": "w", "max_in_flight": 1, "steps": [
        {"id": "a", "agent": "fails-1", "retry": {"max_attempts": 1}},
        {"id": "b", "agent": "ok"}
    ]});
    let plan = plan(&definition);
    let mut sim = Sim::of(
        std::slice::from_ref(&plan),
        json!({}),
        Disturbance::default(),
    );
    assert_eq!(sim.settle().state(), RunState::Failed);
    let now = sim.model.state().now;
    let deadline = now + SignedDuration::from_hours(1);
    let resumed = now_or_never(tdev_run::resume(
        &sim.root,
        &plan,
        (deadline, latest(&plan)),
        &sim.model,
        now,
    ));
    assert!(matches!(resumed.unwrap(), Changed::Made(_)));
    sim.send(None);
    assert_eq!(sim.settle().state(), RunState::Completed);
    assert_eq!(sim.steps().len(), 2);
}

fn versions(sim: &Sim) -> Vec<(String, String)> {
    let of = |(id, step): (String, tdev_domain::StepRecord)| {
        let tries = step.tries.into_iter();
        let versions = tries.filter_map(|one| match one.work {
            tdev_domain::Work::Agent { version, .. } => Some(version.to_string()),
            _ => None,
        });
        versions
            .map(move |version| (id.clone(), version))
            .collect::<Vec<_>>()
    };
    sim.steps().into_iter().flat_map(of).collect()
}

#[test]
fn a_run_keeps_the_versions_that_it_began_with() {
    let plan = plan(&json!({"name": "w", "steps": [
        {"id": "a", "agent": "ok"},
        {"id": "b", "agent": {"name": "ok", "version": 2}, "depends_on": ["a"]},
        {"id": "c", "agent": "fails-1", "depends_on": ["b"], "retry": {"max_attempts": 1}},
        {"id": "d", "agent": "ok", "depends_on": ["c"]},
        {"id": "e", "agent": "slow-1", "depends_on": ["d"]}
    ]}));
    let mut sim = Sim::of(
        std::slice::from_ref(&plan),
        json!({}),
        Disturbance::default(),
    );
    let number = |number: u32| tdev_domain::VersionNumber::try_from(number).unwrap();
    let named = |name: &str, version| (name.parse().unwrap(), number(version));
    let latest = |agents: Vec<_>| tdev_domain::Latest {
        agents: agents.into_iter().collect(),
        ..tdev_domain::Latest::default()
    };
    let first = latest(vec![named("ok", 5), named("fails-1", 1)]);
    sim.model.state().runs.get_mut(&sim.root).unwrap().latest = first;
    assert_eq!(sim.settle().state(), RunState::Failed);
    let then = latest(vec![named("ok", 6), named("fails-1", 3)]);
    let now = sim.model.state().now;
    let anew = (now + SignedDuration::from_hours(1), then);
    let resumed = now_or_never(tdev_run::resume(&sim.root, &plan, anew, &sim.model, now));
    assert!(matches!(resumed.unwrap(), Changed::Made(_)));
    sim.send(None);
    let RunStatus::Failed { because, .. } = sim.settle() else {
        panic!("not failed")
    };
    let StopCause::StepFailed { step, error } = because else {
        panic!("{because:?}")
    };
    assert_eq!(step.as_str(), "e");
    assert_eq!(error.kind, tdev_domain::StepErrorKind::Unavailable);
    let used = [("a", 5), ("b", 2), ("c", 1), ("c", 3), ("d", 6)];
    let used = used.map(|(id, version)| (id.to_owned(), version.to_string()));
    assert_eq!(versions(&sim), used);
}

#[test]
fn to_undo_a_step_takes_as_many_reads_however_many_there_are() {
    let reads = |count: usize| {
        let mut steps: Vec<Value> = (0..count)
            .map(|n| {
                json!({"id": format!("s{n}"), "agent": "ok", "compensate_with": {"agent": "ok"}})
            })
            .collect();
        let all: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
        steps.push(json!({"id": "last", "agent": "rejects", "depends_on": all}));
        let (_, mut sim) = sim(&Value::Array(steps));
        sim.until(|sim| sim.run().status.state() == RunState::Compensating);
        let before = sim.model.state().records_read;
        assert_eq!(sim.settle().state(), RunState::Failed);
        let after = sim.model.state().records_read;
        (after - before) / count
    };
    assert!(
        reads(60) <= 6 && reads(120) <= 6,
        "{}, {}",
        reads(60),
        reads(120)
    );
}

#[test]
fn who_holds_a_run_is_told() {
    let (_, mut sim) = sim(&json!([{"id": "a", "agent": "ok"}]));
    let hold = |sim: &Sim, token| {
        now_or_never(tdev_run::hold(&sim.root, token, &sim.model, &sim.model)).unwrap()
    };
    assert!(matches!(hold(&sim, "one"), Changed::Made(_)));
    assert_eq!(sim.run().task_token.as_deref(), Some("one"));
    sim.settle();
    assert_eq!(sim.run().task_token, None);
    let told = sim.model.state().told.len();
    // Who comes late is told at once.
    assert!(matches!(hold(&sim, "two"), Changed::Made(_)));
    assert_eq!(sim.model.state().told.len(), told + 1);
}

#[test]
fn many_that_come_together_do_so_in_groups() {
    let mut steps: Vec<Value> = (0..300)
        .map(|n| json!({"id": format!("s{n}"), "agent": "ok"}))
        .collect();
    let all: Vec<String> = (0..300).map(|n| format!("s{n}")).collect();
    steps.push(json!({"id": "join", "agent": "ok", "depends_on": all}));
    let (_, mut sim) = sim(&Value::Array(steps));
    assert_eq!(sim.settle().state(), RunState::Completed);
    let state = sim.model.state();
    assert!(state.largest_meeting <= tdev_run::limits::GROUP);
}
