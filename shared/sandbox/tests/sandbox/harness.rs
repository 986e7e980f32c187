//! What the tests share.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Mutex, Once, PoisonError};

use serde_json::{Value, json};
use tdev_domain::{AgentFailure, Limits, Source, Tool};
use tdev_sandbox::{Host, Program, Run, ToolCall, ToolError, Worker};

/// Answers as [`answer`] does, and keeps the calls.
#[derive(Debug, Default)]
pub(crate) struct FixedHost {
    pub(crate) calls: Vec<ToolCall>,
}

/// What a world answers in which nothing changes.
pub(crate) fn answer(call: &ToolCall) -> Value {
    match call.tool {
        Tool::Now => json!("2026-01-02T03:04:05Z"),
        Tool::Random => json!(0.25),
        Tool::Recall => call.args["default"].clone(),
        Tool::CallAgent => json!({"agent": call.args["name"], "got": call.args["input"]}),
        Tool::WaitFor => json!({"signal": call.args["signal"]}),
        Tool::HttpGet | Tool::HttpPost => json!({"status": 200, "headers": {}, "body": "ok"}),
        Tool::Llm => json!("an answer"),
        Tool::Log | Tool::Sleep | Tool::Remember | Tool::Forget | Tool::Emit => Value::Null,
    }
}

impl Host for FixedHost {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        self.calls.push(call.clone());
        Ok(answer(call))
    }
}

pub(crate) fn source(text: &str) -> Source {
    Source::from_bytes(text.as_bytes()).unwrap()
}

pub(crate) fn tools(names: &[Tool]) -> BTreeSet<Tool> {
    names.iter().copied().collect()
}

pub(crate) fn compile(text: &str, granted: &[Tool]) -> Result<Program, AgentFailure> {
    Program::compile(&source(text), &tools(granted))
}

/// Compiles and executes on a thread fit for it.
pub(crate) fn run(text: &str, granted: &[Tool], input: &Value) -> Run {
    run_under(text, granted, input, &Limits::default())
}

pub(crate) fn run_under(text: &str, granted: &[Tool], input: &Value, limits: &Limits) -> Run {
    sandboxed(|| match compile(text, granted) {
        Ok(program) => program.execute(input, limits, &mut FixedHost::default()),
        Err(failure) => Run {
            outcome: Err(failure),
            run_us: 0,
            logs: Vec::new(),
        },
    })
}

/// A worker of this build.
pub(crate) fn worker() -> Worker {
    Worker::new(|| Command::new(env!("CARGO_BIN_EXE_sandbox-worker")))
}

/// Waits until `process`, a child of this one that was killed, has ended with all its threads.
pub(crate) fn await_end(process: u32) {
    let ended = || {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
        state.contains(") Z") && threads.count() == 1
    };
    while !ended() {
        std::thread::yield_now();
    }
}

/// Runs on a thread fit for it, one at a time: memory is counted for the process as a whole.
pub(crate) fn sandboxed<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static SILENCE: Once = Once::new();
    SILENCE.call_once(tdev_sandbox::silence_interpreter_panics);
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    tdev_sandbox::on_sandbox_thread(work).unwrap()
}
