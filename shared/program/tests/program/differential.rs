//! The same programs here, in CPython and in the agents' interpreter.
//!
//! `TDEV_PROGRAMS=100000 cargo test -p tdev-program --test program differential` compares as many
//! programs, each with three inputs.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tdev_domain::{Limits, Source as AgentSource};
use tdev_program::{Budget, Error, Machine, Program, Value, parse};

use tdev_sandbox::{Host, ToolCall, ToolError};

use crate::generate::{self, Source, value};
use crate::python::{Python, decode, encode, exception};

const BATCH: u64 = 100;
const INPUTS: usize = 3;

/// A random program, its inputs, and what comes of each here.
struct Case {
    source: String,
    inputs: Vec<Vec<Value>>,
    outcomes: Vec<Result<Value, Error>>,
}

/// How many runs there were, and how they ended.
#[derive(Debug, Default)]
struct Tally {
    programs: usize,
    values: usize,
    errors: usize,
    integers_too_large: usize,
    out_of_budget: usize,
    outside: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Result<Value, Error>) {
        match outcome {
            Ok(_) => self.values += 1,
            Err(Error::IntegerRange) => self.integers_too_large += 1,
            Err(Error::OutOfFuel | Error::OutOfMemory) => self.out_of_budget += 1,
            Err(error) if exception(*error).is_none() => self.outside += 1,
            Err(_) => self.errors += 1,
        }
    }
}

/// Nothing if it does not compile: a helper hidden by a variable, a float where none is known.
fn case(seed: u64, machine: &mut Machine, tally: &mut Tally) -> Option<Case> {
    let (module, params) = generate::program(seed);
    let source = module.to_string();
    let program = Program::compile(&parse(&source).unwrap()).ok()?;
    let entry = program.entry("f").unwrap();
    let mut random = Source::new(!seed);
    let mut case = Case {
        source,
        inputs: Vec::new(),
        outcomes: Vec::new(),
    };
    let budget = Budget {
        fuel: 200_000,
        memory: 1 << 20,
    };
    tally.programs += 1;
    for _ in 0..INPUTS {
        let inputs: Vec<Value> = params.iter().map(|ty| value(&mut random, *ty)).collect();
        let outcome = program.run(machine, entry, &inputs, budget);
        tally.count(&outcome);
        let known = outcome
            .as_ref()
            .map_or_else(|error| exception(*error).is_some(), |_| true);
        if known {
            case.inputs.push(inputs);
            case.outcomes.push(outcome);
        }
    }
    Some(case)
}

fn check(case: &Case, at: usize, answer: &Json) {
    let same = match &case.outcomes[at] {
        Ok(value) => answer
            .get("value")
            .is_some_and(|other| value.is_identical(&decode(other))),
        // Python looks a method up before it evaluates the arguments; we do so after them.
        Err(error) => {
            answer["error"].as_str() == exception(*error) || answer["error"] == "AttributeError"
        }
    };
    assert!(
        same,
        "{:?} here, {answer} in CPython, of {:?}\n{}",
        case.outcomes[at], case.inputs[at], case.source
    );
}

#[test]
fn differential_with_cpython() {
    let count = u64::from(crate::cases("TDEV_PROGRAMS", 400));
    let mut python = Python::start();
    let mut machine = Machine::new();
    let mut tally = Tally::default();
    for first in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
        let cases: Vec<Case> = (first..(first + BATCH).min(count))
            .filter_map(|seed| case(seed, &mut machine, &mut tally))
            .collect();
        let asked: Vec<Json> = cases
            .iter()
            .map(|case| {
                let inputs: Vec<Vec<Json>> = case
                    .inputs
                    .iter()
                    .map(|all| all.iter().map(encode).collect())
                    .collect();
                json!({"source": case.source, "inputs": inputs})
            })
            .collect();
        let answers = python.ask(&json!(asked));
        let mut answers = answers.iter();
        for case in &cases {
            for at in 0..case.inputs.len() {
                check(case, at, answers.next().expect("an answer for every run"));
            }
        }
    }
    python.stop();
    println!("CPython: {tally:?}");
    let runs = tally.programs * INPUTS;
    assert!(tally.programs as u64 > count * 8 / 10, "{tally:?}");
    assert!(
        tally.values > runs / 3 && tally.errors > runs / 50,
        "{tally:?}"
    );
}

/// What the interpreter of agents makes of one of the inputs.
fn in_sandbox(program: &tdev_sandbox::Program, inputs: &[Value]) -> Option<Result<Json, String>> {
    let inputs: Result<Vec<Json>, _> = inputs.iter().map(Value::to_json).collect();
    let input = Json::Array(inputs.ok()?);
    let run = program.execute(&input, &Limits::default(), &mut NoTools);
    let raised = run
        .outcome
        .map_err(|failure| failure.exception.unwrap_or(failure.message));
    Some(raised.map_err(|name| match name.as_str() {
        "NameError" => "UnboundLocalError".to_owned(),
        _ => name,
    }))
}

struct NoTools;

impl Host for NoTools {
    fn call(&mut self, _: &ToolCall) -> Result<Json, ToolError> {
        Err(ToolError::new("no tools here"))
    }
}

/// The same values as JSON has them, or the same exception. `None` where JSON has no such value.
fn agree(outcome: &Result<Value, Error>, other: &Result<Json, String>) -> Option<bool> {
    match (outcome, other) {
        (Ok(value), Ok(other)) => {
            let value = Value::from_json(&value.to_json().ok()?).unwrap();
            Some(Value::from_json(other).is_ok_and(|other| value.is_identical(&other)))
        }
        (Ok(value), Err(_)) => value.to_json().is_err().then_some(true),
        (Err(error), Err(other)) => Some(exception(*error) == Some(other.as_str())),
        (Err(_), Ok(_)) => Some(false),
    }
}

#[test]
fn differential_with_the_sandbox() {
    tdev_sandbox::silence_interpreter_panics();
    let compared = tdev_sandbox::on_sandbox_thread(|| {
        let count = u64::from(crate::cases("TDEV_PROGRAMS", 200));
        let mut machine = Machine::new();
        let mut tally = Tally::default();
        let (mut compared, mut other_kinds) = (0, 0);
        for seed in 0..count {
            let Some(case) = case(seed, &mut machine, &mut tally) else {
                continue;
            };
            let params = case.inputs.first().map_or(0, Vec::len);
            let arguments: Vec<String> = (0..params).map(|at| format!("input[{at}]")).collect();
            let wrapper = format!(
                "\n\ndef execute(input):\n    return f({})\n",
                arguments.join(", ")
            );
            let text = case.source.clone() + &wrapper;
            let Ok(source) = AgentSource::from_bytes(text.as_bytes()) else {
                continue;
            };
            let program = tdev_sandbox::Program::compile(&source, &BTreeSet::new()).unwrap();
            for (inputs, outcome) in case.inputs.iter().zip(&case.outcomes) {
                let Some(other) = in_sandbox(&program, inputs) else {
                    continue;
                };
                let Some(same) = agree(outcome, &other) else {
                    continue;
                };
                // The interpreter has another kind of error for some operations on booleans;
                // CPython agrees with us, as the test above holds.
                let other_kind = outcome.is_err() && other == Err("TypeError".to_owned());
                assert!(
                    same || other_kind,
                    "{outcome:?} here, {other:?} there, of {inputs:?}\n{}",
                    case.source
                );
                other_kinds += usize::from(!same);
                compared += 1;
            }
        }
        println!("sandbox: {compared} runs compared, {other_kinds} of another error; {tally:?}");
        assert!(other_kinds * 20 < compared, "{other_kinds} of {compared}");
        assert!(compared as u64 > count, "{compared}");
    });
    compared.unwrap();
}
