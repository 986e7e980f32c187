//! The state machines of `infra/statemachines`: every state leads somewhere that exists, and what
//! they ask of functions and catch of them is what these know.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tdev_domain::evolution::{EvolveRequest, Next, PromoteRequest, TriggerRequest};
use tdev_domain::{ErrorName, RUN_STOPPING, StepRequest};

/// Errors that Step Functions and Lambda have names for.
const OF_AWS: [&str; 10] = [
    "States.ALL",
    "States.Timeout",
    "States.TaskFailed",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Lambda.Unknown",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All definitions, by the name of their file.
fn definitions() -> BTreeMap<String, Value> {
    let folder = root().join("infra/statemachines");
    let files = fs::read_dir(folder).expect("there are state machines");
    let definitions: BTreeMap<_, _> = files
        .map(|file| {
            let path = file.expect("the folder is readable").path();
            let text = fs::read_to_string(&path).expect("a definition is text");
            let definition = serde_json::from_str(&text).expect("a definition is JSON");
            let name = path.file_name().expect("a file has a name");
            (name.to_string_lossy().into_owned(), definition)
        })
        .collect();
    assert!(!definitions.is_empty());
    definitions
}

/// All states of a definition by their names, with those of what its maps do for each item.
fn states(definition: &Value) -> BTreeMap<&String, &Value> {
    let of_level = definition["States"].as_object().expect("there are states");
    let of_maps = of_level
        .values()
        .filter_map(|state| state.get("ItemProcessor"));
    of_level.iter().chain(of_maps.flat_map(states)).collect()
}

/// Every value under one of these keys, wherever it is.
fn under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == key {
                    found.push(value);
                }
                under(value, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(item, key, found)),
        _ => {}
    }
}

fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    under(value, key, &mut found);
    found
}

#[test]
fn every_state_is_reached_and_leads_to_one_that_exists() {
    for (file, definition) in definitions() {
        let states = states(&definition);
        let mut targets: BTreeSet<&str> = BTreeSet::new();
        for key in ["StartAt", "Next", "Default"] {
            let names = all(&definition, key).into_iter();
            targets.extend(names.map(|name| name.as_str().expect("a state's name")));
        }
        let names: BTreeSet<&str> = states.keys().map(|name| name.as_str()).collect();
        assert_eq!(targets, names, "{file}");
        for (name, state) in states {
            let kind = state["Type"].as_str().expect("a state has a type");
            let goes_on = state.get("Next").is_some() || state.get("Default").is_some();
            let ends = matches!(kind, "Succeed" | "Fail") || state["End"] == true;
            assert!(goes_on != ends, "{file}: {name}");
        }
    }
}

#[test]
fn every_task_has_a_time_limit_and_retries_what_may_pass() {
    for (file, definition) in definitions() {
        for (name, state) in states(&definition) {
            if state["Type"] != "Task" {
                continue;
            }
            let limited = ["TimeoutSeconds", "TimeoutSecondsPath"];
            assert!(
                limited.iter().any(|key| state.get(key).is_some()),
                "{file}: {name}"
            );
            let retried = all(&state["Retry"], "ErrorEquals");
            let names: Vec<_> = retried
                .iter()
                .filter_map(|names| names.as_array())
                .flatten()
                .collect();
            for error in ErrorName::ALL {
                let is_retried = names.iter().any(|name| **name == error.as_str());
                assert_eq!(
                    is_retried,
                    error.is_retryable(),
                    "{file}: {name}: {error:?}"
                );
            }
        }
    }
}

#[test]
fn every_error_is_one_that_somebody_raises() {
    let ours: BTreeSet<&str> = ErrorName::ALL.iter().map(|name| name.as_str()).collect();
    for (file, definition) in definitions() {
        for names in all(&definition, "ErrorEquals") {
            for name in names.as_array().expect("a list of names") {
                let name = name.as_str().expect("an error's name");
                let known = ours.contains(name) || OF_AWS.contains(&name) || name == RUN_STOPPING;
                assert!(known, "{file}: nobody raises {name}");
            }
        }
    }
}

/// A value for what a request takes from the execution.
fn sample(file: &str, field: &str) -> Value {
    let digest = "0".repeat(64);
    let shard = json!({"generation": 1, "checkpoint": digest, "from": 0, "to": 5});
    match field {
        "tenant" => "acme".into(),
        "run" => "run_00000000000000000000000000000001".into(),
        "evolution" => "evo_00000000000000000000000000000001".into(),
        "token" => "token".into(),
        "error" => "Internal".into(),
        "leg" => 0.into(),
        "done" => json!([{"shard": shard, "children": digest, "seconds": 1.0}]),
        "shard" => shard,
        other => panic!("{file}: what is {other}?"),
    }
}

/// Whether a function understands the request.
fn understands<T: DeserializeOwned>(request: &Value) -> Result<(), serde_json::Error> {
    serde_json::from_value::<T>(request.clone()).map(drop)
}

#[test]
fn what_is_asked_of_a_function_is_what_it_understands() {
    let mut asked = 0;
    for (file, definition) in definitions() {
        for parameters in all(&definition, "Parameters") {
            let mut request = Map::new();
            let payload = parameters["Payload"].as_object().expect("an object");
            for (field, value) in payload {
                let name = field.trim_end_matches(".$");
                let value = match field.strip_suffix(".$") {
                    None => value.clone(),
                    Some(field) => sample(&file, field),
                };
                request.insert(name.to_owned(), value);
            }
            let request = Value::Object(request);
            let function = parameters["FunctionName"].as_str().expect("a name");
            let understood = match function {
                "${WorkflowStep}" => understands::<StepRequest>(&request),
                "${EvolveGeneration}" | "${ExamineChampion}" => {
                    understands::<EvolveRequest>(&request)
                }
                "${PromoteChampion}" => understands::<PromoteRequest>(&request),
                "${TriggerEvolution}" => understands::<TriggerRequest>(&request),
                other => panic!("{file}: what is {other}?"),
            };
            understood.unwrap_or_else(|error| panic!("{file}: {request}: {error}"));
            asked += 1;
        }
    }
    assert!(asked > 0);
}

#[test]
fn whatever_is_next_for_an_evolution_is_done() {
    let definition = &definitions()["evolution.asl.json"];
    let choices = all(&definition["States"]["Dispatch"], "StringEquals");
    let known: BTreeSet<&str> = choices.iter().filter_map(|name| name.as_str()).collect();
    let mut wanted: BTreeSet<&str> = Next::ALL.into_iter().map(Next::as_str).collect();
    // What is over needs nothing.
    assert!(wanted.remove(Next::Over.as_str()));
    assert_eq!(known, wanted);
    assert_eq!(definition["States"]["Dispatch"]["Default"], "Over");
}

#[test]
fn what_is_held_out_is_read_by_one_function_alone() {
    let definition = &definitions()["evolution.asl.json"];
    for (name, state) in states(definition) {
        let function = &state["Parameters"]["FunctionName"];
        let examines = state["Parameters"]["Payload"]["action"] == "examine";
        assert_eq!(*function == "${ExamineChampion}", examines, "{name}");
    }
    let template = fs::read_to_string(root().join("template.yaml")).expect("there is a template");
    let (_, after) = template
        .split_once("  EvolveGenerationRole:")
        .expect("there is a role");
    let (role, _) = after.split_once("  EvolveGenerationLogs:").expect("an end");
    assert!(role.contains("${Bucket}/problems/train/*"));
    for forbidden in [
        "held-out",
        "${Bucket}/problems/*",
        "${Bucket}/champions",
        "AGENTS",
    ] {
        assert!(!role.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn every_substitution_is_made_by_the_template() {
    let template = fs::read_to_string(root().join("template.yaml")).expect("there is a template");
    for (file, definition) in definitions() {
        let uses = format!("DefinitionUri: infra/statemachines/{file}");
        let (_, after) = template.split_once(&uses).expect("the template deploys it");
        let (_, substitutions) = after
            .split_once("DefinitionSubstitutions:")
            .expect("it substitutes something");
        let made: BTreeSet<&str> = substitutions
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with("        "))
            .filter_map(|line| line.trim().split_once(':').map(|(name, _)| name))
            .collect();
        let text = definition.to_string();
        let wanted: BTreeSet<&str> = text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
            .collect();
        assert_eq!(made, wanted, "{file}");
    }
}
