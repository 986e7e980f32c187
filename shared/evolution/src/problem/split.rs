//! Which cases the search sees, and which are kept from it.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::Case;
use crate::{Purpose, Rng};

/// A text that is the same for inputs that a program cannot tell apart but by types of numbers:
/// keys in order, whole floats as integers.
pub(super) fn canonical(json: &Json) -> String {
    match json {
        Json::Number(number) => match number.as_f64() {
            Some(0.0) => "0".to_owned(),
            Some(value) if number.is_f64() => format!("{value}"),
            _ => number.to_string(),
        },
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(fields) => {
            let sorted: BTreeMap<&String, &Json> = fields.iter().collect();
            let sorted = sorted.into_iter();
            let fields: Vec<String> = sorted
                .map(|(key, value)| format!("{}:{}", Json::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

/// Divides cases into those of the search and those held out, of which there are about `share`,
/// and one of each at least. All cases of one input are on one side. It depends on the name of
/// the problem and its cases alone. None if there are less than two inputs.
pub(super) fn divide(name: &str, cases: Vec<Case>, share: f64) -> Option<(Vec<Case>, Vec<Case>)> {
    let inputs: Vec<String> = cases.iter().map(|case| canonical(&case.input)).collect();
    let mut hash = Sha256::new();
    hash.update(name);
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for input in &inputs {
        hash.update([0]);
        hash.update(input);
        *groups.entry(input).or_default() += 1;
    }
    let digest = hash.finalize();
    let seed = digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let mut rng = Rng::keyed(seed, 0, 0, Purpose::Split);
    let mut order: Vec<(&str, usize)> = groups.into_iter().collect();
    for at in (1..order.len()).rev() {
        order.swap(at, rng.random_range(0..=at));
    }
    let (_, others) = order.split_last()?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most MAX_CASES"
    )]
    let wanted = (share * cases.len() as f64).round().max(1.0) as usize;
    let mut held_out: BTreeSet<&str> = BTreeSet::new();
    let mut count = 0;
    for (input, cases) in others {
        if count >= wanted {
            break;
        }
        held_out.insert(input);
        count += cases;
    }
    if held_out.is_empty() {
        return None;
    }
    let sides: Vec<bool> = inputs
        .iter()
        .map(|input| held_out.contains(input.as_str()))
        .collect();
    let mut sides = sides.into_iter();
    let (held_out, train) = cases.into_iter().partition(|_| sides.next() == Some(true));
    Some((train, held_out))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn case(input: Json) -> Case {
        Case {
            input,
            output: Json::Null,
            weight: 1.0,
        }
    }

    #[test]
    fn inputs_are_the_same_whatever_their_spelling() {
        let same = [
            (json!({"a": 1, "b": 2}), json!({"b": 2.0, "a": 1})),
            (json!([0, -0.0]), json!([0.0, 0])),
        ];
        for (a, b) in same {
            assert_eq!(canonical(&a), canonical(&b));
        }
        for (a, b) in [
            (json!("1"), json!(1)),
            (json!([1]), json!(1)),
            (json!(true), json!(1)),
        ] {
            assert_ne!(canonical(&a), canonical(&b));
        }
    }

    #[test]
    fn one_input_cannot_be_divided() {
        assert_eq!(
            divide("p", vec![case(json!(1)), case(json!(1.0))], 0.5),
            None
        );
        assert_eq!(divide("p", Vec::new(), 0.5), None);
    }

    proptest! {
        #[test]
        fn no_input_is_on_both_sides(inputs in prop::collection::vec(0..30, 2..200), share in 0.05..0.95) {
            let cases: Vec<Case> = inputs.iter().map(|n| case(json!({"n": n}))).collect();
            let kinds: BTreeSet<_> = inputs.iter().collect();
            let Some((train, held_out)) = divide("p", cases.clone(), share) else {
                prop_assert!(kinds.len() < 2);
                return Ok(());
            };
            prop_assert_eq!(train.len() + held_out.len(), cases.len());
            prop_assert!(!train.is_empty() && !held_out.is_empty());
            let of = |cases: &[Case]| cases.iter().map(|c| canonical(&c.input)).collect::<BTreeSet<_>>();
            prop_assert!(of(&train).is_disjoint(&of(&held_out)));
            prop_assert_eq!(divide("p", cases, share), Some((train, held_out)));
        }
    }
}
