//! The platform's sample agents, as the sandbox runs them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tdev_agents::{DURABLE, HOSTILE, SAMPLES, SampleAgent};
use tdev_domain::{Limits, Manifest, ManifestDraft, Tool};
use tdev_sandbox::{Host, ToolCall, ToolError};

use crate::harness::{FixedHost, answer, compile, run, sandboxed};

fn manifest(sample: &SampleAgent) -> Manifest {
    let described = sandboxed(|| {
        let program = compile(sample.source, &Tool::ALL).unwrap();
        program.describe(&Limits::default()).outcome.unwrap()
    });
    let draft: ManifestDraft = serde_json::from_value(described).unwrap();
    Manifest::merge(draft, ManifestDraft::default()).unwrap()
}

#[test]
fn every_example_of_a_sample_gives_the_output_it_declares() {
    for sample in SAMPLES.iter().chain(DURABLE) {
        let manifest = manifest(sample);
        let tools: Vec<Tool> = manifest.tools.into_iter().collect();
        for example in manifest.examples {
            let output = run(sample.source, &tools, &example.input).outcome.unwrap();
            if let Some(expected) = example.output {
                assert_eq!(output, expected, "{}", sample.name);
            }
        }
        let input = serde_json::from_str(sample.input).unwrap();
        run(sample.source, &tools, &input).outcome.unwrap();
    }
}

#[test]
fn every_sample_has_utterances_to_learn_from() {
    for sample in SAMPLES.iter().chain(DURABLE).chain([&HOSTILE]) {
        let utterances = manifest(sample).utterances;
        assert!((5..=10).contains(&utterances.len()), "{}", sample.name);
    }
}

/// A world with a memory, other agents and people who send signals.
#[derive(Default)]
struct World {
    memory: BTreeMap<String, Value>,
    signal: Option<Value>,
    calls: Vec<ToolCall>,
}

impl Host for World {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        self.calls.push(call.clone());
        let text = |name: &str| call.args[name].as_str().unwrap_or_default().to_owned();
        match call.tool {
            Tool::Remember => {
                self.memory.insert(text("key"), call.args["value"].clone());
                Ok(Value::Null)
            }
            Tool::Forget => {
                self.memory.remove(&text("key"));
                Ok(Value::Null)
            }
            Tool::Recall => {
                let kept = self.memory.get(&text("key"));
                Ok(kept.unwrap_or(&call.args["default"]).clone())
            }
            Tool::WaitFor => self
                .signal
                .take()
                .ok_or_else(|| ToolError::new("timed_out: nobody sent 'approve'")),
            Tool::CallAgent => {
                let called = SAMPLES.iter().find(|agent| agent.name == text("name"));
                let called = called.ok_or_else(|| ToolError::new("failed: no such agent"))?;
                let program = compile(called.source, &[]).unwrap();
                let limits = Limits::default();
                let run = program.execute(&call.args["input"], &limits, &mut FixedHost::default());
                run.outcome.map_err(|e| ToolError::new(e.to_string()))
            }
            _ => Ok(answer(call)),
        }
    }
}

impl World {
    fn run(&mut self, name: &str, input: &Value) -> Value {
        let sample = DURABLE.iter().find(|agent| agent.name == name).unwrap();
        let tools: Vec<Tool> = manifest(sample).tools.into_iter().collect();
        sandboxed(|| {
            let program = compile(sample.source, &tools).unwrap();
            let run = program.execute(input, &Limits::default(), self);
            run.outcome.unwrap()
        })
    }

    fn run_on_its_input(&mut self, name: &str) -> Value {
        let sample = DURABLE.iter().find(|agent| agent.name == name).unwrap();
        self.run(name, &serde_json::from_str(sample.input).unwrap())
    }

    fn args_of(&self, tool: Tool) -> Vec<&Value> {
        let calls = self.calls.iter().filter(|call| call.tool == tool);
        calls.map(|call| &call.args).collect()
    }
}

#[test]
fn the_reminder_sleeps_and_sends() {
    let mut world = World::default();
    let output = world.run_on_its_input("reminder");
    assert_eq!(output["due_after"], json!([3, 5]));
    assert_eq!(output["sent_at"].as_array().unwrap().len(), 2);
    assert_eq!(
        world.args_of(Tool::Sleep),
        [&json!({"seconds": 3}), &json!({"seconds": 2})]
    );
    assert_eq!(
        world.args_of(Tool::Emit)[1]["detail"],
        json!({"message": "Take the bread out of the oven", "number": 2, "of": 2})
    );
}

#[test]
fn the_approval_desk_asks_once_and_keeps_the_verdict() {
    let mut world = World::default();
    assert_eq!(
        world.run_on_its_input("approval-desk")["verdict"],
        "expired"
    );
    world.signal = Some(json!({"approved": true, "by": "Maren", "comment": "Enjoy."}));
    let approved = world.run_on_its_input("approval-desk");
    assert_eq!(
        approved,
        json!({
            "request": "workshop-2026-03",
            "verdict": "approved",
            "by": "Maren",
            "comment": "Enjoy.",
        })
    );
    assert_eq!(world.run_on_its_input("approval-desk"), approved);
    assert_eq!(world.args_of(Tool::WaitFor).len(), 2);
    let mut stern = World {
        signal: Some(json!(false)),
        ..World::default()
    };
    assert_eq!(
        stern.run_on_its_input("approval-desk")["verdict"],
        "refused"
    );
}

#[test]
fn the_order_desk_combines_what_others_say() {
    let mut world = World::default();
    let ticket = world.run_on_its_input("order-desk");
    assert_eq!(ticket["status"], "ready", "{ticket:#}");
    assert_eq!(ticket["sum"], 932.0);
    assert_eq!(ticket["lines"].as_array().unwrap().len(), 3);
    assert!(!ticket["topics"].as_array().unwrap().is_empty());
    assert_eq!(world.args_of(Tool::CallAgent).len(), 3);
}

#[test]
fn the_visit_counter_counts_from_call_to_call() {
    let mut world = World::default();
    let mut count = |input: Value| world.run("visit-counter", &input);
    let one = json!({"page": "home"});
    assert_eq!(
        count(one.clone()),
        json!({"page": "home", "visits": 1, "milestone": 1})
    );
    assert_eq!(
        count(json!({"page": "home", "visits": 9})),
        json!({"page": "home", "visits": 10, "milestone": 10})
    );
    assert_eq!(count(one.clone())["visits"], 11);
    assert_eq!(count(json!({"page": "blog"}))["visits"], 1);
    assert_eq!(count(json!({"page": "home", "reset": true}))["visits"], 0);
    assert_eq!(count(one)["visits"], 1);
}

#[test]
fn a_sample_runs_the_same_twice() {
    for sample in SAMPLES {
        let input = serde_json::from_str(sample.input).unwrap();
        let outcomes = sandboxed(|| {
            let program = compile(sample.source, &Tool::ALL).unwrap();
            [(); 2].map(|()| {
                program
                    .execute(&input, &Limits::default(), &mut FixedHost::default())
                    .outcome
            })
        });
        assert_eq!(outcomes[0], outcomes[1], "{}", sample.name);
    }
}

#[test]
fn the_hostile_sample_gets_nowhere() {
    let run = run(HOSTILE.source, &Tool::ALL, &json!({}));
    assert!(run.outcome.is_err(), "{:?}", run.outcome);
}
