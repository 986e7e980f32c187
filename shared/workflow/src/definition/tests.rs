//! The forms in which a definition may be written.

use serde_json::{Value, json};

use super::*;

fn step(fields: &Value) -> Result<Step, String> {
    let mut step = json!({"id": "a"});
    for (name, value) in fields.as_object().unwrap() {
        step[name] = value.clone();
    }
    serde_json::from_value(step).map_err(|error| error.to_string())
}

#[test]
fn what_is_left_out_takes_its_default() {
    let expected = Step::new(
        "a".parse().unwrap(),
        Kind::Agent(AgentRef {
            name: "x".parse().unwrap(),
            version: None,
        }),
    );
    assert_eq!(step(&json!({"agent": "x"})).unwrap(), expected);
    assert_eq!(
        serde_json::to_value(expected).unwrap(),
        json!({"id": "a", "agent": "x"})
    );
    let definition = Definition::from_json(r#"{"name": "w", "steps": []}"#).unwrap();
    assert_eq!(definition.deadline_seconds, 86_400);
}

#[test]
fn short_forms_stand_for_long_ones() {
    for (short, long) in [
        (json!({"agent": "x"}), json!({"agent": {"name": "x"}})),
        (
            json!({"workflow": "x"}),
            json!({"workflow": {"name": "x", "version": null}}),
        ),
        (
            json!({"agent": "x", "depends_on": ["b"]}),
            json!({"agent": "x", "depends_on": [{"step": "b", "kind": "hard"}]}),
        ),
        (
            json!({"map": {"over": "input", "task": {}}}),
            json!({"map": {"over": "input", "task": {}, "concurrency": 10}}),
        ),
        (
            json!({"agent": "x", "retry": {}}),
            json!({"agent": "x", "retry": {"max_attempts": 4, "jitter": true}}),
        ),
    ] {
        assert_eq!(step(&short).unwrap(), step(&long).unwrap(), "{short}");
    }
}

#[test]
fn a_step_has_one_kind() {
    for fields in [
        json!({}),
        json!({"agent": "x", "task": {}}),
        json!({"map": {"over": "input"}}),
        json!({"map": {"over": "input", "agent": "x", "task": {}}}),
    ] {
        let error = step(&fields).unwrap_err();
        assert!(error.contains("expected exactly one of"), "{error}");
    }
}

#[test]
fn a_misspelt_field_is_refused_wherever_it_is() {
    for fields in [
        json!({"agent": "x", "dependson": []}),
        json!({"agent": {"name": "x", "ver": 1}}),
        json!({"agent": "x", "depends_on": [{"step": "b", "type": "soft"}]}),
        json!({"agent": "x", "retry": {"attempts": 3}}),
        json!({"agent": "x", "retry": {"backoff": {"cap": 3}}}),
        json!({"map": {"over": "input", "agent": "x", "size": 3}}),
        json!({"choice": {"branches": [{"if": "input", "then": []}]}}),
        json!({"wait": {"minutes": 3}}),
    ] {
        let error = step(&fields).unwrap_err();
        assert!(error.contains("unknown"), "{error}");
    }
}

#[test]
fn a_definition_is_the_same_in_both_languages() {
    let json = r#"{"name": "w", "max_in_flight": 2, "steps": [{"id": "on", "expected_seconds": 3, "agent": {"name": "x", "version": 3},
        "retry": {"on": ["stalled"]}, "inputs": {"no": [1, 1.5, "1", null, true, "~"]}}]}"#;
    let yaml = "
name: w
max_in_flight: 2
steps:
  - id: on
    expected_seconds: 3
    agent: {name: x, version: 3}
    retry: {on: [stalled]}
    inputs: {no: [1, 1.5, '1', ~, true, '~']}
";
    assert_eq!(Definition::from_json(json), Definition::from_yaml(yaml));
}
