//! What `workflow-step` is asked and answers: the only door to a run of agent code.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    AgentName, ArtifactDigest, Call, Example, Invocation, ManifestDraft, RunId, RunState,
    StepMessage, TenantId, Tool,
};

/// The error under which the state machine that holds a run is told that it is being stopped.
pub const RUN_STOPPING: &str = "RunStopping";

/// A request to `workflow-step`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum StepRequest {
    /// Find out what an artifact says of itself and how it behaves.
    Probe(Box<Probe>),
    /// Bring an invocation as far as it goes, as a message on the `step` queue would.
    Drive(StepMessage),
    /// Run an invocation that has ended again from its ledger, with no effect on anything.
    Replay(StepMessage),
    /// Note that an execution of the state machine `run` holds a run.
    HoldRun {
        /// The owner.
        tenant: TenantId,
        /// The run.
        run: RunId,
        /// By which the execution is told of the run's end.
        token: String,
    },
    /// Stop a run whose time is over, if it still runs.
    ExpireRun {
        /// The owner.
        tenant: TenantId,
        /// The run.
        run: RunId,
    },
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
    /// The answer to [`StepRequest::Probe`]: what was measured, or why it could not be.
    Probe(Outcome<Box<ProbeReport>>),
    /// The answer to [`StepRequest::Drive`].
    Drive {
        /// The record as it then stood, if there is one.
        invocation: Option<Box<Invocation>>,
    },
    /// The answer to [`StepRequest::Replay`].
    Replay(ReplayResult),
    /// The answer to [`StepRequest::HoldRun`].
    HoldRun {
        /// Where the run then stood, if there is one.
        state: Option<RunState>,
    },
    /// The answer to [`StepRequest::ExpireRun`].
    ExpireRun {
        /// Where the run then stood, if it was stopped.
        state: Option<RunState>,
    },
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

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// What `execute` returned.
    pub output: Value,
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

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::InvalidSource,
        Self::InvalidManifest,
        Self::Raised,
        Self::TimedOut,
        Self::OutOfMemory,
        Self::RecursionTooDeep,
        Self::TooManyToolCalls,
        Self::TooMuchLogged,
        Self::OutputNotJson,
        Self::OutputTooLarge,
        Self::InputTooLarge,
        Self::Forbidden,
        Self::Interpreter,
    ];
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::InvocationId;

    fn invocation() -> Invocation {
        let at = "1970-01-01T00:00:00Z";
        serde_json::from_value(json!({
            "id": InvocationId::generate(),
            "tenant": "acme",
            "callee": {
                "agent": "word-count",
                "version": 1,
                "artifact": ArtifactDigest::of(b""),
                "tools": ["log"],
                "limits": {"wall_time_ms": 100, "memory_bytes": 1_000_000},
            },
            "input": {"b": 1.0, "a": [1e200, u64::MAX, null]},
            "status": {"name": "suspended", "wait": {"for": "time", "until": at}},
            "pending": null,
            "snapshot": {"inline": [1, 2]},
            "next_effect": 1,
            "first_effect": 1,
            "signals": [],
            "parent": null,
            "task": null,
            "depth": 0,
            "children": 0,
            "budget": 7,
            "report": {"logs": [], "compile_us": 1, "run_us": 2},
            "cancel_requested": false,
            "token": 1,
            "stalls": 0,
            "revision": 2,
            "due_at": null,
            "created_at": at,
            "updated_at": at,
        }))
        .unwrap()
    }

    #[test]
    fn an_answer_comes_back_as_it_was_given() {
        let call = Call {
            tool: "now".to_owned(),
            args: json!({}),
        };
        let diverged = |found| ReplayResult::Diverged {
            number: 3,
            recorded: Some(call.clone()),
            found,
        };
        for answer in [
            StepResponse::Drive { invocation: None },
            StepResponse::Drive {
                invocation: Some(Box::new(invocation())),
            },
            StepResponse::Replay(ReplayResult::Identical),
            StepResponse::Replay(ReplayResult::NotEnded),
            StepResponse::Replay(diverged(Found::Called(call.clone()))),
            StepResponse::Replay(diverged(Found::Returned(Completed {
                output: json!([1.0]),
            }))),
            StepResponse::Probe(Outcome::Failed(AgentFailure::new(FailureKind::Raised, "x"))),
        ] {
            let json = serde_json::to_string(&answer).unwrap();
            let back: StepResponse = serde_json::from_str(&json).unwrap();
            assert_eq!(back, answer, "{json}");
        }
    }
}
