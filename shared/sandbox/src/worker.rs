//! Agents in a process of their own.
//!
//! A few operations of the interpreter look at neither the clock nor the memory while they work:
//! comparing, printing or encoding a small structure that refers to itself many times over, and
//! arithmetic on integers of millions of digits. Such an operation cannot be stopped from within.
//! The process it runs in can: it is ended when it is overdue or allocates past the ceiling, the
//! run fails with the reason, and the next run gets a new process.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use monty_types::OOM_EXIT_CODE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{AgentFailure, Limits, LogLine, Source, Tool};

use crate::{
    Host, Program, Programs, Progress, Run, ToolCall, ToolError, failure, json,
    memory_limit_is_enforced, on_sandbox_thread, run, silence_interpreter_panics,
};

/// What a turn may take beyond the wall time, for compiling and for the way there and back.
const GRACE: Duration = Duration::from_millis(500);

/// What a process may take to come up.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The programs a worker keeps compiled.
const KEPT_PROGRAMS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// What a worker is asked to do.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    source: String,
    tools: BTreeSet<Tool>,
    limits: Limits,
    task: Task,
}

#[derive(Debug, Serialize, Deserialize)]
enum Task {
    /// Call `get_capabilities()`.
    Describe,
    /// Call `execute` with this.
    Execute(Value),
}

/// What a worker tells of a job.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    /// The process has come up.
    Ready,
    /// The agent called a tool; an [`Answer`] is due.
    Call(ToolCall),
    /// The job is done.
    Done(Done),
}

/// The host's answer to a tool call.
type Answer = Result<Value, String>;

#[derive(Debug, Serialize, Deserialize)]
struct Done {
    outcome: Result<Value, AgentFailure>,
    run_us: u64,
    compile_us: u64,
    compiled_bytes: u64,
    logs: Vec<LogLine>,
}

/// A run in a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRun {
    /// How it went. A source that does not compile is an outcome too.
    pub run: Run,
    /// How long compiling took, in microseconds; 0 if the worker had the program.
    pub compile_us: u64,
    /// The memory that the compiled form holds, in bytes; 0 if it did not come to a run.
    pub compiled_bytes: u64,
}

/// Does the work of a worker process: answers jobs on standard input until it ends.
///
/// # Errors
///
/// The process's allocator is not [`LimitedAllocator`](crate::LimitedAllocator), a message is
/// malformed, or the pipes break.
pub fn serve() -> io::Result<()> {
    if !memory_limit_is_enforced() {
        return Err(io::Error::other(
            "a worker needs LimitedAllocator as its global allocator",
        ));
    }
    silence_interpreter_panics();
    on_sandbox_thread(|| {
        let mut input = io::stdin().lock();
        let mut output = BufWriter::new(io::stdout().lock());
        let programs = Programs::new(KEPT_PROGRAMS);
        send(&mut output, &Word::Ready)?;
        while let Some(job) = receive(&mut input)? {
            let done = work(&programs, &job, &mut input, &mut output)?;
            send(&mut output, &Word::Done(done))?;
        }
        Ok(())
    })?
}

fn work(
    programs: &Programs,
    job: &Job,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Done> {
    let source = Source::from_bytes(job.source.as_bytes()).map_err(io::Error::other)?;
    let (program, compile_us) = match programs.get_or_compile(&source, &job.tools) {
        Ok(compiled) => compiled,
        Err(failure) => return Ok(not_run(failure)),
    };
    let run = match &job.task {
        Task::Describe => program.describe(&job.limits),
        Task::Execute(value) => execute(&program, value, &job.limits, input, output)?,
    };
    Ok(Done {
        outcome: run.outcome,
        run_us: run.run_us,
        compile_us,
        compiled_bytes: program.compiled_bytes(),
        logs: run.logs,
    })
}

fn execute(
    program: &Program,
    value: &Value,
    limits: &Limits,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Run> {
    let mut progress = program.start(value, limits);
    loop {
        match progress {
            Progress::Ended(run) => return Ok(run),
            Progress::Suspended(suspended) => {
                send(output, &Word::Call(suspended.call().clone()))?;
                let answer: Answer = receive(input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                progress = suspended.resume(answer.map_err(ToolError::new));
            }
        }
    }
}

fn not_run(failure: AgentFailure) -> Done {
    Done {
        outcome: Err(failure),
        run_us: 0,
        compile_us: 0,
        compiled_bytes: 0,
        logs: Vec::new(),
    }
}

/// Reads a line of JSON; nothing at the end of the stream.
fn receive<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// Writes a line of JSON.
fn send(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, message)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// A process that runs agents, started when first needed and replaced when an agent ends it.
pub struct Worker {
    command: Box<dyn FnMut() -> Command + Send>,
    process: Option<Process>,
}

struct Process {
    child: Child,
    input: BufWriter<ChildStdin>,
    /// What the process says, until it ends.
    words: Receiver<io::Result<Word>>,
}

impl Worker {
    /// A worker that `command` starts: a program that calls [`serve`]. Its standard streams but
    /// the error stream are taken, and its environment is cleared, so that no secret is in reach.
    pub fn new(command: impl FnMut() -> Command + Send + 'static) -> Self {
        Self {
            command: Box::new(command),
            process: None,
        }
    }

    /// The identifier of the process, while there is one.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.child.id())
    }

    /// Calls `get_capabilities()` of `source`, compiled with `tools`.
    ///
    /// # Errors
    ///
    /// The process cannot be started or spoken to; nothing is known of the agent.
    pub fn describe(
        &mut self,
        source: &Source,
        tools: &BTreeSet<Tool>,
        limits: &Limits,
    ) -> io::Result<WorkerRun> {
        self.run(source, tools, Task::Describe, limits, &mut Unanswered)
    }

    /// Calls `execute(input)` of `source`, compiled with `tools`, `host` answering the tool calls.
    ///
    /// # Errors
    ///
    /// The process cannot be started or spoken to; nothing is known of the agent.
    pub fn execute(
        &mut self,
        source: &Source,
        tools: &BTreeSet<Tool>,
        input: &Value,
        limits: &Limits,
        host: &mut dyn Host,
    ) -> io::Result<WorkerRun> {
        // The process reads no deeper than its decoder allows, so the limit comes first.
        if let Err(failure) = json::check_input(input) {
            return Ok(Ended::Done(not_run(failure)).into());
        }
        self.run(source, tools, Task::Execute(input.clone()), limits, host)
    }

    fn run(
        &mut self,
        source: &Source,
        tools: &BTreeSet<Tool>,
        task: Task,
        limits: &Limits,
        host: &mut dyn Host,
    ) -> io::Result<WorkerRun> {
        let job = Job {
            source: source.as_str().to_owned(),
            tools: tools.clone(),
            limits: *limits,
            task,
        };
        let idle = self.process.take();
        let mut process = match idle.and_then(Process::if_alive) {
            Some(process) => process,
            None => Process::start((self.command)())?,
        };
        // The process goes back only after it has answered; else it is dropped, which ends it.
        let ended = process.work(&job, limits, host)?;
        if let Ended::Done(_) = &ended {
            self.process = Some(process);
        }
        Ok(ended.into())
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("process_id", &self.process_id())
            .finish_non_exhaustive()
    }
}

/// How a job ended.
enum Ended {
    Done(Done),
    /// The agent took the process with it.
    Died(AgentFailure, Duration),
}

impl From<Ended> for WorkerRun {
    fn from(ended: Ended) -> Self {
        let done = match ended {
            Ended::Done(done) => done,
            Ended::Died(failure, after) => Done {
                run_us: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
                ..not_run(failure)
            },
        };
        Self {
            run: Run {
                outcome: done.outcome,
                run_us: done.run_us,
                logs: done.logs,
            },
            compile_us: done.compile_us,
            compiled_bytes: done.compiled_bytes,
        }
    }
}

impl Process {
    fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker's streams are not there"));
        };
        let (heard, words) = mpsc::channel();
        thread::Builder::new()
            .name("sandbox-ear".to_owned())
            .spawn(move || {
                let mut output = BufReader::new(output);
                while let Some(word) = receive(&mut output).transpose() {
                    if heard.send(word).is_err() {
                        break;
                    }
                }
            })?;
        let process = Self {
            child,
            input: BufWriter::new(input),
            words,
        };
        match process.words.recv_timeout(START_LIMIT) {
            Ok(Ok(Word::Ready)) => Ok(process),
            Ok(Err(error)) => Err(error),
            _ => Err(io::Error::other("the worker did not come up")),
        }
    }

    /// The process, unless it ended while it was idle.
    fn if_alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    fn work(&mut self, job: &Job, limits: &Limits, host: &mut dyn Host) -> io::Result<Ended> {
        let mut left = Duration::from_millis(limits.wall_time_ms.into()) + GRACE;
        send(&mut self.input, job)?;
        loop {
            let since = Instant::now();
            let word = match self.words.recv_timeout(left) {
                Ok(word) => word?,
                Err(RecvTimeoutError::Timeout) => {
                    return Ok(Ended::Died(failure::timed_out(limits), left));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Ended::Died(self.cause_of_death(limits)?, since.elapsed()));
                }
            };
            left = left.saturating_sub(since.elapsed());
            match word {
                Word::Done(done) => return Ok(Ended::Done(done)),
                Word::Ready => return Err(io::Error::other("the worker began anew")),
                Word::Call(call) => {
                    let answer: Answer = match host.call(&call) {
                        Ok(value) if json::check_input(&value).is_err() => {
                            Err(run::ANSWER_TOO_LARGE.to_owned())
                        }
                        Ok(value) => Ok(value),
                        Err(error) => Err(error.message),
                    };
                    send(&mut self.input, &answer)?;
                }
            }
        }
    }

    fn cause_of_death(&mut self, limits: &Limits) -> io::Result<AgentFailure> {
        let status = self.child.wait()?;
        tracing::warn!(%status, "an agent ended its worker process");
        Ok(if status.code() == Some(OOM_EXIT_CODE) {
            failure::out_of_memory(limits)
        } else {
            failure::interpreter("the agent made the interpreter's process end")
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stands where no tool call can come.
struct Unanswered;

impl Host for Unanswered {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        Err(ToolError::new(format!("'{}' is not available", call.tool)))
    }
}
