//! JSON in, through an agent that returns its input, and out again.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tdev_domain::limits::MAX_JSON_DEPTH;
use tdev_domain::{FailureKind, Tool};

use crate::harness::run;

const IDENTITY: &str = "def execute(input):\n    return input\n";

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_value_comes_back_as_it_went_in(value in any_json()) {
        for granted in [&[][..], &Tool::ALL] {
            prop_assert_eq!(run(IDENTITY, granted, &value).outcome, Ok(value.clone()));
        }
    }
}

#[test]
fn numbers_at_the_edges_come_back() {
    let numbers = json!([
        0,
        -0.0,
        i64::MAX,
        i64::MIN,
        u64::MAX,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        0.1,
        1e22,
        1.0
    ]);
    let run = run(IDENTITY, &[], &numbers);
    assert_eq!(run.outcome.unwrap().to_string(), numbers.to_string());
}

#[test]
fn the_deepest_value_comes_back_and_a_deeper_one_does_not_go_in() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!({"x": inner}));
    let deepest = nested(MAX_JSON_DEPTH);
    assert_eq!(run(IDENTITY, &[], &deepest).outcome, Ok(deepest));
    let failure = run(IDENTITY, &[], &nested(MAX_JSON_DEPTH + 1))
        .outcome
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::InputTooLarge);
}

#[test]
fn a_large_value_comes_back() {
    let large: Value = (0..20_000).map(|n| json!([n])).collect();
    assert_eq!(run(IDENTITY, &[], &large).outcome, Ok(large));
}
