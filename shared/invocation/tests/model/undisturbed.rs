//! What a disturbed run is held against.

use std::collections::BTreeMap;

use serde_json::Value;
use tdev_domain::{Effect, Invocation, InvocationStatus};

use crate::programs::Program;
use crate::sim::{Manner, Sim};

/// How a program goes if nothing goes wrong.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    pub(crate) statuses: Vec<(u32, InvocationStatus)>,
    pub(crate) effects: BTreeMap<String, usize>,
    pub(crate) stops: usize,
    pub(crate) interactions: usize,
}

fn statuses(sim: &Sim) -> Vec<(u32, InvocationStatus)> {
    let rows = sim.rows();
    let mut statuses: Vec<_> = rows
        .values()
        .map(|row| (row.record.depth, row.record.status.clone()))
        .collect();
    statuses.sort_by_key(|(depth, status)| (*depth, format!("{status:?}")));
    statuses
}

/// Whatever is stored can be read again.
fn survives_json(sim: &Sim) {
    for row in sim.rows().into_values() {
        let stored = (row.record, row.ledger);
        let json = serde_json::to_string(&stored).unwrap();
        let read: (Invocation, Vec<Effect>) = serde_json::from_str(&json).unwrap();
        assert_eq!(read, stored);
    }
}

impl Undisturbed {
    pub(crate) fn run(program: Program, manner: Manner) -> Self {
        let mut sim = Sim::new(program, manner);
        sim.settle(|sim, _| survives_json(sim));
        sim.check();
        let state = sim.hands.state();
        // Who reads what was, tries in vain.
        if !manner.lags {
            assert!(state.store.objects.is_empty(), "a snapshot was left behind");
            assert_eq!(state.store.refused, [0; 0]);
        }
        assert!(state.performed.values().all(|performed| performed.1 == 1));
        drop(state);
        Self {
            statuses: statuses(&sim),
            effects: sim.effects(),
            stops: sim.stops,
            interactions: sim.hands.state().interactions,
        }
    }

    /// The same end, and the same effects, but for at most `disturbances` declared unknown.
    pub(crate) fn check(&self, sim: &Sim, disturbances: usize) {
        sim.check();
        let mut unknown = 0;
        for ((_, expected), (_, found)) in self.statuses.iter().zip(statuses(sim)) {
            match (expected, &found) {
                (
                    InvocationStatus::Completed { output: expected },
                    InvocationStatus::Completed { output: found },
                ) => assert!(agree(expected, found, &mut unknown), "{expected} {found}"),
                (expected, found) => assert_eq!(expected, found),
            }
        }
        assert_eq!(self.statuses.len(), sim.rows().len());
        assert!(unknown <= disturbances);
        let effects = sim.effects();
        let mut missing = 0;
        for (effect, times) in &self.effects {
            let found = effects.get(effect).copied().unwrap_or(0);
            if effect.starts_with("charge ") {
                assert!(found <= *times, "{effect} was done {found} times");
                missing += times - found;
            } else {
                assert_eq!(found, *times, "{effect}");
            }
        }
        assert!(missing <= disturbances);
        let strange =
            |effect: &&String| !self.effects.contains_key(*effect) && !effect.starts_with("query ");
        assert_eq!(effects.keys().find(strange), None);
    }
}

/// Whether two outputs are the same where the outcome of an effect is known.
fn agree(expected: &Value, found: &Value, unknown: &mut usize) -> bool {
    match (expected, found) {
        (_, Value::String(text)) if text == "outcome_unknown" => {
            *unknown += 1;
            true
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .zip(found)
                    .all(|(e, f)| agree(e, f, unknown))
        }
        (expected, found) => expected == found,
    }
}
