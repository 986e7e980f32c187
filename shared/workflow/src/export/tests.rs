//! State machines, and what cannot be one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::templates;

fn export(yaml: &str) -> Result<StateMachine, Vec<Problem>> {
    export_state_machine(&Definition::from_yaml(yaml).unwrap())
}

/// The names of states that `state` leads to.
fn targets(state: &Value) -> Vec<&str> {
    let lists = ["Choices", "Catch"]
        .iter()
        .filter_map(|list| state[*list].as_array());
    let mut targets: Vec<_> = lists
        .flatten()
        .filter_map(|rule| rule["Next"].as_str())
        .collect();
    targets.extend(state["Next"].as_str());
    targets.extend(state["Default"].as_str());
    targets
}

/// Checks one list of states, and puts the names of all of them into `names`.
fn check(machine: &Value, names: &mut Vec<String>) {
    let states = machine["States"].as_object().unwrap();
    let mut reached = vec![machine["StartAt"].as_str().unwrap()];
    let mut seen = 0;
    let mut ends = 0;
    while let Some(name) = reached.get(seen).copied() {
        seen += 1;
        let state = states
            .get(name)
            .unwrap_or_else(|| panic!("no state {name}"));
        let kind = state["Type"].as_str().unwrap();
        let ended = state["End"] == json!(true);
        ends += usize::from(ended);
        let ways = [state["Next"].is_string(), ended, kind == "Choice"];
        assert_eq!(
            ways.iter().filter(|way| **way).count(),
            1,
            "{name}: {state}"
        );
        for target in targets(state) {
            if !reached.contains(&target) {
                reached.push(target);
            }
        }
        for inner in state["Branches"].as_array().into_iter().flatten() {
            check(inner, names);
        }
        if kind == "Map" {
            check(&state["ItemProcessor"], names);
        }
        assert!(name.chars().count() <= 80, "{name}");
        names.push(name.to_owned());
    }
    assert!(ends > 0, "nothing ends: {machine}");
    assert_eq!(
        reached.len(),
        states.len(),
        "not every state is reached: {machine}"
    );
}

fn checked(yaml: &str) -> StateMachine {
    let machine = export(yaml).unwrap();
    let mut names = Vec::new();
    check(&machine.definition, &mut names);
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two states have the same name");
    machine
}

fn shape(name: &str) -> &'static str {
    templates()
        .iter()
        .find(|shape| shape.name == name)
        .unwrap()
        .yaml
}

#[test]
fn a_choice_and_an_approval() {
    insta::assert_json_snapshot!(checked(shape("approval-gate")).definition);
}

const DIAMOND: &str = r#"
name: diamond
max_in_flight: 4
output: {text: "From ${run.id}: ${steps.join.output || 'nothing'}", raw: "{% x %}"}
steps:
  - {id: first, agent: {name: reader, version: 2}, inputs: {url: "${input.url}"}}
  - {id: left, agent: reader, depends_on: [first], retry: {on: [timed_out], backoff: {initial_seconds: 0.2, cap_seconds: 1}}}
  - {id: right, map: {over: steps.first.output.pages, concurrency: 100, agent: reader}, inputs: {page: "${item.url}", n: "${index}"}, depends_on: [first]}
  - {id: more, wait: {seconds: 5}, depends_on: [right], when: "steps.right.output[0].more"}
  - {id: join, agent: writer, inputs: {pages: "${steps.right.output}"}, depends_on: [{step: left, kind: soft}, {step: more, kind: soft}, right], cache: {ttl_seconds: 9}, retry: {max_attempts: 1}}
"#;

#[test]
fn steps_side_by_side() {
    let machine = checked(DIAMOND);
    insta::assert_json_snapshot!(json!({
        "definition": machine.definition, "notes": machine.notes
    }));
}

#[test]
fn what_a_state_machine_cannot_do_is_told_with_its_place() {
    let saga = export(shape("saga")).unwrap_err();
    let functions = export(shape("sequence")).unwrap_err();
    let crossing = export(
        "
name: crossing
steps:
  - {id: d, agent: x, depends_on: [b]}
  - {id: a, agent: x}
  - {id: b, agent: x}
  - {id: c, agent: x, depends_on: [a, b]}
",
    )
    .unwrap_err();
    let kinds = export(
        "
name: kinds
output: {a: '${steps.a.output[*].b}'}
steps:
  - {id: a, task: {}}
  - {id: b, workflow: other, depends_on: [a]}
  - {id: c, map: {over: input, task: {}}, depends_on: [b]}
  - {id: d, agent: x, depends_on: [c], when: 'run.version == `1`'}
",
    )
    .unwrap_err();
    let wrong = export("{name: wrong, steps: [{id: a, agent: x, depends_on: [b]}]}").unwrap_err();
    insta::assert_json_snapshot!(json!({
        "saga": saga, "functions": functions, "crossing": crossing, "kinds": kinds, "wrong": wrong,
    }));
}

proptest! {
    /// Any graph becomes states that lead somewhere, or has the four steps that it is refused for.
    #[test]
    fn a_graph_is_put_into_states_or_refused(
        edges in prop::collection::vec((0..8_usize, 0..8_usize, any::<bool>()), 0..12),
        conditional in prop::collection::vec(any::<bool>(), 8),
    ) {
        let mut steps: Vec<Value> = (0..8)
            .map(|n| json!({"id": format!("s{n}"), "agent": "x", "depends_on": []}))
            .collect();
        for (one, other, is_hard) in edges {
            let (before, after) = (one.min(other), one.max(other));
            let id = format!("s{before}");
            let depends_on = steps[after]["depends_on"].as_array_mut().unwrap();
            if before < after && depends_on.iter().all(|d| d["step"] != json!(id)) {
                let kind = if is_hard { "hard" } else { "soft" };
                depends_on.push(json!({"step": id, "kind": kind}));
            }
        }
        for (step, is_conditional) in steps.iter_mut().zip(conditional) {
            if is_conditional {
                step["when"] = json!("input.a == `1`");
            }
        }
        let written = json!({"name": "random", "steps": steps}).to_string();
        match export(&written) {
            Ok(_) => {
                checked(&written);
            }
            Err(problems) => {
                let definition = Definition::from_yaml(&written).unwrap();
                let found = decompose(&Plan::new(&definition).unwrap()).unwrap_err();
                let four = [found.a, found.b, found.c, found.d];
                prop_assert_eq!(problems.len(), 1);
                for (n, one) in four.iter().enumerate() {
                    prop_assert!(four[n + 1..].iter().all(|other| other != one));
                }
            }
        }
    }
}
