//! What runs may not do, and what a step costs.

use serde_json::json;
use tdev_domain::{
    Answer, EffectClass, EffectErrorKind, FailureKind, InvocationFailure, InvocationStatus,
};
use tdev_invocation::{Outcome, Replay, limits, replay};

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

#[test]
fn writes_per_step() {
    // Accepting and the end are two; an idempotent effect is one, an at-most-once one two, and
    // what waits one and a lease. The keeper writes one where it finds that the time has come, as
    // it does with two of the sleeper's three.
    for (agent, writes) in [
        ("echo", 2),
        ("recorded-only", 2),
        ("three-posts", 2 + 3),
        ("posts-in-a-loop", 2 + 6),
        ("charges", 2 + 4 * 2),
        ("sleeper", 2 + 1 + 3 * 2 + 2),
        ("four-children", 2 + 4 * 2 + 4 * (1 + 1)),
        ("gathers-three", 2 + 2 + 3 * (1 + 1) + 1),
    ] {
        assert_eq!(
            settled(agent).hands.state().store.commits,
            writes,
            "{agent}"
        );
    }
}

#[test]
fn agents_call_each_other_so_deep_and_no_deeper() {
    let sim = settled("recursive");
    assert_eq!(sim.output(), json!(limits::MAX_DEPTH + 1));
    let deepest = sim.at_depth(limits::MAX_DEPTH);
    let refused = &sim.ledger(&deepest)[0];
    assert_eq!(refused.class, EffectClass::Recorded);
    assert!(matches!(
        &refused.answer,
        Answer::Error(error) if error.kind == EffectErrorKind::LimitExceeded
    ));
}

#[test]
fn an_agent_calls_so_many_others_and_no_more() {
    let sim = settled("hires-forever");
    assert_eq!(sim.output(), json!(limits::MAX_CHILDREN));
    assert_eq!(sim.rows().len(), 1 + limits::MAX_CHILDREN as usize);
}

#[test]
fn the_effects_of_a_tree_are_counted_together() {
    let sim = settled("spender");
    assert_eq!(sim.output(), json!(limits::MAX_TREE_EFFECTS));
    let rows = sim.rows();
    let calls = rows.len() - 1;
    let posts = sim.hands.state().performed.len();
    assert_eq!(posts + calls, limits::MAX_TREE_EFFECTS as usize);
    assert!(rows.values().all(|row| row.record.budget == 0));
}

#[test]
fn an_invocation_has_so_many_effects_and_fails_at_the_next() {
    for (agent, performed) in [("posts-forever", limits::MAX_EFFECTS), ("logs-forever", 0)] {
        let mut sim = settled(agent);
        let root = sim.root.clone();
        match sim.status(&root) {
            InvocationStatus::Failed {
                failure: InvocationFailure::Agent(failure),
            } => assert_eq!(failure.kind, FailureKind::TooManyToolCalls),
            status => panic!("{status:?}"),
        }
        assert_eq!(sim.ledger(&root).len(), limits::MAX_EFFECTS as usize);
        assert_eq!(sim.hands.state().performed.len(), performed as usize);
        assert!(matches!(sim.work(&root), Outcome::NotClaimable { .. }));
    }
}

#[test]
fn an_invocation_that_loses_every_worker_is_given_up() {
    let mut sim = sim("parent");
    sim.until(|sim| sim.rows().len() == 2 && sim.workers.is_empty());
    let child = sim.at_depth(1);
    // A worker that is lost before it wrote anything is not counted; one that comes so late is.
    sim.advance(limits::WAKE_GRACE);
    let mut killed = 0;
    while !sim.is_settled() {
        assert!(killed <= limits::MAX_STALLS);
        let token = sim.record(&child).token;
        let leased = |sim: &Sim| sim.record(&child).token > token;
        sim.until(|sim| leased(sim) || sim.is_settled());
        if leased(&sim) {
            sim.kill(0);
            killed += 1;
        }
    }
    assert_eq!(killed, limits::MAX_STALLS);
    let failure = InvocationFailure::Stalled {
        workers: limits::MAX_STALLS,
    };
    assert_eq!(sim.status(&child), InvocationStatus::Failed { failure });
    let ledger = sim.ledger(&sim.root);
    assert!(matches!(
        &ledger[0].answer,
        Answer::Error(error) if error.kind == EffectErrorKind::ChildFailed
    ));
}

#[test]
fn a_replay_names_the_first_thing_that_is_otherwise() {
    let sim = settled("posts-in-a-loop");
    let record = sim.record(&sim.root);
    let ledger = sim.ledger(&sim.root);
    let again =
        |record: &_, ledger: &[_]| run(replay(record, ledger, &mut Scripted::new(1))).unwrap();
    assert_eq!(again(&record, &ledger), Replay::Identical);

    let mut drawn_otherwise = ledger.clone();
    drawn_otherwise[3].answer = Answer::Value(json!(1_000));
    match again(&record, &drawn_otherwise) {
        Replay::Diverged {
            number: 5,
            recorded: Some(call),
            ..
        } => assert_eq!(call.tool, "post"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        again(&record, &ledger[..4]),
        Replay::Diverged { recorded: None, .. }
    ));
    let mut ended_otherwise = record;
    let output = json!("something else");
    ended_otherwise.status = InvocationStatus::Completed { output };
    assert!(matches!(
        again(&ended_otherwise, &ledger),
        Replay::Diverged { recorded: None, number, .. } if number as usize == ledger.len() + 1
    ));
}
