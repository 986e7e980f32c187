//! How a run is taken up again: after a lost worker, by another build.

use jiff::SignedDuration;
use tdev_domain::{
    Answer, EffectClass, EffectErrorKind, InvocationFailure, InvocationId, InvocationStatus, TaskId,
};
use tdev_invocation::keeper::Care;
use tdev_invocation::{Outcome, Refusal, Waiter, WakeUp, cancel, keeper, limits};

use crate::machine::Scripted;
use crate::programs::Program;
use crate::sim::{Manner, Sim, run};

fn sim(agent: &'static str, manner: Manner) -> Sim {
    let signals = &[];
    Sim::new(Program { agent, signals }, manner)
}

fn lossy(agent: &'static str) -> Sim {
    let loses_messages = true;
    sim(
        agent,
        Manner {
            loses_messages,
            ..Manner::default()
        },
    )
}

#[test]
fn a_lost_worker_delays_a_run_by_its_lease() {
    let mut sim = lossy("three-posts");
    let root = sim.root.clone();
    sim.hire(root.clone());
    sim.until(|sim| sim.hands.state().performed.len() == 2);
    sim.kill(0);
    let lost_at = sim.now();

    sim.advance(limits::LEASE - SignedDuration::from_nanos(1));
    let look = |sim: &Sim| run(keeper::look_after(&root, &sim.hands, sim.now())).unwrap();
    assert_eq!(look(&sim), Care::Nothing);
    let lease_until = lost_at.checked_add(limits::LEASE).unwrap();
    let held = Outcome::NotClaimable {
        why: Refusal::Leased,
        retry_at: Some(lease_until),
    };
    assert_eq!(sim.work(&root), held);

    sim.advance(SignedDuration::from_nanos(1));
    let wake = WakeUp {
        invocation: root.clone(),
        at: lease_until,
    };
    assert_eq!(look(&sim), Care::Wake(wake));
    assert_eq!(sim.work(&root), Outcome::Settled { waiter: None });
    sim.check();
}

#[test]
fn a_lost_message_delays_a_run_by_the_grace_and_a_backlog_is_not_added_to() {
    let sim = lossy("echo");
    let root = sim.root.clone();
    let look = |sim: &Sim| run(keeper::look_after(&root, &sim.hands, sim.now())).unwrap();
    assert_eq!(look(&sim), Care::Nothing);
    for _ in 0..3 {
        sim.advance(limits::WAKE_GRACE);
        assert!(matches!(look(&sim), Care::Wake(_)));
        assert_eq!(look(&sim), Care::Nothing);
    }
}

#[test]
fn the_keeper_leaves_alone_what_has_ended_and_nobody_waits_for() {
    let mut sim = lossy("echo");
    let root = sim.root.clone();
    sim.work(&root);
    let before = sim.record(&root);
    sim.advance(SignedDuration::from_hours(1_000));
    let look = |id| run(keeper::look_after(id, &sim.hands, sim.now())).unwrap();
    assert_eq!(look(&root), Care::Over);
    assert_eq!(look(&InvocationId::generate()), Care::Nothing);
    assert_eq!(sim.record(&root), before);
}

/// Whatever it did last, and whoever ended it.
#[test]
fn the_keeper_finds_a_task_that_may_not_know_of_the_end() {
    for agent in ["echo", "three-posts", "sleeper", "parent"] {
        for worked in 0..2 {
            let mut sim = lossy(agent);
            let root = sim.root.clone();
            let task = TaskId::generate();
            let mut state = sim.hands.state();
            state.store.rows.get_mut(&root).unwrap().record.task = Some(task.clone());
            drop(state);
            if worked == 1 {
                sim.work(&root);
            }
            if !sim.record(&root).status.is_final() {
                run(cancel(&root, &sim.hands, sim.now())).unwrap();
            }
            let record = sim.record(&root);
            assert!(record.status.is_final());
            assert!(record.due_at.unwrap().duration_since(sim.now()) <= limits::LEASE);
            for _ in 0..2 {
                let care = run(keeper::look_after(&root, &sim.hands, sim.now())).unwrap();
                assert_eq!(care, Care::Tell(Waiter::Task(task.clone())), "{agent}");
            }
            assert_eq!(sim.record(&root), record);
        }
    }
}

#[test]
fn a_message_that_comes_too_early_does_not_end_a_sleep() {
    let mut sim = lossy("sleeper");
    let root = sim.root.clone();
    let Outcome::Suspended { wakes } = sim.work(&root) else {
        panic!("it does not sleep");
    };
    let asleep = Outcome::NotClaimable {
        why: Refusal::Waiting,
        retry_at: Some(wakes[0].at),
    };
    assert_eq!(sim.work(&root), asleep);
    sim.advance(SignedDuration::from_hours(5 * 24));
    assert!(matches!(sim.work(&root), Outcome::Suspended { .. }));
}

#[test]
fn without_consequences_a_run_that_cannot_be_read_begins_again() {
    let mut sim = lossy("sleeps-then-posts");
    let root = sim.root.clone();
    assert!(matches!(sim.work(&root), Outcome::Suspended { .. }));
    sim.advance(SignedDuration::from_secs(10));
    let other_build = || Scripted::new(2);
    assert!(matches!(
        sim.work_with(&root, other_build()),
        Outcome::Suspended { .. }
    ));
    let record = sim.record(&root);
    assert_eq!(
        record.first_effect, 2,
        "what was drawn the first time is left behind"
    );
    assert_eq!(record.pending.unwrap().number, 3);
    for _ in 0..2 {
        sim.advance(SignedDuration::from_secs(10));
        sim.work_with(&root, other_build());
    }
    sim.check();
    let classes: Vec<_> = sim
        .ledger(&root)
        .iter()
        .map(|effect| effect.class)
        .collect();
    let (recorded, timer) = (EffectClass::Recorded, EffectClass::Timer);
    assert_eq!(
        classes,
        [recorded, recorded, timer, EffectClass::Idempotent, timer]
    );
}

#[test]
fn an_effect_that_was_intended_may_have_had_consequences() {
    let mut sim = sim("sleeps-then-posts", Manner::default());
    let root = sim.root.clone();
    sim.work(&root);
    sim.advance(SignedDuration::from_secs(10));
    sim.until(|sim| !sim.hands.state().store.intents.is_empty());
    assert!(sim.hands.state().performed.is_empty());
    sim.kill(0);
    sim.advance(limits::LEASE);
    let settled = Outcome::Settled { waiter: None };
    assert_eq!(sim.work_with(&root, Scripted::new(2)), settled);
    assert!(matches!(
        sim.status(&root),
        InvocationStatus::Failed {
            failure: InvocationFailure::Unresumable { .. }
        }
    ));
    let last = sim.ledger(&root).pop().unwrap();
    assert!(matches!(
        last.answer,
        Answer::Error(error) if error.kind == EffectErrorKind::OutcomeUnknown
    ));
    sim.check();
}

#[test]
fn a_run_that_sleeps_after_an_effect_of_consequence_does_not_begin_again() {
    let mut sim = sim("sleeps-then-posts", Manner::default());
    let root = sim.root.clone();
    sim.work(&root);
    sim.advance(SignedDuration::from_secs(10));
    assert!(matches!(sim.work(&root), Outcome::Suspended { .. }));
    sim.advance(SignedDuration::from_secs(10));
    sim.work_with(&root, Scripted::new(2));
    assert!(matches!(
        sim.status(&root),
        InvocationStatus::Failed {
            failure: InvocationFailure::Unresumable { .. }
        }
    ));
    assert_eq!(sim.hands.state().performed.len(), 1);
    sim.check();
}

#[test]
fn with_consequences_a_run_that_cannot_be_read_fails_and_says_why() {
    let mut sim = lossy("parent");
    let root = sim.root.clone();
    sim.work(&root);
    let child = sim.at_depth(1);
    sim.hire(child.clone());
    sim.until(|sim| sim.hands.state().performed.len() == 2);
    sim.kill(0);
    sim.advance(limits::LEASE);
    let wake = WakeUp {
        invocation: root.clone(),
        at: sim.now(),
    };
    let outcome = sim.work_with(&child, Scripted::new(2));
    assert_eq!(
        outcome,
        Outcome::Settled {
            waiter: Some(Waiter::Invocation(wake))
        }
    );
    let message = "the snapshot has format 1".to_owned();
    let failure = InvocationFailure::Unresumable {
        message: message.clone(),
    };
    assert_eq!(sim.status(&child), InvocationStatus::Failed { failure });
    assert_eq!(sim.work(&root), Outcome::Settled { waiter: None });
    match sim.status(&root) {
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => assert_eq!(failure.message, message),
        status => panic!("{status:?}"),
    }
    sim.check();
}
