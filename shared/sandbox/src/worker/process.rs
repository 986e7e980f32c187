//! A worker process, as the process that started it sees it.

use std::io::{self, BufReader, BufWriter};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use monty_types::OOM_EXIT_CODE;
use tdev_domain::{AgentFailure, Limits};

use super::protocol::{Request, Response, receive, send};
use crate::failure;

/// What the turns of a run may take beyond its wall time, for compiling and for the way there and
/// back.
const GRACE: Duration = Duration::from_millis(500);

/// What a process may take to come up.
const START_LIMIT: Duration = Duration::from_secs(10);

/// What a process may take to write or read a snapshot.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(10);

/// The clock of a run, which goes while the process works on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunClock {
    limits: Limits,
    spent: Duration,
}

impl RunClock {
    /// For a run that has taken `spent` so far.
    pub(super) fn new(limits: Limits, spent: Duration) -> Self {
        Self { limits, spent }
    }

    fn left(&self) -> Duration {
        let wall_time = Duration::from_millis(self.limits.wall_time_ms.into());
        (wall_time + GRACE).saturating_sub(self.spent)
    }

    /// How long the run has taken.
    pub(super) fn spent(&self) -> Duration {
        self.spent
    }
}

/// What came of a turn.
pub(super) enum Heard {
    /// The process answered.
    Response(Response),
    /// The agent took the process with it, or has to be ended with it.
    Died(AgentFailure),
}

pub(super) struct Process {
    child: Child,
    input: BufWriter<ChildStdin>,
    /// What the process says, until it ends.
    responses: Receiver<io::Result<Response>>,
    /// The clock of the run that the process holds, if it holds one.
    pub(super) run: Option<RunClock>,
}

impl Process {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker's streams are not there"));
        };
        let (heard, responses) = mpsc::channel();
        thread::Builder::new()
            .name("sandbox-ear".to_owned())
            .spawn(move || {
                let mut output = BufReader::new(output);
                while let Some(response) = receive(&mut output).transpose() {
                    if heard.send(response).is_err() {
                        break;
                    }
                }
            })?;
        let process = Self {
            child,
            input: BufWriter::new(input),
            responses,
            run: None,
        };
        match process.responses.recv_timeout(START_LIMIT) {
            Ok(Ok(Response::Ready)) => Ok(process),
            Ok(Err(error)) => Err(error),
            _ => Err(io::Error::other("the worker did not come up")),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process, unless it ended while it was idle.
    pub(super) fn if_alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// Has the process work on a run, by the run's clock.
    pub(super) fn turn(&mut self, request: &Request, clock: &mut RunClock) -> io::Result<Heard> {
        send(&mut self.input, request)?;
        let since = Instant::now();
        let response = self.responses.recv_timeout(clock.left());
        clock.spent += since.elapsed();
        match response {
            Ok(response) => response.map(Heard::Response),
            Err(RecvTimeoutError::Timeout) => Ok(Heard::Died(failure::timed_out(&clock.limits))),
            Err(RecvTimeoutError::Disconnected) => {
                Ok(Heard::Died(self.cause_of_death(&clock.limits)?))
            }
        }
    }

    /// Has the process do something that runs no agent.
    pub(super) fn ask(&mut self, request: &Request) -> io::Result<Response> {
        send(&mut self.input, request)?;
        match self.responses.recv_timeout(SNAPSHOT_LIMIT) {
            Ok(response) => response,
            Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::UnexpectedEof.into()),
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
