//! Invocations that are called off, and signals that are not accepted.

use serde_json::json;
use tdev_domain::{
    Answer, CallId, EffectErrorKind, InvocationFailure, InvocationId, InvocationStatus, TaskId,
    Wait,
};
use tdev_invocation::{
    Cancellation, Outcome, Refusal, SignalError, Waiter, cancel, limits, signal,
};

use crate::programs::Program;
use crate::sim::{Manner, Sim, run};

fn sim(agent: &'static str) -> Sim {
    let signals = &[];
    Sim::new(Program { agent, signals }, Manner::default())
}

fn call_off(sim: &Sim, id: &InvocationId) -> Cancellation {
    run(cancel(id, &sim.hands, sim.now())).unwrap()
}

fn is_suspended(sim: &Sim, id: &InvocationId) -> bool {
    matches!(sim.status(id), InvocationStatus::Suspended { .. })
}

#[test]
fn what_waits_for_a_worker_is_cancelled_at_once() {
    let mut sim = sim("three-posts");
    let root = sim.root.clone();
    assert_eq!(
        call_off(&sim, &root),
        Cancellation::Cancelled { waiter: None }
    );
    assert_eq!(call_off(&sim, &root), Cancellation::Ended);
    let refused = Outcome::NotClaimable {
        why: Refusal::Ended,
        retry_at: None,
    };
    assert_eq!(sim.work(&root), refused);
    assert!(sim.hands.state().performed.is_empty());
}

#[test]
fn what_is_not_there_is_not_cancelled() {
    let sim = sim("echo");
    let other = InvocationId::generate();
    assert_eq!(call_off(&sim, &other), Cancellation::Unknown);
}

#[test]
fn what_sleeps_is_cancelled_at_once_and_the_ledger_says_so() {
    let mut sim = sim("sleeper");
    let root = sim.root.clone();
    sim.until(|sim| is_suspended(sim, &sim.root));
    assert_eq!(
        call_off(&sim, &root),
        Cancellation::Cancelled { waiter: None }
    );
    let ledger = sim.ledger(&root);
    assert!(matches!(
        &ledger[1].answer,
        Answer::Error(error) if error.kind == EffectErrorKind::Cancelled
    ));
    sim.settle(|_, _| {});
    sim.check();
}

#[test]
fn what_a_worker_has_ends_at_its_next_effect() {
    let mut sim = sim("three-posts");
    let root = sim.root.clone();
    sim.until(|sim| sim.hands.state().performed.len() == 1);
    assert_eq!(call_off(&sim, &root), Cancellation::Requested);
    assert_eq!(call_off(&sim, &root), Cancellation::Requested);
    sim.settle(|_, _| {});
    sim.check();
    assert_eq!(sim.status(&root), InvocationStatus::Cancelled);
    assert_eq!(sim.hands.state().performed.len(), 1);
    assert_eq!(sim.ledger(&root).len(), 1);
}

#[test]
fn what_was_to_be_cancelled_and_lost_its_worker_is_not_run_again() {
    let mut sim = sim("three-posts");
    let root = sim.root.clone();
    sim.until(|sim| sim.hands.state().performed.len() == 1);
    call_off(&sim, &root);
    sim.kill(0);
    sim.settle(|_, _| {});
    sim.check();
    assert_eq!(sim.status(&root), InvocationStatus::Cancelled);
    assert_eq!(sim.record(&root).token, 1);
    assert_eq!(sim.hands.state().performed.len(), 1);
}

#[test]
fn a_whole_chain_is_cancelled_in_one_write() {
    let mut sim = sim("boss");
    let root = sim.root.clone();
    sim.until(|sim| sim.rows().len() == 2 && is_suspended(sim, &sim.at_depth(1)));
    let commits = sim.hands.state().store.commits;
    assert_eq!(
        call_off(&sim, &root),
        Cancellation::Cancelled { waiter: None }
    );
    assert_eq!(sim.hands.state().store.commits, commits + 1);
    assert!(
        sim.rows()
            .values()
            .all(|row| row.record.status == InvocationStatus::Cancelled)
    );
    sim.settle(|_, _| {});
    sim.check();
}

#[test]
fn a_child_that_is_running_ends_after_its_caller() {
    let mut sim = sim("parent");
    let root = sim.root.clone();
    sim.until(|sim| sim.hands.state().performed.len() == 1);
    let child = sim.at_depth(1);
    assert_eq!(
        call_off(&sim, &root),
        Cancellation::Cancelled { waiter: None }
    );
    assert!(!sim.status(&child).is_final());
    sim.settle(|_, _| {});
    sim.check();
    assert_eq!(sim.status(&child), InvocationStatus::Cancelled);
    assert_eq!(sim.hands.state().performed.len(), 1);
}

#[test]
fn a_caller_learns_that_its_child_was_cancelled() {
    let mut sim = sim("boss");
    let root = sim.root.clone();
    sim.until(|sim| sim.rows().len() == 2 && is_suspended(sim, &sim.at_depth(1)));
    let child = sim.at_depth(1);
    let Cancellation::Cancelled {
        waiter: Some(Waiter::Invocation(wake)),
    } = call_off(&sim, &child)
    else {
        panic!("it was not cancelled, or its caller not woken");
    };
    assert_eq!(wake.invocation, root);
    assert_eq!(sim.work(&root), Outcome::Settled { waiter: None });
    match sim.status(&root) {
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => assert!(
            failure.message.ends_with("was cancelled"),
            "{}",
            failure.message
        ),
        status => panic!("{status:?}"),
    }
    let left = sim.record(&root).budget;
    assert_eq!(
        left,
        limits::MAX_TREE_EFFECTS - 3,
        "the call, the post, the wait"
    );
}

#[test]
fn a_signal_that_cannot_be_kept_is_refused() {
    let mut sim = sim("sleeper");
    let root = sim.root.clone();
    let send = |sim: &Sim, id: &InvocationId, payload| {
        run(signal(id, None, "hello", payload, &sim.hands, sim.now()))
    };
    let other = InvocationId::generate();
    assert!(matches!(
        send(&sim, &other, json!(1)),
        Err(SignalError::Unknown)
    ));
    let large = "x".repeat(limits::MAX_SIGNAL_BYTES);
    assert!(matches!(
        send(&sim, &root, json!(large)),
        Err(SignalError::TooLarge)
    ));
    for n in 0..limits::MAX_SIGNALS {
        assert_eq!(send(&sim, &root, json!(n)).unwrap(), None);
    }
    assert!(matches!(
        send(&sim, &root, json!(1)),
        Err(SignalError::Full)
    ));
    sim.settle(|_, _| {});
    assert!(matches!(
        send(&sim, &root, json!(1)),
        Err(SignalError::Ended)
    ));
}

#[test]
fn a_signal_wakes_only_whom_waits_for_its_name() {
    let mut sim = sim("approval");
    let root = sim.root.clone();
    sim.until(|sim| is_suspended(sim, &sim.root));
    let send = |sim: &Sim, name| {
        run(signal(
            &sim.root,
            None,
            name,
            json!(1),
            &sim.hands,
            sim.now(),
        ))
    };
    assert_eq!(send(&sim, "other").unwrap(), None);
    assert!(matches!(
        sim.status(&root),
        InvocationStatus::Suspended { wait: Wait::Signal { signal, .. } } if signal == "approve"
    ));
    assert_eq!(send(&sim, "approve").unwrap().unwrap().invocation, root);
    assert_eq!(sim.status(&root), InvocationStatus::Queued);
}

#[test]
fn a_call_that_is_made_again_sends_no_other_signal() {
    let mut sim = sim("approval");
    let root = sim.root.clone();
    let call = CallId::generate();
    let send = |sim: &Sim, call, name| {
        run(signal(
            &sim.root,
            Some(call),
            name,
            json!(1),
            &sim.hands,
            sim.now(),
        ))
        .unwrap()
    };
    let kept = |sim: &Sim| sim.record(&sim.root).signals.len();
    assert_eq!(send(&sim, call, "other"), None);
    assert_eq!(send(&sim, call, "other"), None);
    assert_eq!(kept(&sim), 1, "while it waits to be asked for");

    sim.until(|sim| is_suspended(sim, &sim.root));
    let approval = CallId::generate();
    assert!(send(&sim, approval, "approve").is_some());
    assert_eq!(send(&sim, approval, "approve"), None);
    assert_eq!(kept(&sim), 1, "after it was given");
    sim.settle(|_, _| {});
    assert!(sim.status(&root).is_final());
    assert_eq!(send(&sim, approval, "approve"), None, "after the end");
}

#[test]
fn a_task_that_waits_is_told_of_the_end() {
    let sim = sim("echo");
    let root = sim.root.clone();
    let task = TaskId::generate();
    let mut state = sim.hands.state();
    let row = state.store.rows.get_mut(&root).unwrap();
    row.record.task = Some(task.clone());
    drop(state);
    let told = Cancellation::Cancelled {
        waiter: Some(Waiter::Task(task)),
    };
    assert_eq!(call_off(&sim, &root), told);
}
