//! The work of a worker process.

use std::io::{self, BufWriter};
use std::num::NonZeroUsize;

use serde_json::Value;
use tdev_domain::{AgentFailure, Source};

use super::protocol::{Agent, Bytes, Done, Request, Response, Restored, receive, send};
use crate::{
    Program, Programs, Progress, Run, SnapshotFailure, Suspended, ToolError,
    memory_limit_is_enforced, on_sandbox_thread, silence_interpreter_panics,
};

/// The programs a worker keeps compiled.
const KEPT_PROGRAMS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// Does the work of a worker process: answers requests on standard input until it ends.
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
        let mut bench = Bench::new();
        send(&mut output, &Response::Ready)?;
        while let Some(request) = receive(&mut input)? {
            send(&mut output, &bench.respond(request)?)?;
        }
        Ok(())
    })?
}

/// The compiled programs, and room for one run.
struct Bench {
    programs: Programs,
    held: Option<Held>,
}

/// A run that stands at a tool call.
struct Held {
    suspended: Suspended,
    compiled: Compiled,
}

/// What a program took.
#[derive(Clone, Copy, Default)]
struct Compiled {
    us: u64,
    bytes: u64,
}

impl Bench {
    fn new() -> Self {
        Self {
            programs: Programs::new(KEPT_PROGRAMS),
            held: None,
        }
    }

    fn respond(&mut self, request: Request) -> io::Result<Response> {
        Ok(match request {
            Request::Describe(agent, limits) => match self.prepare(&agent)? {
                Ok((program, compiled)) => ended(program.describe(&limits), compiled),
                Err(failure) => not_run(failure),
            },
            Request::Start(agent, input, limits) => match self.prepare(&agent)? {
                Ok((program, compiled)) => self.advanced(program.start(&input, &limits), compiled),
                Err(failure) => not_run(failure),
            },
            Request::Answer(answers) => self.answer(answers),
            Request::Snapshot => self.snapshot(),
            Request::Restore(agent, Bytes(snapshot)) => match self.prepare(&agent)? {
                Ok((program, compiled)) => self.restore(&program, compiled, &snapshot),
                Err(failure) => Response::Failed(SnapshotFailure::Uncompilable(failure)),
            },
        })
    }

    /// Makes room for a run of the agent, and compiles it.
    fn prepare(&mut self, agent: &Agent) -> io::Result<Result<(Program, Compiled), AgentFailure>> {
        self.held = None;
        let source = Source::from_bytes(agent.source.as_bytes()).map_err(io::Error::other)?;
        let program = self.programs.get_or_compile(&source, &agent.tools);
        Ok(program.map(|(program, us)| {
            let bytes = program.compiled_bytes();
            (program, Compiled { us, bytes })
        }))
    }

    fn advanced(&mut self, progress: Progress, compiled: Compiled) -> Response {
        match progress {
            Progress::Ended(run) => ended(run, compiled),
            Progress::Suspended(suspended) => {
                let calls = suspended.calls().to_vec();
                self.held = Some(Held {
                    suspended,
                    compiled,
                });
                Response::Called(calls)
            }
        }
    }

    fn answer(&mut self, answers: Vec<Result<Value, String>>) -> Response {
        let Some(held) = self.held.take() else {
            return Response::NoRun;
        };
        let answers = answers.into_iter();
        let answers = answers.map(|answer| answer.map_err(ToolError::new));
        let progress = held.suspended.resume(answers.collect());
        self.advanced(progress, held.compiled)
    }

    fn snapshot(&self) -> Response {
        let Some(held) = &self.held else {
            return Response::NoRun;
        };
        match held.suspended.to_snapshot() {
            Ok(bytes) => Response::Written(Bytes(bytes)),
            Err(failure) => Response::Failed(failure),
        }
    }

    fn restore(&mut self, program: &Program, compiled: Compiled, snapshot: &[u8]) -> Response {
        match Suspended::from_snapshot(program, snapshot) {
            Ok(suspended) => {
                let restored = Restored {
                    limits: *suspended.limits(),
                    run_us: suspended.run_us(),
                };
                self.held = Some(Held {
                    suspended,
                    compiled,
                });
                Response::Restored(restored)
            }
            Err(failure) => Response::Failed(failure),
        }
    }
}

fn ended(run: Run, compiled: Compiled) -> Response {
    Response::Ended(Done::new(run, compiled.us, compiled.bytes))
}

fn not_run(failure: AgentFailure) -> Response {
    ended(Run::failed(failure), Compiled::default())
}
