//! Random schedules of everything at once.

use std::sync::LazyLock;

use jiff::SignedDuration;
use proptest::prelude::*;
use tdev_domain::InvocationStatus;
use tdev_invocation::cancel;

use crate::programs::{LARGE, PROGRAMS, Program};
use crate::sim::{Manner, Sim, run};
use crate::state::Fault;
use crate::undisturbed::Undisturbed;

#[derive(Debug, Clone)]
enum Event {
    /// A worker goes on for this many stops.
    Poll(usize, usize),
    Deliver,
    Duplicate(usize),
    Delay(usize, u32),
    Lose(usize),
    Kill(usize),
    Fail(usize, bool),
    Advance(u32),
    SetBack(u32),
    Sweep,
    Signal,
    Cancel(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (0..4usize, 1..12usize).prop_map(|(worker, stops)| Event::Poll(worker, stops)),
        5 => Just(Event::Deliver),
        2 => (0..8usize).prop_map(Event::Duplicate),
        1 => (0..8usize, 1..200u32).prop_map(|(message, seconds)| Event::Delay(message, seconds)),
        1 => (0..8usize).prop_map(Event::Lose),
        2 => (0..4usize).prop_map(Event::Kill),
        1 => (0..6usize, any::<bool>()).prop_map(|(ahead, done)| Event::Fail(ahead, done)),
        3 => prop_oneof![1..30u32, 46..100u32, 1_000..5_000u32].prop_map(Event::Advance),
        1 => (1..120u32).prop_map(Event::SetBack),
        2 => Just(Event::Sweep),
        1 => Just(Event::Signal),
    ]
}

fn all() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().chain(LARGE)
}

static UNDISTURBED: LazyLock<Vec<Undisturbed>> = LazyLock::new(|| {
    let run = |program: &Program| Undisturbed::run(*program, Manner::default());
    all().map(run).collect()
});

fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(seconds.into())
}

/// Lets one thing happen, if it can.
fn happen(sim: &mut Sim, event: &Event) {
    let workers = sim.workers.len();
    let messages = sim.messages.len();
    match *event {
        Event::Poll(worker, stops) if workers > 0 => {
            for _ in 0..stops {
                if !sim.poll(worker % workers) {
                    break;
                }
            }
        }
        Event::Deliver if workers < 4 => {
            sim.deliver();
        }
        Event::Duplicate(message) if messages > 0 => {
            let again = sim.messages[message % messages].clone();
            sim.messages.push(again);
        }
        Event::Delay(message, by) if messages > 0 => {
            let at = &mut sim.messages[message % messages].at;
            *at = at.checked_add(seconds(by)).unwrap();
        }
        Event::Lose(message) if messages > 0 => {
            sim.messages.remove(message % messages);
        }
        Event::Kill(worker) if workers > 0 => sim.kill(worker % workers),
        Event::Fail(ahead, done) => {
            let fault = if done { Fault::Done } else { Fault::NotDone };
            let mut state = sim.hands.state();
            let place = state.interactions + ahead;
            state.faults.insert(place, fault);
        }
        Event::Advance(by) => sim.advance(seconds(by)),
        Event::SetBack(by) => sim.advance(-seconds(by)),
        Event::Sweep => sim.sweep(),
        Event::Signal => {
            sim.send_signal();
        }
        Event::Cancel(which) => {
            let ids: Vec<_> = sim.rows().into_keys().collect();
            run(cancel(&ids[which % ids.len()], &sim.hands, sim.now())).unwrap();
        }
        _ => {}
    }
}

fn disturbed(program: usize, yields: bool, lags: bool, events: &[Event]) -> Sim {
    let manner = Manner {
        yields,
        lags,
        ..Manner::default()
    };
    let mut sim = Sim::new(*all().nth(program).unwrap(), manner);
    for event in events {
        happen(&mut sim, event);
    }
    sim.settle(|_, _| {});
    sim
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4 * ProptestConfig::default().cases,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_effect_happens_twice_and_no_step_is_lost(
        program in 0..PROGRAMS.len() + LARGE.len(),
        yields: bool,
        lags: bool,
        events in proptest::collection::vec(event(), 0..100),
    ) {
        let undisturbed = &UNDISTURBED[program];
        let sim = disturbed(program, yields, lags, &events);
        undisturbed.check(&sim, events.len());
    }

    #[test]
    fn what_is_cancelled_ends_with_all_that_it_called(
        program in 0..PROGRAMS.len() + LARGE.len(),
        yields: bool,
        lags: bool,
        before in proptest::collection::vec(event(), 0..60),
        which in 0..8usize,
        after in proptest::collection::vec(event(), 0..40),
    ) {
        let undisturbed = &UNDISTURBED[program];
        let events: Vec<_> =
            before.into_iter().chain([Event::Cancel(which)]).chain(after).collect();
        let sim = disturbed(program, yields, lags, &events);
        sim.check();
        for (effect, times) in sim.effects() {
            let usual = undisturbed.effects.get(&effect).copied();
            let asked = effect.starts_with("query ");
            prop_assert!(usual.is_some_and(|usual| times <= usual) || asked, "{effect}");
        }
        let rows = sim.rows();
        for row in rows.values().filter(|row| row.record.status == InvocationStatus::Cancelled) {
            let parent = row.record.parent.as_ref().map(|effect| &rows[&effect.invocation].record);
            prop_assert!(parent.is_none_or(|parent| parent.status.is_final()));
        }
    }
}
