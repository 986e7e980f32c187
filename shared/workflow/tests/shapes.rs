//! The workflows of common shapes, on the agents that ship.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use tdev_agents::{DURABLE, SAMPLES, SampleAgent};
use tdev_domain::AgentName;
use tdev_workflow::{
    AgentRef, Catalogue, Code, Context, Definition, Kind, Plan, Signature, templates, validate,
};

/// The object behind `"field": ` in the source of `agent`. It is JSON but for Python's constants
/// and commas.
fn declared(agent: &SampleAgent, field: &str) -> Value {
    let (_, text) = agent.source.split_once(&format!("\"{field}\": ")).unwrap();
    let mut json = String::new();
    let mut open = 0;
    for c in text.chars() {
        match c {
            '{' => open += 1,
            '}' | ']' => {
                let kept = json.trim_end().trim_end_matches(',').len();
                json.truncate(kept);
                open -= i32::from(c == '}');
            }
            _ => {}
        }
        json.push(c);
        if open == 0 {
            break;
        }
    }
    let json = json.replace("True", "true").replace("False", "false");
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{}: {error}", agent.name))
}

/// What `agent` says of itself.
fn signature(agent: &SampleAgent) -> Signature {
    Signature {
        input_schema: Some(declared(agent, "input_schema")),
        output_schema: Some(declared(agent, "output_schema")),
    }
}

fn catalogue() -> Catalogue {
    let agents = SAMPLES.iter().chain(DURABLE).map(|agent| {
        let name: AgentName = agent.name.parse().unwrap();
        (AgentRef::from(name), signature(agent))
    });
    Catalogue {
        agents: agents.collect(),
        ..Catalogue::default()
    }
}

#[test]
fn each_runs_on_the_agents_that_ship() {
    let catalogue = catalogue();
    for shape in templates() {
        let definition = Definition::from_yaml(shape.yaml).unwrap();
        assert_eq!(definition.name.as_str(), shape.name);
        let plan = validate(&definition, &catalogue);
        assert!(plan.is_ok(), "{}: {plan:#?}", shape.name);
    }
}

#[test]
fn what_does_not_fit_an_agent_would_be_found() {
    let yaml = templates()[0].yaml;
    let misspelt = yaml.replace("inputs: {text: \"${input.invoice}\"}", "inputs: {texts: a}");
    assert_ne!(misspelt, yaml);
    let definition = Definition::from_yaml(&misspelt).unwrap();
    let problems = validate(&definition, &catalogue()).unwrap_err();
    assert!(problems.iter().all(|p| p.code == Code::TypeMismatch));
    assert!(!problems.is_empty());
}

#[test]
fn each_has_an_example_that_its_first_steps_can_be_called_with() {
    for shape in templates() {
        let definition = Definition::from_yaml(shape.yaml).unwrap();
        let schema = definition.input_schema.clone().unwrap();
        let examples = schema["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{}", shape.name);
        let plan = Plan::new(&definition).unwrap();
        for example in examples {
            for required in schema["required"].as_array().unwrap() {
                assert!(
                    example.get(required.as_str().unwrap()).is_some(),
                    "{required}"
                );
            }
            let context = Context::new(&json!({"input": example, "steps": {}, "run": {}}));
            for root in plan.roots().iter().map(|root| plan.step(*root)) {
                if let Kind::Map(map) = &root.kind {
                    let items = map.over.evaluate(&context).unwrap();
                    assert!(items.as_array().is_some_and(|items| !items.is_empty()));
                } else {
                    let inputs = root.inputs.as_ref().unwrap().evaluate(&context).unwrap();
                    let given = |value: &Value| !value.is_null();
                    assert!(inputs.as_object().unwrap().values().all(given));
                }
            }
        }
    }
}
