//! Invocations: durable runs of one agent version on one input.
//!
//! ```text
//!              ┌───────────── wake-up ──────────────┐
//!              ▼                                    │
//! queued ──► running ──────────────────────────► suspended
//!   ▲          │ │ lease expires, another worker      │
//!   └──────────┘ │                                    │
//!                ├──► completed                       │
//!                ├──► failed                          │
//!                └──► cancelled ◄─────────────────────┘
//! ```
//!
//! `completed`, `failed` and `cancelled` are final. These are the records; who may change them,
//! and how, is for the engine of durable invocation.

mod effect;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AgentFailure, AgentName, AgentVersion, ArtifactDigest, CallId, InvocationId, Limits, LogLine,
    StepTry, TaskId, TenantId, Tool, VersionNumber,
};

pub use self::effect::{
    Answer, Call, Effect, EffectClass, EffectError, EffectErrorKind, EffectKey,
};

/// The agent version that an invocation runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callee {
    /// The agent.
    pub agent: AgentName,
    /// Its version.
    pub version: VersionNumber,
    /// The code.
    pub artifact: ArtifactDigest,
    /// The tools the run is granted.
    pub tools: BTreeSet<Tool>,
    /// What it may use.
    pub limits: Limits,
}

impl From<&AgentVersion> for Callee {
    /// All that a run of `version` needs to know of it.
    fn from(version: &AgentVersion) -> Self {
        Self {
            agent: version.agent.clone(),
            version: version.version,
            artifact: version.artifact.clone(),
            tools: version.manifest.tools.clone(),
            limits: version.manifest.limits,
        }
    }
}

/// How far the effect has come at which a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The agent asked for it; nothing was done.
    Called,
    /// It may have been done, or is being waited for.
    Intended,
    /// It is over; the agent has yet to learn of it.
    Answered(Answer),
}

/// The effect at which the run stands, and before which the snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its number.
    pub number: u32,
    /// What was called.
    pub call: Call,
    /// How it is treated.
    pub class: EffectClass,
    /// How far it has come.
    pub stage: Stage,
    /// When it was begun.
    pub begun_at: Timestamp,
}

/// Where an invocation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum InvocationStatus {
    /// Ready to run, and a worker has been called.
    Queued,
    /// A worker has it.
    Running {
        /// When another one may take it.
        lease_until: Timestamp,
    },
    /// It waits; no worker has it.
    Suspended {
        /// For what.
        wait: Wait,
    },
    /// It returned.
    Completed {
        /// What.
        output: Value,
    },
    /// It failed.
    Failed {
        /// How.
        failure: InvocationFailure,
    },
    /// Someone called it off.
    Cancelled,
}

impl InvocationStatus {
    /// Whether it will never change again.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Completed { .. } | Self::Failed { .. } | Self::Cancelled
        )
    }
}

/// What a suspended invocation waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Wait {
    /// A point in time.
    Time {
        /// When.
        until: Timestamp,
    },
    /// A signal, or a point in time.
    Signal {
        /// The signal's name.
        signal: String,
        /// When to go on without it.
        until: Timestamp,
    },
    /// Another invocation to end.
    Child {
        /// Which.
        invocation: InvocationId,
    },
    /// Other invocations to end, that were called at once.
    Children {
        /// Those of them that have not ended.
        invocations: Vec<InvocationId>,
    },
}

/// Why an invocation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum InvocationFailure {
    /// By fault of the agent.
    Agent(AgentFailure),
    /// It has had effects, and its snapshot cannot be used.
    Unresumable {
        /// What is wrong with the snapshot.
        message: String,
    },
    /// One worker after the other was lost at the same place.
    Stalled {
        /// How many.
        workers: u32,
    },
}

/// A message from outside to a running agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// What it carries.
    pub payload: Value,
    /// When it was accepted.
    pub at: Timestamp,
}

/// Where a snapshot lies: in the record if it is small, else beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// Here, as it was sealed.
    Inline(Vec<u8>),
    /// Under this key.
    Object(String),
}

/// What a run left behind beside its outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// What it logged and printed, in order.
    pub logs: Vec<LogLine>,
    /// What it took to compile, in microseconds; 0 if the compiled form was at hand.
    pub compile_us: u64,
    /// How long it ran, in microseconds, time spent waiting for tools left out.
    pub run_us: u64,
}

/// One durable run of one agent version on one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Its identifier.
    pub id: InvocationId,
    /// The owner.
    pub tenant: TenantId,
    /// What is run.
    pub callee: Callee,
    /// What `execute` is called with.
    pub input: Value,
    /// Where it stands.
    pub status: InvocationStatus,
    /// The effect at which it stands; absent before the first that was written, and at the end. Of
    /// agents that are called at once the first call.
    pub pending: Option<Pending>,
    /// The other calls of agents that are called at once, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gathered: Vec<Pending>,
    /// The suspended interpreter at `pending`.
    pub snapshot: Option<Stored>,
    /// The number the next effect gets.
    pub next_effect: u32,
    /// The first effect since the run last began from the input.
    pub first_effect: u32,
    /// Signals that no one has waited for yet, in order of arrival.
    pub signals: Vec<Signal>,
    /// The calls that sent the last of those that were accepted, waited for or not, if they may be
    /// made again: what one of them sends then is no other signal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signalled: Vec<CallId>,
    /// The effect that waits for this invocation.
    pub parent: Option<EffectKey>,
    /// The task that waits for this invocation.
    pub task: Option<TaskId>,
    /// The step of a workflow's run that waits for this invocation.
    #[serde(default)]
    pub step: Option<StepTry>,
    /// How many invocations are above it.
    pub depth: u32,
    /// How many invocations it has called.
    pub children: u32,
    /// How many effects it and what it calls may still begin. While it waits for children, they
    /// have them.
    pub budget: u32,
    /// What the run left behind; empty until it has ended by itself.
    pub report: RunReport,
    /// Whether it is to end at the next effect.
    pub cancel_requested: bool,
    /// The last fencing token given, which is how many leases there were.
    pub token: u64,
    /// How many leases there were since it last came a step further.
    pub stalls: u32,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u64,
    /// When the keeper shall look after it; absent where it needs no looking after. What has ended
    /// keeps it, so that whoever waited for it can be told again.
    pub due_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Invocation {
    /// The effects at which it stands, in order: `pending` and those `gathered` with it.
    pub fn standing(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().chain(&self.gathered)
    }

    /// As [`Self::standing`], to be changed.
    pub fn standing_mut(&mut self) -> impl Iterator<Item = &mut Pending> {
        self.pending.iter_mut().chain(&mut self.gathered)
    }

    /// Makes it stand at these effects, instead of those at which it stood.
    pub fn stand_at(&mut self, effects: impl IntoIterator<Item = Pending>) {
        let mut effects = effects.into_iter();
        self.pending = effects.next();
        self.gathered = effects.collect();
    }

    /// Makes it stand at no effect; those at which it stood.
    pub fn take_standing(&mut self) -> Vec<Pending> {
        let gathered = std::mem::take(&mut self.gathered);
        self.pending.take().into_iter().chain(gathered).collect()
    }

    /// The key of its effect `number`.
    #[must_use]
    pub fn effect_key(&self, number: u32) -> EffectKey {
        EffectKey {
            invocation: self.id.clone(),
            number,
        }
    }
}

/// What becomes of one invocation in a write that may concern several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationChange {
    /// The record as it shall be. It is written on condition that the stored one's revision is
    /// one less, and that there is none if the revision is 0.
    pub record: Invocation,
    /// Effects to be added to its ledger, which so far ends just before them.
    pub ledger: Vec<Effect>,
    /// A snapshot that is not needed once this is written, and may then be removed.
    pub superseded: Option<Stored>,
}

impl InvocationChange {
    /// A new record, and nothing else.
    #[must_use]
    pub fn to(record: Invocation) -> Self {
        Self {
            record,
            ledger: Vec::new(),
            superseded: None,
        }
    }
}
