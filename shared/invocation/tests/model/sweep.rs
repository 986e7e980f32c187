//! One disturbance at every place where there can be one, for every program.

use jiff::SignedDuration;

use crate::programs::PROGRAMS;
use crate::sim::{Manner, Sim, Undisturbed};
use crate::state::Fault;

const MANNERS: [(&str, Manner); 4] = [
    (
        "messages come again",
        Manner {
            loses_messages: false,
            yields: false,
            signals_early: false,
        },
    ),
    (
        "every message is lost",
        Manner {
            loses_messages: true,
            yields: false,
            signals_early: false,
        },
    ),
    (
        "workers yield at every effect",
        Manner {
            loses_messages: false,
            yields: true,
            signals_early: false,
        },
    ),
    (
        "signals come before they are awaited",
        Manner {
            loses_messages: false,
            yields: false,
            signals_early: true,
        },
    ),
];

/// Runs every program once for each of its stops; `disturb` is called at that stop, and at the
/// end. Returns how many runs there were.
fn at_every_stop(
    manner: Manner,
    mut disturb: impl FnMut(&mut Sim, usize),
    mut afterwards: impl FnMut(&mut Sim),
) -> usize {
    let mut runs = 0;
    for program in PROGRAMS {
        let undisturbed = Undisturbed::run(*program, manner);
        for place in 0..undisturbed.stops {
            let mut sim = Sim::new(*program, manner);
            let mut stop = 0;
            let mut disturbed = false;
            sim.settle(|sim, worker| {
                if stop == place {
                    disturbed = true;
                    disturb(sim, worker);
                }
                stop += 1;
            });
            assert!(disturbed, "{} at {place}", program.agent);
            afterwards(&mut sim);
            undisturbed.check(&sim, 1);
            runs += 1;
        }
    }
    runs
}

#[test]
fn a_worker_killed_at_any_place() {
    let mut total = 0;
    for (name, manner) in MANNERS {
        let kills = at_every_stop(manner, Sim::kill, |_| {});
        println!("{name}: kills survived / kills made: {kills} / {kills}");
        total += kills;
    }
    println!(
        "{} programs, kills survived / kills made: {total} / {total}",
        PROGRAMS.len()
    );
    assert!(total > 1_000);
}

#[test]
fn a_worker_killed_at_any_two_places() {
    let mut kills = 0;
    for program in PROGRAMS
        .iter()
        .filter(|program| program.agent != "recursive")
    {
        let undisturbed = Undisturbed::run(*program, Manner::default());
        for first in (0..undisturbed.stops).step_by(2) {
            for second in (first + 1..undisturbed.stops + 6).step_by(3) {
                let mut sim = Sim::new(*program, Manner::default());
                let mut stop = 0;
                sim.settle(|sim, worker| {
                    if stop == first || stop == second {
                        sim.kill(worker);
                        kills += 1;
                    }
                    stop += 1;
                });
                undisturbed.check(&sim, 2);
            }
        }
    }
    println!("pairs of kills: kills survived / kills made: {kills} / {kills}");
    assert!(kills > 1_000);
}

/// The worker stops for as long as it takes another one to finish, then goes on with its lease
/// long lost.
#[test]
fn a_worker_that_is_overtaken_at_any_place_and_goes_on_afterwards() {
    let mut refused = 0;
    let mut overtaken = Vec::new();
    let asleep = std::cell::RefCell::new(Vec::new());
    let runs = at_every_stop(
        Manner::default(),
        |sim, worker| {
            let worker = sim.workers.remove(worker);
            asleep.borrow_mut().push(worker);
        },
        |sim| {
            assert!(sim.is_settled());
            let before = sim.hands.state().store.commits;
            sim.workers.append(&mut asleep.borrow_mut());
            while !sim.workers.is_empty() {
                sim.poll(0);
            }
            sim.messages.clear();
            let state = sim.hands.state();
            assert_eq!(state.store.commits, before, "a write under a lost lease");
            refused += state.store.refused.len();
            overtaken.extend(sim.outcomes.last().cloned());
        },
    );
    let fenced = overtaken
        .iter()
        .filter(|outcome| **outcome == tdev_invocation::Outcome::Fenced);
    println!(
        "overtaken workers: {runs}, of these fenced: {}",
        fenced.count()
    );
    assert!(refused > 100);
}

/// The clock jumps past the lease, and the old worker goes on beside the new one.
#[test]
fn a_lease_that_expires_at_any_place_while_its_worker_goes_on() {
    let runs = at_every_stop(
        Manner::default(),
        |sim, _| {
            sim.advance(SignedDuration::from_mins(10));
            sim.sweep();
            while sim.deliver() {}
        },
        |_| {},
    );
    println!("expired leases: {runs}");
}

#[test]
fn a_message_that_is_delivered_twice_at_any_place() {
    let runs = at_every_stop(
        Manner::default(),
        |sim, worker| {
            let again = sim.workers[worker].invocation.clone();
            let root = sim.root.clone();
            sim.hire(again);
            sim.hire(root);
        },
        |_| {},
    );
    println!("duplicates: {runs}");
}

#[test]
fn a_call_that_fails_at_any_place_whether_or_not_it_was_done() {
    let mut runs = 0;
    for program in PROGRAMS {
        let undisturbed = Undisturbed::run(*program, Manner::default());
        for place in 0..undisturbed.interactions {
            for fault in [Fault::NotDone, Fault::Done] {
                let mut sim = Sim::new(*program, Manner::default());
                sim.hands.state().faults.insert(place, fault);
                sim.settle(|_, _| {});
                assert!(sim.hands.state().faults.is_empty());
                undisturbed.check(&sim, 1);
                runs += 1;
            }
        }
    }
    println!("failed calls: {runs}");
}
