//! Agents that are called at once: how their ends come together, and what they may not do.

use serde_json::json;
use tdev_domain::{
    Answer, EffectClass, EffectErrorKind, Invocation, InvocationFailure, InvocationId,
    InvocationStatus, Stage, Wait,
};
use tdev_invocation::{Cancellation, Outcome, Refusal, Replay, Waiter, cancel, limits, replay};

use crate::machine::Scripted;
use crate::programs::Program;
use crate::sim::{Manner, Sim, run};

fn sim(agent: &'static str) -> Sim {
    let signals = &[];
    Sim::new(Program { agent, signals }, Manner::default())
}

fn settled(agent: &'static str) -> Sim {
    let mut sim = sim(agent);
    sim.settle(|_, _| {});
    sim.check();
    sim
}

/// What the root waits for.
fn awaited(sim: &Sim) -> Vec<InvocationId> {
    match sim.status(&sim.root) {
        InvocationStatus::Suspended {
            wait: Wait::Child { invocation },
        } => vec![invocation],
        InvocationStatus::Suspended {
            wait: Wait::Children { invocations },
        } => invocations,
        status => panic!("{status:?}"),
    }
}

/// A run whose root has called all, of which none has begun.
fn called(agent: &'static str) -> (Sim, Vec<InvocationId>) {
    let mut sim = sim(agent);
    let root = sim.root.clone();
    let Outcome::Suspended { wakes } = sim.work(&root) else {
        panic!("it waits for nobody");
    };
    let children = awaited(&sim);
    assert!(wakes.iter().map(|wake| &wake.invocation).eq(&children));
    (sim, children)
}

fn answered(record: &Invocation) -> Vec<bool> {
    let answered = |stage: &Stage| matches!(stage, Stage::Answered(_));
    record
        .standing()
        .map(|call| answered(&call.stage))
        .collect()
}

#[test]
fn each_end_writes_its_answer_and_the_last_one_wakes_the_caller() {
    let (mut sim, children) = called("gathers-three");
    let root = sim.root.clone();
    let ended = Outcome::Settled { waiter: None };
    assert_eq!(sim.work(&children[2]), ended);
    assert_eq!(answered(&sim.record(&root)), [false, false, true]);
    assert_eq!(awaited(&sim), children[..2]);

    // What is delivered again finds nothing to do, and changes nothing.
    let (before, again) = (sim.record(&root), sim.work(&children[2]));
    let refused = Outcome::NotClaimable {
        why: Refusal::Ended,
        retry_at: None,
    };
    assert_eq!(again, refused);
    let waits = Outcome::NotClaimable {
        why: Refusal::Waiting,
        retry_at: None,
    };
    assert_eq!(sim.work(&root), waits);
    assert_eq!(sim.record(&root), before);

    assert_eq!(sim.work(&children[0]), ended);
    let last = sim.work(&children[1]);
    let Outcome::Settled {
        waiter: Some(Waiter::Invocation(wake)),
    } = last
    else {
        panic!("{last:?}");
    };
    assert_eq!(wake.invocation, root);
    assert_eq!(answered(&sim.record(&root)), [true; 3]);
    sim.settle(|_, _| {});
    sim.check();
    let posted = json!([{"n": 1}, {"n": 2}, {"n": 3}]);
    assert_eq!(sim.output(), json!({"posted": posted}));
}

#[test]
fn ends_at_the_same_time_are_all_written() {
    let (mut sim, children) = called("gathers-three");
    for child in &children {
        sim.hire(child.clone());
    }
    while !sim.workers.is_empty() {
        for worker in (0..sim.workers.len()).rev() {
            sim.poll(worker);
        }
    }
    assert!(!sim.hands.state().store.refused.is_empty());
    let root = sim.root.clone();
    assert_eq!(answered(&sim.record(&root)), [true; 3]);
    assert_eq!(sim.status(&root), InvocationStatus::Queued);
    sim.settle(|_, _| {});
    sim.check();
    assert_eq!(sim.effects().values().sum::<usize>(), 4);
}

#[test]
fn the_ledger_has_the_calls_in_their_order_each_with_its_answer() {
    let sim = settled("gathers-good-and-bad");
    let ledger = sim.ledger(&sim.root);
    let classes: Vec<_> = ledger.iter().map(|effect| effect.class).collect();
    let (child, recorded) = (EffectClass::Child, EffectClass::Recorded);
    let last = EffectClass::Idempotent;
    assert_eq!(classes, [child, child, recorded, recorded, child, last]);
    let output = sim.output();
    let each = json!([{"n": null}, "child_failed", "failed", "invalid_arguments", null]);
    assert_eq!(output, json!({"each": each}));
    assert_eq!(sim.record(&sim.root).children, 3);
}

#[test]
fn so_many_are_called_at_once_and_no_more() {
    let sim = settled("gathers-ten");
    let refused = vec!["limit_exceeded"; limits::MAX_GATHERED + 1];
    let answered = vec![(); limits::MAX_GATHERED];
    assert_eq!(sim.output(), json!([refused, answered]));
    assert_eq!(sim.rows().len(), 1 + limits::MAX_GATHERED);
}

#[test]
fn what_would_be_too_many_children_is_refused_whole() {
    let sim = settled("gathers-forever");
    let rounds = limits::MAX_CHILDREN as usize / limits::MAX_GATHERED;
    assert_eq!(sim.output(), json!([rounds, true]));
    assert_eq!(sim.rows().len(), 1 + rounds * limits::MAX_GATHERED);
}

#[test]
fn the_budget_is_shared_and_what_is_left_comes_back() {
    let (mut sim, children) = called("gathers-three");
    let root = sim.root.clone();
    assert_eq!(sim.record(&root).budget, 0);
    let shares: Vec<_> = children.iter().map(|id| sim.record(id).budget).collect();
    assert_eq!(shares.iter().sum::<u32>(), limits::MAX_TREE_EFFECTS - 3);
    assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
    sim.settle(|_, _| {});
    let (calls, posts) = (3, 4);
    let left = limits::MAX_TREE_EFFECTS - calls - posts;
    assert_eq!(sim.record(&root).budget, left);
}

#[test]
fn with_too_few_effects_left_none_is_called() {
    let mut sim = sim("gathers-three");
    let root = sim.root.clone();
    let mut state = sim.hands.state();
    state.store.rows.get_mut(&root).unwrap().record.budget = 2;
    drop(state);
    sim.settle(|_, _| {});
    sim.check();
    assert!(matches!(
        sim.status(&root),
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } if failure.message.contains("too few are left")
    ));
    assert_eq!(sim.rows().len(), 1);
    assert_eq!(sim.record(&root).budget, 2);
}

#[test]
fn only_agents_are_called_at_once() {
    let sim = settled("gathers-a-post");
    let ledger = sim.ledger(&sim.root);
    assert!(matches!(
        &ledger[0].answer,
        Answer::Error(error) if error.kind == EffectErrorKind::Failed
    ));
    assert_eq!(ledger[1].answer, Answer::Value(json!(null)));
    assert!(sim.effects().is_empty());
}

#[test]
fn a_replay_that_calls_others_names_the_first_of_them() {
    let sim = settled("gathers-three");
    let record = sim.record(&sim.root);
    let mut ledger = sim.ledger(&sim.root);
    ledger[2].call.args = json!({"agent": "someone-else"});
    let replayed = run(replay(&record, &ledger, &mut Scripted::new(1))).unwrap();
    assert!(
        matches!(replayed, Replay::Diverged { number: 3, .. }),
        "{replayed:?}"
    );
}

#[test]
fn a_child_that_is_cancelled_is_an_error_and_the_others_go_on() {
    let (mut sim, children) = called("gathers-three");
    let now = sim.now();
    let cancelled = run(cancel(&children[1], &sim.hands, now)).unwrap();
    assert_eq!(cancelled, Cancellation::Cancelled { waiter: None });
    sim.settle(|_, _| {});
    sim.check();
    let ledger = sim.ledger(&sim.root);
    let kinds: Vec<_> = ledger[1..4]
        .iter()
        .map(|effect| match &effect.answer {
            Answer::Value(_) => None,
            Answer::Error(error) => Some(error.kind),
        })
        .collect();
    assert_eq!(kinds, [None, Some(EffectErrorKind::Cancelled), None]);
}

#[test]
fn what_is_cancelled_ends_with_all_that_it_gathered() {
    let (sim, children) = called("gathers-three");
    let commits = sim.hands.state().store.commits;
    run(cancel(&sim.root, &sim.hands, sim.now())).unwrap();
    assert_eq!(sim.hands.state().store.commits, commits + 1);
    for id in children.iter().chain([&sim.root]) {
        assert_eq!(sim.status(id), InvocationStatus::Cancelled);
    }
    let ledger = sim.ledger(&sim.root);
    assert_eq!(ledger.len(), 1 + children.len());
}

/// A tree of 13 does not fit into a commit: one of the gatherers is left to a worker, which the
/// keeper sends.
#[test]
fn a_tree_that_is_too_large_for_a_commit_is_cancelled_in_parts() {
    for loses_messages in [false, true] {
        let (mut sim, children) = called("gathers-widely");
        sim.manner.loses_messages = loses_messages;
        sim.messages.clear();
        for child in &children {
            assert!(matches!(sim.work(child), Outcome::Suspended { .. }));
        }
        sim.messages.clear();
        let commits = sim.hands.state().store.commits;
        let cancelled = run(cancel(&sim.root, &sim.hands, sim.now())).unwrap();
        assert_eq!(cancelled, Cancellation::Cancelled { waiter: None });
        assert_eq!(sim.hands.state().store.commits, commits + 1);
        let finals = |sim: &Sim| {
            let rows = sim.rows();
            let ended = rows.values().filter(|row| row.record.status.is_final());
            ended.count()
        };
        assert_eq!(finals(&sim), 1 + 2 + 6);
        let left = sim.record(&children[2]);
        assert!(left.cancel_requested && !left.status.is_final());
        sim.sweep();
        assert!(sim.messages.iter().any(|wake| wake.invocation == left.id));
        sim.settle(|_, _| {});
        sim.check();
        let rows = sim.rows();
        let mut statuses = rows.values().map(|row| &row.record.status);
        assert!(statuses.all(|status| *status == InvocationStatus::Cancelled));
        assert_eq!(rows.len(), 13);
    }
}
