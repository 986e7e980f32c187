//! The winner in the sandbox that agents run in, beside the evolution tier that it was bred in.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tdev_domain::{Limits, Source};
use tdev_evolution::problem::EXECUTE;
use tdev_program::{Budget, Machine, Program};
use tdev_sandbox::{Turn, Worker};

/// By how much two floats may differ, as a share of the greater: a few functions of the platform's
/// library may differ in their last bits.
const TOLERANCE: f64 = 1e-12;

/// Whether both have the same output, or both none, on all of `inputs`. Nothing if there is no
/// input that shows it.
pub(crate) fn agrees(
    worker: &Mutex<Worker>,
    source: &Source,
    program: &Program,
    inputs: &[Value],
    limits: &Limits,
) -> io::Result<Option<bool>> {
    let Some(entry) = program.entry(EXECUTE) else {
        return Ok(None);
    };
    let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
    let mut machine = Machine::new();
    let mut shown = None;
    for input in inputs {
        let turn = worker.start(source, &BTreeSet::new(), input, limits)?;
        let Turn::Ended(ended) = turn else {
            // Without tools nothing calls one.
            continue;
        };
        let in_sandbox = ended.run.outcome.ok();
        let argument = tdev_program::Value::from_json(input).ok();
        let in_program = argument.and_then(|argument| {
            let budget = Budget::default();
            let output = program.run(&mut machine, entry, &[argument], budget);
            output.ok()?.to_json().ok()
        });
        let same = match (&in_sandbox, &in_program) {
            (Some(one), Some(other)) => is_same(one, other),
            (None, None) => true,
            _ => false,
        };
        shown = Some(shown.unwrap_or(true) && same);
    }
    Ok(shown)
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let (one, other) = (one.as_f64(), other.as_f64());
            one.zip(other).is_some_and(|(one, other)| {
                (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
            })
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_are_the_same_but_for_last_bits() {
        let output = json!({"a": [1, 0.1, "x"], "b": null});
        assert!(is_same(
            &output,
            &json!({"b": null, "a": [1, 0.100_000_000_000_000_02, "x"]})
        ));
        for other in [
            json!({"a": [1, 0.1, "x"]}),
            json!({"a": [1.0, 0.1, "x"], "b": null}),
            json!({"a": [1, 0.100_001, "x"], "b": null}),
            json!({"a": [1, 0.1], "b": null}),
        ] {
            assert!(!is_same(&output, &other), "{other}");
        }
    }
}
