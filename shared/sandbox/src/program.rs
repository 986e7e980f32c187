//! A compiled agent.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use monty::MontyRun;
use monty_types::{CompileOptions, MontyObject, PrintWriter};
use serde_json::Value;
use tdev_domain::{AgentFailure, Limits, Source, Tool};

use crate::names::Names;
use crate::reference::Reference;
use crate::run::{self, Host, Progress, Run, Session, ToolCall, ToolError};
use crate::transcript::Transcript;
use crate::wrapper::{self, Layout};
use crate::{SnapshotFailure, failure, json, memory};

/// A compiled agent with the tools it was granted. Cheap to clone; all runs of it share the
/// compiled form.
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    /// Not for two threads at once; nor are two runs.
    run: Mutex<MontyRun>,
    fixed_inputs: Vec<MontyObject>,
    layout: Layout,
    /// Made when first needed: most runs are never written.
    reference: OnceLock<Result<Reference, postcard::Error>>,
    bytes: u64,
}

/// What a run is for.
enum Call<'a> {
    /// `get_capabilities()`.
    Describe,
    /// `execute(input)`.
    Execute(&'a Value),
}

impl Program {
    /// Compiles `source`, granting `tools`.
    ///
    /// # Errors
    ///
    /// [`InvalidSource`](tdev_domain::FailureKind::InvalidSource), with the line and an excerpt,
    /// for what is not Python, for Python the interpreter lacks, and for names that begin with
    /// `__tdev`.
    pub fn compile(source: &Source, tools: &BTreeSet<Tool>) -> Result<Self, AgentFailure> {
        let text = normalised(source.as_str());
        memory::guarded(|| Self::compile_text(&text, tools))
            .unwrap_or_else(|_| Err(failure::interpreter("the source made the compiler fail")))
    }

    fn compile_text(text: &str, tools: &BTreeSet<Tool>) -> Result<Self, AgentFailure> {
        let names = Names::of(text)?;
        let wrapped = wrapper::wrap(text, &names, tools);
        let layout = wrapped.layout;
        let (run, bytes) = memory::measured(|| {
            MontyRun::new(
                wrapped.text,
                "agent.py",
                wrapped.input_names,
                CompileOptions::default(),
            )
        });
        let run = run.map_err(|error| failure::uncompilable(text, &layout, &error))?;
        Ok(Self(Arc::new(Compiled {
            run: Mutex::new(run),
            fixed_inputs: wrapped.fixed_inputs,
            layout,
            reference: OnceLock::new(),
            bytes: bytes as u64,
        })))
    }

    /// The memory that the compiled form holds, in bytes; 0 if the process does not count its
    /// memory (see [`memory_limit_is_enforced`](crate::memory_limit_is_enforced)).
    pub fn compiled_bytes(&self) -> u64 {
        self.0.bytes
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.0.layout
    }

    /// What snapshots of its runs are written against.
    pub(crate) fn reference(&self) -> Result<&Reference, SnapshotFailure> {
        let made = self
            .0
            .reference
            .get_or_init(|| Reference::of(&self.monty()));
        let failed = |error: &postcard::Error| SnapshotFailure::Unwritable(error.clone());
        made.as_ref().map_err(failed)
    }

    /// Calls `get_capabilities()`. Tools, where granted, raise an exception.
    pub fn describe(&self, limits: &Limits) -> Run {
        self.complete(&Call::Describe, limits, &mut NoHost)
    }

    /// Calls `execute(input)` and runs it to the end, `host` answering the tool calls.
    pub fn execute(&self, input: &Value, limits: &Limits, host: &mut dyn Host) -> Run {
        self.complete(&Call::Execute(input), limits, host)
    }

    /// Calls `execute(input)` and runs it to its first tool call or its end.
    pub fn start(&self, input: &Value, limits: &Limits) -> Progress {
        self.begin(&Call::Execute(input), limits)
    }

    fn complete(&self, call: &Call<'_>, limits: &Limits, host: &mut dyn Host) -> Run {
        if self.0.layout.tools.is_empty() {
            return self.run_through(call, limits);
        }
        let mut progress = self.begin(call, limits);
        loop {
            match progress {
                Progress::Ended(run) => return run,
                Progress::Suspended(suspended) => {
                    let calls = suspended.calls().iter();
                    let answers = calls.map(|call| host.call(call)).collect();
                    progress = suspended.resume(answers);
                }
            }
        }
    }

    fn begin(&self, call: &Call<'_>, limits: &Limits) -> Progress {
        let session = Session::new(self.clone(), *limits);
        session.advance(|print| {
            let inputs = self.inputs(call)?;
            let tracker = run::tracker(limits);
            let copy = self.monty().clone();
            Ok(copy.start(inputs, tracker, print))
        })
    }

    /// Runs without the means to suspend, which spares a copy of the program's tables.
    fn run_through(&self, call: &Call<'_>, limits: &Limits) -> Run {
        let mut transcript = Transcript::default();
        let print = PrintWriter::Callback(&mut transcript);
        let turn = memory::turn(limits, 0, || {
            let inputs = self.inputs(call)?;
            Ok(self.monty().run(inputs, run::tracker(limits), print))
        });
        run::ended(
            turn.result,
            turn.elapsed,
            transcript,
            &self.0.layout,
            limits,
        )
    }

    fn monty(&self) -> MutexGuard<'_, MontyRun> {
        // Runs leave nothing in the compiled form but caches, so one that panicked did no harm.
        self.0.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inputs(&self, call: &Call<'_>) -> Result<Vec<MontyObject>, AgentFailure> {
        let (describe, input) = match call {
            Call::Describe => (true, MontyObject::None),
            Call::Execute(input) => (false, json::input(input)?),
        };
        let mut inputs = Vec::with_capacity(2 + self.0.fixed_inputs.len());
        inputs.push(MontyObject::Bool(describe));
        inputs.push(input);
        inputs.extend(self.0.fixed_inputs.iter().cloned());
        Ok(inputs)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("tools", &self.0.layout.tools)
            .field("compiled_bytes", &self.0.bytes)
            .finish_non_exhaustive()
    }
}

/// A source's text without a byte-order mark, its lines ended as Python sees them.
fn normalised(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Answers no tool call.
struct NoHost;

impl Host for NoHost {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        Err(ToolError::new(format!(
            "'{}' is not available in get_capabilities()",
            call.tool
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_and_a_suspended_run_can_go_to_another_thread() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Sync>() {}
        is_send::<Program>();
        is_sync::<Program>();
        is_send::<run::Suspended>();
        is_send::<Run>();
    }

    #[test]
    fn a_program_has_the_same_reference_however_often_it_is_compiled() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile");
        let hostile = std::fs::read_dir(folder).unwrap();
        let hostile = hostile.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let samples = tdev_agents::SAMPLES.iter().chain(tdev_agents::DURABLE);
        let samples = samples.map(|sample| sample.source.to_owned());
        let tools = Tool::ALL.into();
        let digest = |text: &str| {
            let source = Source::from_bytes(text.as_bytes()).unwrap();
            let program = Program::compile(&source, &tools).ok()?;
            Some(program.reference().unwrap().digest())
        };
        let mut compared = 0;
        crate::on_sandbox_thread(|| {
            for text in hostile.chain(samples) {
                if let Some(first) = digest(&text) {
                    assert!((0..8).all(|_| digest(&text) == Some(first)), "{text}");
                    compared += 1;
                }
            }
        })
        .unwrap();
        assert!(compared > 100, "{compared}");
    }

    #[test]
    fn lines_end_as_in_python() {
        assert_eq!(normalised("\u{feff}a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
