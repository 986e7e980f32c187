//! One disturbance at every place where there can be one, for every program.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;
use tdev_invocation::Outcome;

use crate::programs::{PROGRAMS, Program};
use crate::sim::{Manner, Sim};
use crate::state::Fault;
use crate::undisturbed::Undisturbed;

const USUAL: Manner = Manner {
    loses_messages: false,
    yields: false,
    signals_early: false,
    lags: false,
};

const MANNERS: [(&str, Manner); 5] = [
    ("messages come again", USUAL),
    (
        "every message is lost",
        Manner {
            loses_messages: true,
            ..USUAL
        },
    ),
    (
        "workers yield at every effect",
        Manner {
            yields: true,
            ..USUAL
        },
    ),
    (
        "signals come before they are awaited",
        Manner {
            signals_early: true,
            ..USUAL
        },
    ),
    (
        "reads that may lag do",
        Manner {
            lags: true,
            ..USUAL
        },
    ),
];

/// How many disturbed runs there were, and how many of them went as they should.
#[derive(Debug, Default)]
pub(crate) struct Figure {
    survived: usize,
    made: usize,
}

impl Figure {
    pub(crate) fn count(&mut self, run: impl FnOnce()) {
        self.made += 1;
        self.survived += usize::from(catch_unwind(AssertUnwindSafe(run)).is_ok());
    }

    /// Prints the figure, and fails unless at least so many were made and all survived.
    pub(crate) fn show(&self, what: &str, at_least: usize) {
        let Self { survived, made } = self;
        println!("{what}: {survived} survived / {made} made");
        assert_eq!(survived, made);
        assert!(*made >= at_least);
    }
}

/// Runs a program to its end; `disturb` is called at the given stops.
pub(crate) fn disturbed_at(
    program: Program,
    manner: Manner,
    places: &[usize],
    mut disturb: impl FnMut(&mut Sim, usize),
) -> Sim {
    let mut sim = Sim::new(program, manner);
    let mut stop = 0;
    sim.settle(|sim, worker| {
        if places.contains(&stop) {
            disturb(sim, worker);
        }
        stop += 1;
    });
    assert!(stop > places[0], "{} at {places:?}", program.agent);
    sim
}

/// Runs every program once for each of its stops; `disturb` is called there, and `afterwards` at
/// the end.
fn at_every_stop(
    figure: &mut Figure,
    manner: Manner,
    mut disturb: impl FnMut(&mut Sim, usize),
    mut afterwards: impl FnMut(&mut Sim),
) {
    for program in PROGRAMS {
        let undisturbed = Undisturbed::run(*program, manner);
        for place in 0..undisturbed.stops {
            figure.count(|| {
                let mut sim = disturbed_at(*program, manner, &[place], &mut disturb);
                afterwards(&mut sim);
                undisturbed.check(&sim, 1);
            });
        }
    }
}

#[test]
fn a_worker_killed_at_any_place() {
    let mut total = Figure::default();
    for (name, manner) in MANNERS {
        let mut kills = Figure::default();
        at_every_stop(&mut kills, manner, Sim::kill, |_| {});
        kills.show(&format!("kills where {name}"), 900);
        total.survived += kills.survived;
        total.made += kills.made;
    }
    total.show(&format!("kills in {} programs", PROGRAMS.len()), 4_000);
}

#[test]
fn a_worker_killed_at_any_two_places() {
    let mut pairs = Figure::default();
    for program in PROGRAMS {
        let undisturbed = Undisturbed::run(*program, USUAL);
        // The longest runs are sampled: every pair of their places would be most of all pairs.
        let step = 1 + undisturbed.stops / 60;
        for first in (0..undisturbed.stops).step_by(step) {
            for second in (first + 1..undisturbed.stops + 6).step_by(3 * step) {
                pairs.count(|| {
                    let sim = disturbed_at(*program, USUAL, &[first, second], Sim::kill);
                    undisturbed.check(&sim, 2);
                });
            }
        }
    }
    pairs.show("pairs of kills", 4_000);
}

/// Between the intent and the record of an at-most-once effect a worker can be killed at four
/// places: before and after the store has acknowledged, before and after the world has.
#[test]
fn an_outcome_is_unknown_only_if_a_worker_was_lost_between_intent_and_record() {
    let mut programs = PROGRAMS.iter();
    let program = *programs.find(|program| program.agent == "charges").unwrap();
    let charges = 4;
    let (mut unknown, mut performed) = (0, 0);
    for place in 0..Undisturbed::run(program, USUAL).stops {
        let sim = disturbed_at(program, USUAL, &[place], Sim::kill);
        if sim.output().to_string().contains("outcome_unknown") {
            unknown += 1;
            performed += sim.hands.state().performed.len();
        }
    }
    assert_eq!(unknown, 4 * charges);
    let (with_it, without_it) = (charges, charges - 1);
    assert_eq!(performed, 2 * charges * (with_it + without_it));
}

/// The worker stops for as long as it takes another one to finish, then goes on with its lease
/// long lost.
#[test]
fn a_worker_that_is_overtaken_at_any_place_and_goes_on_afterwards() {
    let mut figure = Figure::default();
    let mut refused = 0;
    let mut outcomes = Vec::new();
    let asleep = RefCell::new(Vec::new());
    at_every_stop(
        &mut figure,
        USUAL,
        |sim, worker| asleep.borrow_mut().push(sim.workers.remove(worker)),
        |sim| {
            let before = sim.hands.state().store.commits;
            sim.workers.append(&mut asleep.borrow_mut());
            while !sim.workers.is_empty() {
                sim.poll(0);
            }
            let state = sim.hands.state();
            assert_eq!(state.store.commits, before, "a write under a lost lease");
            refused += state.store.refused.len();
            outcomes.extend(sim.outcomes.last().cloned());
        },
    );
    let fenced = outcomes
        .iter()
        .filter(|outcome| **outcome == Outcome::Fenced);
    let what = format!("overtaken workers, of these {} fenced", fenced.count());
    figure.show(&what, 900);
    assert!(refused > 100);
}

/// The clock jumps past the lease, and the old worker goes on beside the new one.
#[test]
fn a_lease_that_expires_at_any_place_while_its_worker_goes_on() {
    let mut figure = Figure::default();
    let expire = |sim: &mut Sim, _| {
        sim.advance(SignedDuration::from_mins(10));
        sim.sweep();
        while sim.deliver() {}
    };
    at_every_stop(&mut figure, USUAL, expire, |_| {});
    figure.show("leases that expired", 900);
}

#[test]
fn a_message_that_is_delivered_twice_at_any_place() {
    let mut figure = Figure::default();
    let repeat = |sim: &mut Sim, worker: usize| {
        let again = sim.workers[worker].invocation.clone();
        let root = sim.root.clone();
        sim.hire(again);
        sim.hire(root);
    };
    at_every_stop(&mut figure, USUAL, repeat, |_| {});
    figure.show("deliveries made twice", 900);
}

#[test]
fn a_call_that_fails_at_any_place_whether_or_not_it_was_done() {
    let mut figure = Figure::default();
    for program in PROGRAMS {
        let undisturbed = Undisturbed::run(*program, USUAL);
        for place in 0..undisturbed.interactions {
            for fault in [Fault::NotDone, Fault::Done] {
                figure.count(|| {
                    let mut sim = Sim::new(*program, USUAL);
                    sim.hands.state().faults.insert(place, fault);
                    sim.settle(|_, _| {});
                    assert!(sim.hands.state().faults.is_empty());
                    undisturbed.check(&sim, 1);
                });
            }
        }
    }
    figure.show("calls that failed", 900);
}
