//! What passes through the pipes of a worker process: lines of JSON, a [`Response`] for every
//! [`Request`].

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tdev_domain::{AgentFailure, Limits, LogLine, Source, Tool};

use super::WorkerRun;
use crate::{Run, SnapshotFailure, ToolCall};

/// What a worker process is asked to do. All but `Answer` and `Snapshot` make it drop the run it
/// holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Call `get_capabilities()`.
    Describe(Agent, Limits),
    /// Call `execute` with this input, up to the first tool call.
    Start(Agent, Value, Limits),
    /// Answer the calls at which the run stands, and let it go on to the next.
    Answer(Vec<Result<Value, String>>),
    /// Write the run that is held.
    Snapshot,
    /// Hold the agent's run that was written so.
    Restore(Agent, Bytes),
}

/// An agent and the tools it was granted.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Agent {
    pub(super) source: String,
    pub(super) tools: BTreeSet<Tool>,
}

impl Agent {
    pub(super) fn new(source: &Source, tools: &BTreeSet<Tool>) -> Self {
        Self {
            source: source.as_str().to_owned(),
            tools: tools.clone(),
        }
    }
}

/// What a worker process answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Response {
    /// It has come up. The one message that nobody asked for.
    Ready,
    /// The run called a tool, or awaits agents that it called, and is held there.
    Called(Vec<ToolCall>),
    /// The run ended.
    Ended(Done),
    /// The run that is held, written.
    Written(Bytes),
    /// A run is held.
    Restored(Restored),
    /// The snapshot could not be written or read.
    Failed(SnapshotFailure),
    /// No run is held.
    NoRun,
}

/// What bears on how long a run that was put back may still take.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Restored {
    pub(super) limits: Limits,
    /// How long it has run, in microseconds.
    pub(super) run_us: u64,
}

/// A run that ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    outcome: Result<Value, AgentFailure>,
    run_us: u64,
    compile_us: u64,
    compiled_bytes: u64,
    logs: Vec<LogLine>,
}

impl Done {
    pub(super) fn new(run: Run, compile_us: u64, compiled_bytes: u64) -> Self {
        Self {
            outcome: run.outcome,
            run_us: run.run_us,
            compile_us,
            compiled_bytes,
            logs: run.logs,
        }
    }
}

impl From<Done> for WorkerRun {
    fn from(done: Done) -> Self {
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

/// Bytes, which JSON carries in base64.
#[derive(Debug)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// Reads a line of JSON; nothing at the end of the stream.
pub(super) fn receive<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// Writes a line of JSON.
pub(super) fn send(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, message)?;
    output.write_all(b"\n")?;
    output.flush()
}
