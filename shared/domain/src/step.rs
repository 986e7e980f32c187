//! What `workflow-step` is asked and answers: the only door to a run of agent code.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    AgentName, ArtifactDigest, Call, Example, Invocation, Limits, ManifestDraft, StepMessage,
    TenantId, Tool, VersionNumber,
};

/// A request to `workflow-step`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum StepRequest {
    /// Run one agent version on one input, to completion.
    Execute(Execute),
    /// Find out what an artifact says of itself and how it behaves.
    Probe(Probe),
    /// Bring an invocation as far as it goes, as a message on the `step` queue would.
    Drive(StepMessage),
    /// Run an invocation that has ended again from its ledger, with no effect on anything.
    Replay(StepMessage),
}

/// Run one agent version on one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execute {
    /// The owner.
    pub tenant: TenantId,
    /// The agent, for the log.
    pub agent: AgentName,
    /// Its version, for the log.
    pub version: VersionNumber,
    /// The code.
    pub artifact: ArtifactDigest,
    /// The tools the run is granted.
    pub tools: BTreeSet<Tool>,
    /// What it may use.
    pub limits: Limits,
    /// What `execute` is called with.
    pub input: Value,
}

/// Find out what an artifact says of itself and how it behaves.
///
/// The examples run are those its own `get_capabilities()` returns, else `examples`; each is run
/// twice. Tools are granted as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The owner.
    pub tenant: TenantId,
    /// The agent, for the log.
    pub agent: AgentName,
    /// The code.
    pub artifact: ArtifactDigest,
    /// What the client sent beside the source.
    pub submitted: ManifestDraft,
}

/// The answer to a [`StepRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum StepResponse {
    /// The answer to [`StepRequest::Execute`].
    Execute(ExecuteResult),
    /// The answer to [`StepRequest::Probe`]: what was measured, or why it could not be.
    Probe(Outcome<Box<ProbeReport>>),
    /// The answer to [`StepRequest::Drive`]: the record as it then stood, if there is one.
    Drive(Option<Box<Invocation>>),
    /// The answer to [`StepRequest::Replay`].
    Replay(ReplayResult),
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ReplayResult {
    /// The agent made the same calls and came to the same end.
    Identical,
    /// It did otherwise.
    Diverged {
        /// The number of the effect at which it did, which is the one after the last if it was
        /// at the end.
        number: u32,
        /// The call in the ledger, unless the ledger ends before.
        recorded: Option<Call>,
        /// What the agent did now.
        found: Found,
    },
    /// It has not ended.
    NotEnded,
    /// There is no such invocation.
    Unknown,
}

/// What an agent did in a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Found {
    /// It called a tool.
    Called(Call),
    /// It returned.
    Returned(Completed),
    /// It failed.
    Failed(AgentFailure),
}

/// How a run of agent code ended.
///
/// A failure of the agent is an answer, not an error of the function: it is final, and running
/// the agent again on the same input would give the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It ended.
    Completed(T),
    /// It failed.
    Failed(AgentFailure),
}

/// How an [`Execute`] went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecuteResult {
    /// The output, or the failure.
    #[serde(flatten)]
    pub outcome: Outcome<Completed>,
    /// What it took.
    pub timing: Timing,
    /// What it logged and printed, in order.
    pub logs: Vec<LogLine>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// What `execute` returned.
    pub output: Value,
}

/// What a run took, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Compiling the source; 0 if the compiled form was cached.
    pub compile_us: u64,
    /// Running it, time spent waiting for tools left out.
    pub run_us: u64,
}

/// A line an agent wrote by `log` or `print`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The text.
    pub message: String,
    /// The keyword arguments of `log`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// In which of the known ways an agent failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The source does not compile.
    InvalidSource,
    /// What `get_capabilities()` returned is no manifest.
    InvalidManifest,
    /// It raised an exception nothing caught.
    Raised,
    /// It ran longer than its wall time.
    TimedOut,
    /// It needed more memory than it may have.
    OutOfMemory,
    /// It called too deep.
    RecursionTooDeep,
    /// It called tools too often.
    TooManyToolCalls,
    /// It printed or logged too much.
    TooMuchLogged,
    /// What it returned is not JSON.
    OutputNotJson,
    /// What it returned is too large or too deep.
    OutputTooLarge,
    /// Its input is too large or too deep.
    InputTooLarge,
    /// It did what the sandbox has no part for: opened a file, asked for the environment.
    Forbidden,
    /// It made the interpreter itself fail.
    Interpreter,
}

/// A run that failed, by fault of the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct AgentFailure {
    /// How.
    pub kind: FailureKind,
    /// What happened, for the agent's author.
    pub message: String,
    /// The Python exception's type, where one was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// The source line, from 1, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The source line's text with a caret, for errors of syntax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

impl AgentFailure {
    /// A failure with no place in the source.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            exception: None,
            line: None,
            excerpt: None,
        }
    }
}

/// One example, and what a run of it showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExampleRun {
    /// The example as declared.
    pub example: Example,
    /// What the run showed.
    #[serde(flatten)]
    pub result: ExampleResult,
}

/// What a run of an example showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExampleResult {
    /// It came to an end.
    Ended {
        /// How the first run ended.
        outcome: Outcome<Completed>,
        /// Whether a second run ended the same way. There is none of what failed.
        deterministic: bool,
    },
    /// It was called off at a tool whose effect is not for a trial; how it would have ended is
    /// not known.
    Stopped {
        /// The tool.
        stopped_at: Tool,
    },
}

/// What a probe measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// What `get_capabilities()` returned.
    pub declared: ManifestDraft,
    /// Compiling the source, in microseconds.
    pub compile_us: u64,
    /// Instantiating the compiled agent and calling `get_capabilities()`, the fastest of several,
    /// in microseconds.
    pub describe_us: u64,
    /// Memory the compiled form holds, in bytes; shared by all runs of the version.
    pub compiled_bytes: u64,
    /// The examples.
    pub examples: Vec<ExampleRun>,
}
