//! Steps of a run.
//!
//! ```text
//!            ┌──────────── retry ───────────┐
//!            ▼                              │
//! (none) ► running ──► paused ──────────────┘
//!   │        ├──► completed ──► (compensated)
//!   │        ├──► failed
//!   │        └──► cancelled
//!   ├──► waiting, awaiting approval ──► completed, failed, cancelled
//!   └──► skipped
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AgentName, InvocationId, Place, RunId, StepId, TaskId, VersionNumber};

/// In which way a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepErrorKind {
    /// Its agent failed.
    AgentFailed,
    /// It took too long.
    TimedOut,
    /// Its workers were lost one after the other.
    Stalled,
    /// It was called off by someone else than its run.
    Cancelled,
    /// No agent took its task.
    NoAgent,
    /// There is no such agent or workflow any more, or it may not be used.
    Unavailable,
    /// An expression of the step could not be evaluated, or what it gave does not fit.
    InvalidInput,
    /// The run that it started failed.
    RunFailed,
    /// A person said no.
    Rejected,
    /// It would pass a limit of the platform.
    LimitExceeded,
}

impl StepErrorKind {
    /// The kind as definitions name it: `agent_failed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentFailed => "agent_failed",
            Self::TimedOut => "timed_out",
            Self::Stalled => "stalled",
            Self::Cancelled => "cancelled",
            Self::NoAgent => "no_agent",
            Self::Unavailable => "unavailable",
            Self::InvalidInput => "invalid_input",
            Self::RunFailed => "run_failed",
            Self::Rejected => "rejected",
            Self::LimitExceeded => "limit_exceeded",
        }
    }
}

/// How a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {message}", kind.as_str())]
pub struct StepError {
    /// In which way.
    pub kind: StepErrorKind,
    /// What happened, for the workflow's author.
    pub message: String,
}

impl StepError {
    /// A failure of `kind`.
    pub fn new(kind: StepErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// What a running step has running for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Work {
    /// An agent.
    Agent {
        /// Which.
        agent: AgentName,
        /// Its version.
        version: VersionNumber,
        /// Its run.
        invocation: InvocationId,
    },
    /// Whichever agent a task is routed to.
    Task {
        /// The task.
        task: TaskId,
    },
    /// Another run.
    Run {
        /// Which.
        run: RunId,
    },
    /// The items of a list, so many at once: whichever ends makes room for the next.
    Map {
        /// How many items.
        items: u32,
        /// How many at once.
        lanes: u32,
    },
}

/// One try of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The how-manieth, from 1 and over all resumptions of the run.
    pub number: u32,
    /// What ran.
    pub work: Work,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// How it failed, if it did.
    pub error: Option<StepError>,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum StepState {
    /// It was reset when its run was resumed, and begins once its dependencies are over.
    Pending,
    /// Its last try runs.
    Running,
    /// It failed and is tried again.
    Paused {
        /// When.
        until: Timestamp,
    },
    /// It waits for a point in time.
    Waiting {
        /// Which.
        until: Timestamp,
    },
    /// It waits for a person.
    AwaitingApproval {
        /// What the person is asked.
        message: String,
        /// Until then.
        until: Timestamp,
    },
    /// It is done.
    Completed {
        /// What it gave.
        output: Value,
        /// Whether that was taken from the cache.
        cached: bool,
    },
    /// It failed for good.
    Failed {
        /// How.
        error: StepError,
    },
    /// It was not to be done.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It was called off with its run.
    Cancelled,
}

/// [`StepState`] without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStateName {
    /// It has not begun.
    Pending,
    /// See [`StepState::Running`].
    Running,
    /// See [`StepState::Paused`].
    Paused,
    /// See [`StepState::Waiting`].
    Waiting,
    /// See [`StepState::AwaitingApproval`].
    AwaitingApproval,
    /// See [`StepState::Completed`].
    Completed,
    /// See [`StepState::Failed`].
    Failed,
    /// See [`StepState::Skipped`].
    Skipped,
    /// See [`StepState::Cancelled`].
    Cancelled,
}

impl StepStateName {
    /// The name as expressions and the API have it: `completed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl StepState {
    /// The bare state.
    #[must_use]
    pub const fn name(&self) -> StepStateName {
        match self {
            Self::Pending => StepStateName::Pending,
            Self::Running => StepStateName::Running,
            Self::Paused { .. } => StepStateName::Paused,
            Self::Waiting { .. } => StepStateName::Waiting,
            Self::AwaitingApproval { .. } => StepStateName::AwaitingApproval,
            Self::Completed { .. } => StepStateName::Completed,
            Self::Failed { .. } => StepStateName::Failed,
            Self::Skipped { .. } => StepStateName::Skipped,
            Self::Cancelled => StepStateName::Cancelled,
        }
    }

    /// Whether the step is over, until the run is resumed.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Completed { .. } | Self::Failed { .. } | Self::Skipped { .. } | Self::Cancelled
        )
    }
}

/// How far the undoing of a completed step has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Compensation {
    /// The agent that undoes it runs.
    Running {
        /// The how-manieth try, from 1.
        number: u32,
        /// The agent's run.
        work: Work,
    },
    /// It failed and is tried again.
    Paused {
        /// How often it was tried.
        tries: u32,
        /// When.
        until: Timestamp,
    },
    /// It is undone.
    Done,
    /// It could not be undone.
    Failed {
        /// How.
        error: StepError,
    },
}

/// A step of a run, or an item of a map, that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Where it stands in the run.
    pub place: Place,
    /// What the definition calls it.
    pub id: StepId,
    /// Where it stands.
    pub state: StepState,
    /// Its tries, in order; none for what no agent does.
    pub tries: Vec<Try>,
    /// How many of them were before the run was last resumed, and do not count any more.
    pub forgiven: u32,
    /// How far it is undone; absent unless it is.
    pub compensation: Option<Compensation>,
    /// When its undoing began.
    pub compensation_started_at: Option<Timestamp>,
    /// When its undoing was over.
    pub compensation_ended_at: Option<Timestamp>,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u64,
    /// When the keeper shall look after it; absent where something else is found in its stead.
    pub due_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// What is known of the dependencies of a step that has not begun, or of the parts of a map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Joined {
    /// How many are over.
    pub over: u32,
    /// Whether one that had to complete was skipped.
    pub missed: bool,
}
