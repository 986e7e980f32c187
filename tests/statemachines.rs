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

use serde_json::{Map, Value};
use tdev_domain::{ErrorName, RUN_STOPPING, StepRequest};

/// Errors that Step Functions and Lambda have names for.
const OF_AWS: [&str; 6] = [
    "States.Timeout",
    "States.TaskFailed",
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

fn states(definition: &Value) -> &Map<String, Value> {
    definition["States"].as_object().expect("there are states")
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
        let names: BTreeSet<&str> = states.keys().map(String::as_str).collect();
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

#[test]
fn what_is_asked_of_a_function_is_what_it_understands() {
    let mut asked = 0;
    for (file, definition) in definitions() {
        for payload in all(&definition, "Payload") {
            let mut request = Map::new();
            for (field, value) in payload.as_object().expect("an object") {
                let value = match field.strip_suffix(".$") {
                    None => value.clone(),
                    Some("tenant") => "acme".into(),
                    Some("run") => "run_00000000000000000000000000000001".into(),
                    Some("token") => "token".into(),
                    Some(other) => panic!("{file}: what is {other}?"),
                };
                request.insert(field.trim_end_matches(".$").to_owned(), value);
            }
            let request = serde_json::from_value::<StepRequest>(Value::Object(request));
            request.unwrap_or_else(|error| panic!("{file}: {payload}: {error}"));
            asked += 1;
        }
    }
    assert!(asked > 0);
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
