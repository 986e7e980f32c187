//! Runs: executions of workflows.
//!
//! ```text
//!                      the last step ends
//!  running ─────────────────────────────────────────────► completed
//!    ▲ │
//!    │ │ a step fails, a client cancels, the deadline passes
//!    │ ▼
//!    │ stopping ─── nothing runs any more ──► compensating ──► failed, cancelled
//!    │                                                            │
//!    └───────────────────────────── resumed ──────────────────────┘
//! ```
//!
//! A run's **steps** have records of their own, which come to be when a step begins. What is to be
//! done next is a function of these records and of the plan; who may change them, and how, is for
//! the engine of runs.

mod gate;
mod step;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use gate::{Gate, GateKey};
pub use step::{
    Compensation, Joined, StepError, StepErrorKind, StepRecord, StepState, StepStateName, Try, Work,
};

use crate::{
    AgentName, ArtifactDigest, Invalid, RunId, StepId, TenantId, VersionNumber, WorkflowName,
};

/// One version of a workflow, as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowVersion {
    /// The owner.
    pub tenant: TenantId,
    /// The workflow.
    pub name: WorkflowName,
    /// The version.
    pub version: VersionNumber,
    /// What it is for; empty if its author did not say.
    pub description: String,
    /// The digest of its definition as JSON, which is stored as a value.
    pub definition: ArtifactDigest,
    /// How many steps it has.
    pub steps: u32,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Where a step stands in a run: its number in the plan and, for one item of a map, the item's.
///
/// As text `12`, or `12.5` for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    /// The step, from 0.
    pub step: u32,
    /// The item of its list, from 0.
    pub item: Option<u32>,
}

impl Place {
    /// A step as such.
    #[must_use]
    pub const fn step(step: u32) -> Self {
        Self { step, item: None }
    }

    /// An item of a map.
    #[must_use]
    pub const fn item(step: u32, item: u32) -> Self {
        Self {
            step,
            item: Some(item),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.item {
            None => write!(f, "{}", self.step),
            Some(item) => write!(f, "{}.{item}", self.step),
        }
    }
}

impl FromStr for Place {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = |digits: &str| {
            let number = digits.parse::<u32>().ok();
            number
                .ok_or_else(|| Invalid::new("place", "a step's number, or a step's and an item's"))
        };
        match text.split_once('.') {
            None => Ok(Self::step(number(text)?)),
            Some((step, item)) => Ok(Self::item(number(step)?, number(item)?)),
        }
    }
}

impl TryFrom<String> for Place {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

/// What an invocation, a task or a run does for a step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The step's work.
    Work,
    /// What undoes it.
    Compensation,
}

/// One try of one step: who waits for an invocation, a task or a run, and what these are named
/// after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepTry {
    /// The run.
    pub run: RunId,
    /// The step.
    pub place: Place,
    /// What is done for it.
    pub part: Part,
    /// The how-manieth try it is, from 1 and over all resumptions of the run.
    pub number: u32,
}

impl fmt::Display for StepTry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Work => "work",
            Part::Compensation => "compensation",
        };
        write!(f, "{}/{}/{part}/{}", self.run, self.place, self.number)
    }
}

/// Why a run stops before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum StopCause {
    /// A step failed for good, and something depends on its success.
    StepFailed {
        /// Which.
        step: StepId,
        /// How.
        error: StepError,
    },
    /// Its output could not be made of what the steps gave.
    NoOutput {
        /// Why.
        message: String,
    },
    /// A client called it off.
    Cancelled,
    /// It was not done in time.
    DeadlineExceeded,
}

impl StopCause {
    /// The cause's name: `step_failed`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::StepFailed { .. } => "step_failed",
            Self::NoOutput { .. } => "no_output",
            Self::Cancelled => "cancelled",
            Self::DeadlineExceeded => "deadline_exceeded",
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepFailed { step, error } => write!(f, "the step '{step}' failed: {error}"),
            Self::NoOutput { message } => write!(f, "it has no output: {message}"),
            Self::Cancelled => f.write_str("it was called off"),
            Self::DeadlineExceeded => f.write_str("it was not done in time"),
        }
    }
}

/// A step whose effects are still there, though its run has failed and it has a compensation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncompensated {
    /// The step.
    pub step: StepId,
    /// Why it could not be compensated.
    pub error: StepError,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum RunStatus {
    /// Steps run, or wait.
    Running,
    /// No step begins any more; those that run are being ended.
    Stopping {
        /// Why.
        because: StopCause,
    },
    /// What completed steps did is being undone, the last one first.
    Compensating {
        /// Why.
        because: StopCause,
        /// The steps that are to be undone, by their number in the plan: one after the other, the
        /// last that completed first.
        order: Vec<u32>,
    },
    /// It came to its end.
    Completed {
        /// With what.
        output: Value,
    },
    /// It did not.
    Failed {
        /// Why.
        because: StopCause,
        /// What could not be undone.
        uncompensated: Vec<Uncompensated>,
    },
    /// A client called it off.
    Cancelled {
        /// What could not be undone.
        uncompensated: Vec<Uncompensated>,
    },
}

/// [`RunStatus`] without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// See [`RunStatus::Running`].
    Running,
    /// See [`RunStatus::Stopping`].
    Stopping,
    /// See [`RunStatus::Compensating`].
    Compensating,
    /// See [`RunStatus::Completed`].
    Completed,
    /// See [`RunStatus::Failed`].
    Failed,
    /// See [`RunStatus::Cancelled`].
    Cancelled,
}

impl RunState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Stopping,
        Self::Compensating,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state as JSON has it: `running`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing happens any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl FromStr for RunState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| Invalid::new("status", "a status of a run, such as running"))
    }
}

impl RunStatus {
    /// The bare state.
    #[must_use]
    pub const fn state(&self) -> RunState {
        match self {
            Self::Running => RunState::Running,
            Self::Stopping { .. } => RunState::Stopping,
            Self::Compensating { .. } => RunState::Compensating,
            Self::Completed { .. } => RunState::Completed,
            Self::Failed { .. } => RunState::Failed,
            Self::Cancelled { .. } => RunState::Cancelled,
        }
    }
}

/// The latest versions, at one time, of what a run's definition names; without what was not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// Of agents.
    pub agents: BTreeMap<AgentName, VersionNumber>,
    /// Of workflows.
    pub workflows: BTreeMap<WorkflowName, VersionNumber>,
}

/// One execution of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its identifier.
    pub id: RunId,
    /// The owner.
    pub tenant: TenantId,
    /// What is run.
    pub workflow: WorkflowName,
    /// Its version.
    pub version: VersionNumber,
    /// The digest of the definition.
    pub definition: ArtifactDigest,
    /// How many steps it has.
    pub steps: u32,
    /// What it is run on.
    pub input: Value,
    /// Where it stands.
    pub status: RunStatus,
    /// The step of another run that waits for it.
    pub parent: Option<StepTry>,
    /// How many runs are above it.
    pub depth: u32,
    /// When it is to be over.
    pub deadline: Timestamp,
    /// How often it was resumed.
    pub resumed: u32,
    /// The versions that were the latest when it was accepted, or last resumed.
    pub latest: Latest,
    /// By which the state machine that holds the run is told of its end.
    pub task_token: Option<String>,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u64,
    /// When the keeper shall look after it; absent once it is final.
    pub due_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text() {
        for place in [Place::step(0), Place::step(12), Place::item(12, 5)] {
            assert_eq!(place.to_string().parse(), Ok(place));
            let json = serde_json::to_string(&place).unwrap();
            assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
        }
        for bad in ["", ".", "1.", ".1", "1.2.3", "a", "-1"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_state_survives_its_text() {
        for state in RunState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("done".parse::<RunState>().is_err());
    }
}
