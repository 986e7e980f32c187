//! Agents in a process of their own.
//!
//! A few operations of the interpreter look at neither the clock nor the memory while they work:
//! comparing, printing or encoding a small structure that refers to itself many times over, and
//! arithmetic on integers of millions of digits. Such an operation cannot be stopped from within.
//! The process it runs in can: it is ended when it is overdue or allocates past the ceiling, the
//! run fails with the reason, and the next run gets a new process.

mod process;
mod protocol;
mod serve;

use std::collections::BTreeSet;
use std::io;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tdev_domain::{AgentFailure, Limits, Source, Tool};

use self::process::{Heard, Process, RunClock};
use self::protocol::{Agent, Bytes, Request, Response};
use crate::{Host, Run, SnapshotFailure, ToolCall, ToolError, json, run};

pub use self::serve::serve;

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

/// How far a turn of a run came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// To a tool call, or to where it awaits agents that it has called; the worker holds it there.
    /// An answer to each call is due, now or, by way of a snapshot, from any worker at any time.
    /// There is at least one, and if there are several, all are of agents, in the order in which
    /// they were made.
    Called(Vec<ToolCall>),
    /// To its end.
    Ended(WorkerRun),
}

/// A process that runs agents, started when first needed and replaced when an agent ends it.
///
/// It holds at most one run. A run that is held stands at a tool call, and waits there until it is
/// answered or another run takes its place.
pub struct Worker {
    command: Box<dyn FnMut() -> Command + Send>,
    process: Option<Process>,
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
        self.process.as_ref().map(Process::id)
    }

    /// Calls `get_capabilities()` of `source`, compiled with `tools`. A run that was held is
    /// dropped.
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
        let request = Request::Describe(Agent::new(source, tools), *limits);
        match self.begin(&request, limits)? {
            Turn::Ended(run) => Ok(run),
            Turn::Called(_) => Err(unexpected()),
        }
    }

    /// Calls `execute(input)` of `source`, compiled with `tools`, `host` answering the tool calls.
    /// A run that was held is dropped.
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
        let mut turn = self.start(source, tools, input, limits)?;
        loop {
            match turn {
                Turn::Ended(run) => return Ok(run),
                Turn::Called(calls) => {
                    let answers = calls.iter().map(|call| host.call(call)).collect();
                    turn = self.answer(answers)?;
                }
            }
        }
    }

    /// Calls `execute(input)` of `source`, compiled with `tools`, up to its first tool call or its
    /// end. A run that was held is dropped.
    ///
    /// # Errors
    ///
    /// The process cannot be started or spoken to; nothing is known of the agent.
    pub fn start(
        &mut self,
        source: &Source,
        tools: &BTreeSet<Tool>,
        input: &Value,
        limits: &Limits,
    ) -> io::Result<Turn> {
        // The process reads no deeper than its decoder allows, so the limit comes first.
        if let Err(failure) = json::check_input(input) {
            if let Some(process) = &mut self.process {
                process.run = None;
            }
            return Ok(Turn::Ended(not_run(failure, Duration::ZERO)));
        }
        let agent = Agent::new(source, tools);
        self.begin(&Request::Start(agent, input.clone(), *limits), limits)
    }

    /// Answers the calls at which the run that is held stands, in their order, and lets it go on to
    /// the next or its end. Its wall time goes on where it was.
    ///
    /// # Errors
    ///
    /// No run is held, not even one whose process has ended meanwhile, or the process cannot be
    /// spoken to; nothing more is known of the run.
    pub fn answer(&mut self, answers: Vec<Result<Value, ToolError>>) -> io::Result<Turn> {
        let answers = answers.into_iter().map(|answer| match answer {
            Ok(value) if json::check_input(&value).is_err() => {
                Err(run::ANSWER_TOO_LARGE.to_owned())
            }
            Ok(value) => Ok(value),
            Err(error) => Err(error.message),
        });
        let answers = answers.collect();
        let (process, clock) = self.holding()?;
        self.turn(process, clock, &Request::Answer(answers))
    }

    /// The run that is held, as bytes: all that [`Self::restore`] needs, beside the agent itself,
    /// to put it back in any worker of this build. The run stays as it is.
    ///
    /// # Errors
    ///
    /// No run is held, not even one whose process has ended meanwhile, or the process cannot be
    /// spoken to.
    pub fn snapshot(&mut self) -> io::Result<Result<Vec<u8>, SnapshotFailure>> {
        let (mut process, clock) = self.holding()?;
        let written = match process.ask(&Request::Snapshot)? {
            Response::Written(Bytes(snapshot)) => Ok(snapshot),
            Response::Failed(failure) => Err(failure),
            _ => return Err(unexpected()),
        };
        process.run = Some(clock);
        self.process = Some(process);
        Ok(written)
    }

    /// Puts back the run of `source`, compiled with `tools`, that was written as `snapshot`: to the
    /// tool call at which it stood, under the limits it had and with the wall time it had left. A
    /// run that was held is dropped.
    ///
    /// # Errors
    ///
    /// The process cannot be started or spoken to; nothing is known of the snapshot.
    pub fn restore(
        &mut self,
        source: &Source,
        tools: &BTreeSet<Tool>,
        snapshot: &[u8],
    ) -> io::Result<Result<(), SnapshotFailure>> {
        let mut process = self.ready()?;
        let snapshot = Bytes(snapshot.to_vec());
        let request = Request::Restore(Agent::new(source, tools), snapshot);
        let restored = match process.ask(&request)? {
            Response::Restored(restored) => {
                let spent = Duration::from_micros(restored.run_us);
                process.run = Some(RunClock::new(restored.limits, spent));
                Ok(())
            }
            Response::Failed(failure) => Err(failure),
            _ => return Err(unexpected()),
        };
        self.process = Some(process);
        Ok(restored)
    }

    fn begin(&mut self, request: &Request, limits: &Limits) -> io::Result<Turn> {
        let process = self.ready()?;
        self.turn(process, RunClock::new(*limits, Duration::ZERO), request)
    }

    fn turn(
        &mut self,
        mut process: Process,
        mut clock: RunClock,
        request: &Request,
    ) -> io::Result<Turn> {
        // The process goes back only after it has answered; else it is dropped, which ends it.
        let turn = match process.turn(request, &mut clock)? {
            Heard::Response(Response::Called(calls)) => {
                process.run = Some(clock);
                Turn::Called(calls)
            }
            Heard::Response(Response::Ended(done)) => Turn::Ended(done.into()),
            Heard::Died(failure) => return Ok(Turn::Ended(not_run(failure, clock.spent()))),
            Heard::Response(_) => return Err(unexpected()),
        };
        self.process = Some(process);
        Ok(turn)
    }

    /// Takes the process, started if need be, without the run it may have held.
    fn ready(&mut self) -> io::Result<Process> {
        match self.process.take().and_then(Process::if_alive) {
            Some(mut process) => {
                process.run = None;
                Ok(process)
            }
            None => Process::start((self.command)()),
        }
    }

    /// Takes the process and the clock of the run it holds.
    fn holding(&mut self) -> io::Result<(Process, RunClock)> {
        let mut process = self
            .process
            .take()
            .and_then(Process::if_alive)
            .ok_or_else(no_run)?;
        if let Some(clock) = process.run.take() {
            Ok((process, clock))
        } else {
            self.process = Some(process);
            Err(no_run())
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("process_id", &self.process_id())
            .finish_non_exhaustive()
    }
}

/// A run of which nothing is known but that it failed after this time.
fn not_run(failure: AgentFailure, after: Duration) -> WorkerRun {
    WorkerRun {
        run: Run {
            run_us: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
            ..Run::failed(failure)
        },
        compile_us: 0,
        compiled_bytes: 0,
    }
}

fn no_run() -> io::Error {
    io::Error::other("the worker holds no run")
}

fn unexpected() -> io::Error {
    io::Error::other("the worker answered another question")
}
