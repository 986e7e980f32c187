//! Agents in a process of their own.

use std::process::Command;

use serde_json::{Value, json};
use tdev_domain::{FailureKind, Limits, Tool};
use tdev_sandbox::{Worker, WorkerRun};

use crate::harness::{FixedHost, await_end, source, tools, worker};

fn execute(worker: &mut Worker, text: &str, granted: &[Tool], input: &Value) -> WorkerRun {
    let host = &mut FixedHost::default();
    worker
        .execute(
            &source(text),
            &tools(granted),
            input,
            &Limits::default(),
            host,
        )
        .unwrap()
}

#[test]
fn tool_calls_reach_the_host_and_answers_the_agent() {
    let agent = "def execute(input):\n    log('at', n=input)\n    print('p')\n    return now()\n";
    let mut worker = worker();
    let mut host = FixedHost::default();
    let limits = Limits::default();
    let done = worker
        .execute(
            &source(agent),
            &tools(&Tool::ALL),
            &json!(7),
            &limits,
            &mut host,
        )
        .unwrap();
    assert_eq!(done.run.outcome, Ok(json!("2026-01-02T03:04:05Z")));
    let called: Vec<_> = host.calls.iter().map(|call| call.tool).collect();
    assert_eq!(called, [Tool::Log, Tool::Now]);
    assert_eq!(done.run.logs.len(), 2);
    assert!(done.compiled_bytes > 0);
}

#[test]
fn a_program_is_compiled_once_in_a_process() {
    let agent = "def execute(input):\n    return input\n";
    let mut worker = worker();
    assert!(execute(&mut worker, agent, &[], &json!(1)).compile_us > 0);
    assert_eq!(execute(&mut worker, agent, &[], &json!(2)).compile_us, 0);
}

#[test]
fn null_is_an_input_like_any_other() {
    let agent = "def execute(input):\n    return input is None\n";
    let done = execute(&mut worker(), agent, &[], &Value::Null);
    assert_eq!(done.run.outcome, Ok(json!(true)));
}

#[test]
fn describing_calls_get_capabilities() {
    let agent = "def get_capabilities():\n    return {'description': 'd'}\n";
    let described = worker()
        .describe(&source(agent), &tools(&[]), &Limits::default())
        .unwrap();
    assert_eq!(described.run.outcome, Ok(json!({"description": "d"})));
}

#[test]
fn an_input_too_deep_for_the_way_never_goes() {
    let deep = (0..1_000).fold(json!(1), |inner, _| json!([inner]));
    let mut worker = worker();
    let done = execute(&mut worker, "def execute(i): return 1", &[], &deep);
    assert_eq!(
        done.run.outcome.unwrap_err().kind,
        FailureKind::InputTooLarge
    );
    assert_eq!(worker.process_id(), None);
}

#[test]
fn the_environment_is_not_passed_on() {
    let mut worker = Worker::new(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox-worker"));
        command.env("SECRET", "x");
        command
    });
    execute(&mut worker, "def execute(i): return 1", &[], &Value::Null);
    let id = worker.process_id().unwrap();
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap();
    assert!(environment.is_empty());
}

#[test]
fn a_program_that_does_not_come_up_is_an_error_and_no_failure_of_the_agent() {
    for program in ["/nonexistent/worker", "/bin/false"] {
        let mut worker = Worker::new(move || Command::new(program));
        let host = &mut FixedHost::default();
        let source = source("def execute(i): return 1");
        let result = worker.execute(&source, &tools(&[]), &json!(1), &Limits::default(), host);
        assert!(result.is_err(), "{program}");
    }
}

#[test]
fn a_process_that_ended_while_idle_is_replaced() {
    let agent = "def execute(input):\n    return input\n";
    let mut worker = worker();
    execute(&mut worker, agent, &[], &json!(1));
    let id = worker.process_id().unwrap();
    Command::new("kill")
        .args(["-9", &id.to_string()])
        .status()
        .unwrap();
    await_end(id);
    assert_eq!(
        execute(&mut worker, agent, &[], &json!(2)).run.outcome,
        Ok(json!(2))
    );
    assert_ne!(worker.process_id(), Some(id));
}
