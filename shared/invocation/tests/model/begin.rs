//! Runs that begin before anybody has a lease.

use jiff::SignedDuration;
use tdev_domain::{InvocationChange, InvocationStatus};
use tdev_invocation::{Outcome, drive, limits};

use crate::machine::Scripted;
use crate::programs::{PROGRAMS, Program};
use crate::sim::{Manner, Sim, run};
use crate::sweep::Figure;
use crate::undisturbed::Undisturbed;

/// How many stops of two workers are put in every order.
const ORDERED: u32 = 9;

fn sim(agent: &'static str) -> Sim {
    let signals = &[];
    Sim::new(Program { agent, signals }, Manner::default())
}

/// Lets two workers begin the same run, and go on in the order that the bits say.
fn raced(program: Program, manner: Manner, order: u32) -> Sim {
    let mut sim = Sim::new(program, manner);
    let root = sim.root.clone();
    sim.messages.clear();
    sim.hire(root.clone());
    sim.hire(root);
    for turn in 0..ORDERED {
        if let Some(last) = sim.workers.len().checked_sub(1) {
            let worker = usize::from(order >> turn & 1 == 1);
            sim.poll(worker.min(last));
        }
    }
    sim.settle(|_, _| {});
    sim
}

#[test]
fn of_two_workers_that_begin_the_same_run_one_gets_through() {
    let mut figure = Figure::default();
    let mut refused = 0;
    for program in PROGRAMS {
        let undisturbed = Undisturbed::run(*program, Manner::default());
        for order in 0..1 << ORDERED {
            figure.count(|| {
                let sim = raced(*program, Manner::default(), order);
                undisturbed.check(&sim, 0);
                refused += sim.hands.state().store.refused.len();
            });
        }
    }
    figure.show("races", 10_000);
    assert!(refused > 5_000, "there was no race: {refused}");
}

#[test]
fn the_first_write_of_a_run_takes_the_lease() {
    let mut sim = sim("three-posts");
    let root = sim.root.clone();
    sim.until(|sim| sim.hands.state().store.commits == 2);
    let record = sim.record(&root);
    assert!(matches!(record.status, InvocationStatus::Running { .. }));
    assert_eq!((record.token, record.stalls), (1, 0));
    assert!(record.pending.is_some());
}

#[test]
fn whoever_comes_when_a_worker_may_have_been_lost_takes_a_lease_first() {
    let mut sim = sim("echo");
    let root = sim.root.clone();
    sim.advance(limits::WAKE_GRACE - SignedDuration::from_nanos(1));
    sim.hire(root.clone());
    sim.poll(0);
    sim.kill(0);
    assert_eq!(sim.record(&root).revision, 0);
    sim.advance(SignedDuration::from_nanos(1));
    sim.until(|sim| sim.record(&root).revision == 1);
    let record = sim.record(&root);
    assert!(matches!(record.status, InvocationStatus::Running { .. }));
    assert_eq!((record.token, record.stalls), (1, 1));
    assert_eq!(record.pending, None);
}

#[test]
fn the_keeper_may_write_while_a_run_that_nobody_leased_goes_on() {
    let mut sim = sim("three-posts");
    let root = sim.root.clone();
    sim.hire(root.clone());
    sim.poll(0);
    sim.advance(limits::WAKE_GRACE);
    sim.sweep();
    assert_eq!(sim.record(&root).revision, 1);
    while sim.poll(0) {}
    assert_eq!(sim.outcomes, [Outcome::Settled { waiter: None }]);
    assert_eq!(sim.record(&root).token, 1);
    sim.check();
}

#[test]
fn a_worker_tells_the_record_as_it_left_it() {
    for agent in ["echo", "three-posts", "sleeper", "parent"] {
        let sim = sim(agent);
        let (hands, mut machine) = (sim.hands.of(0), Scripted::new(1));
        for _ in 0..2 {
            let driven = drive(
                &sim.root,
                &hands,
                &hands,
                &mut machine,
                jiff::Timestamp::MAX,
            );
            let delivery = run(driven).unwrap();
            assert_eq!(delivery.record, Some(sim.record(&sim.root)), "{agent}");
        }
    }
}

/// The model itself: it would notice a worker that writes without taking the lease.
#[test]
#[should_panic(expected = "a write under a lost lease")]
fn a_first_write_that_does_not_take_the_lease_is_noticed() {
    let sim = sim("echo");
    let mut record = sim.record(&sim.root);
    record.revision += 1;
    let change = InvocationChange::to(record);
    sim.hands.state().store.commit(Some(0), &[change]);
}
